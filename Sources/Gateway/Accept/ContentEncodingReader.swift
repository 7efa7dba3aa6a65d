extension RequestHead.ContentEncoding {
  /// Takes a `Content-Encoding` in: a list of codings in the order in which they were applied. Lines
  /// of the same name are one list.
  mutating func add(_ value: UnsafeRawBufferPointer) {
    for piece in value.split(separator: UInt8(ascii: ",")) {
      let coding = UnsafeRawBufferPointer(rebasing: piece).trimmingBlanks()
      if coding.isEmpty || coding.equalsIgnoringCase("identity") { continue }
      let isGzip = coding.equalsIgnoringCase("gzip") || coding.equalsIgnoringCase("x-gzip")
      self = isGzip && self == .identity ? .gzip : .other
    }
  }
}
