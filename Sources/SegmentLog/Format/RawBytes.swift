extension [UInt8] {
  /// `withUnsafeBytes` that keeps the error's type.
  package func withBytes<R, E: Error>(
    _ body: (UnsafeRawBufferPointer) throws(E) -> R
  ) throws(E) -> R {
    try withUnsafeBufferPointer { (buffer) throws(E) in try body(UnsafeRawBufferPointer(buffer)) }
  }

  /// `withUnsafeMutableBytes` that keeps the error's type.
  package mutating func withMutableBytes<R, E: Error>(
    _ body: (UnsafeMutableRawBufferPointer) throws(E) -> R
  ) throws(E) -> R {
    try withUnsafeMutableBufferPointer { (buffer) throws(E) in
      try body(UnsafeMutableRawBufferPointer(buffer))
    }
  }
}

extension UnsafeRawBufferPointer {
  /// The caller has checked that the bytes are there.
  func littleInteger<I: FixedWidthInteger>(at offset: Int, as _: I.Type) -> I {
    precondition(offset >= 0 && offset + MemoryLayout<I>.size <= count)
    return I(littleEndian: loadUnaligned(fromByteOffset: offset, as: I.self))
  }
}
