import Delivery
import NIOCore

/// Reads a head whose end was found: request line, header fields, and what they say together.
enum HeadReader {
  /// `bytes`: request line and header lines, each with its CRLF, without the empty line.
  static func read(_ bytes: ByteBuffer) throws(Problem) -> RequestHead {
    let outcome = bytes.withUnsafeReadableBytes { all -> Result<RequestHead, Problem> in
      do throws(Problem) {
        var head = RequestHead()
        var fields = FramingFields()
        // The parser saw every line end in CRLF, the first one included.
        let lineFeed = all.firstIndex(of: ASCII.lineFeed, from: 0) ?? all.count
        try readRequestLine(UnsafeRawBufferPointer(rebasing: all[..<(lineFeed - 1)]), into: &head)
        head.fieldsStart = lineFeed + 1
        var start = head.fieldsStart
        while let end = all.firstIndex(of: ASCII.lineFeed, from: start) {
          try readField(
            UnsafeRawBufferPointer(rebasing: all[start..<(end - 1)]), into: &head, &fields)
          start = end + 1
        }
        try fields.settle(&head)
        return .success(head)
      } catch {
        return .failure(error)
      }
    }
    var head = try outcome.get()
    head.bytes = bytes
    return head
  }

  // MARK: Request line

  static func readRequestLine(
    _ line: UnsafeRawBufferPointer, into head: inout RequestHead
  ) throws(Problem) {
    guard let methodEnd = line.firstIndex(of: ASCII.space, from: 0), methodEnd > 0 else {
      throw .badRequest("The first line is not an HTTP request line.")
    }
    for index in 0..<methodEnd where !ASCII.isToken(line[index]) {
      throw .badRequest("The method is not a token.")
    }
    let targetStart = methodEnd + 1
    guard let targetEnd = line.firstIndex(of: ASCII.space, from: targetStart),
      targetEnd > targetStart
    else { throw .badRequest("The request line has no target or no version.") }
    try readVersion(UnsafeRawBufferPointer(rebasing: line[(targetEnd + 1)...]), into: &head)
    for index in targetStart..<targetEnd {
      guard ASCII.isVisible(line[index]), line[index] != UInt8(ascii: "#") else {
        throw .badRequest("The request target holds a character that is not allowed there.")
      }
    }
    head.method = String(decoding: line[..<methodEnd], as: UTF8.self)
    head.targetRange = try originForm(line, targetStart..<targetEnd, method: head.method)
    let query = line.firstIndex(of: UInt8(ascii: "?"), from: head.targetRange.lowerBound)
    head.pathRange =
      head.targetRange.lowerBound..<min(query ?? targetEnd, head.targetRange.upperBound)
    head.isEnqueue =
      head.method == "POST" && isEnqueuePath(UnsafeRawBufferPointer(rebasing: line[head.pathRange]))
  }

  private static func readVersion(
    _ version: UnsafeRawBufferPointer, into head: inout RequestHead
  ) throws(Problem) {
    let name: StaticString = "HTTP/"
    guard version.count == 8, version[6] == UInt8(ascii: "."),
      (0..<5).allSatisfy({ version[$0] == name.utf8Start[$0] }),
      ASCII.isDigit(version[5]), ASCII.isDigit(version[7])
    else { throw .badRequest("The request line does not end in an HTTP version.") }
    guard version[5] == UInt8(ascii: "1") else {
      throw Problem(.versionNotSupported, "Only HTTP/1.1 and HTTP/1.0 are spoken here.")
    }
    // A later minor version is read as the highest one that is known (RFC 9110 §2.5).
    head.minorVersion = version[7] == UInt8(ascii: "0") ? 0 : 1
  }

  /// Where path and query stand. A target in absolute form (RFC 9112 §3.2.2) loses its scheme and
  /// authority.
  private static func originForm(
    _ line: UnsafeRawBufferPointer, _ target: Range<Int>, method: String
  ) throws(Problem) -> Range<Int> {
    if line[target.lowerBound] == UInt8(ascii: "/") { return target }
    if target.count == 1, line[target.lowerBound] == UInt8(ascii: "*"), method == "OPTIONS" {
      return target
    }
    for scheme in ["http://", "https://"] as [StaticString] {
      let length = scheme.utf8CodeUnitCount
      guard target.count > length,
        (0..<length).allSatisfy({
          line[target.lowerBound + $0] | 0x20 == scheme.utf8Start[$0] | 0x20
        })
      else { continue }
      let authority = target.lowerBound + length
      if let slash = line.firstIndex(of: UInt8(ascii: "/"), from: authority),
        slash > authority, slash < target.upperBound
      {
        return slash..<target.upperBound
      }
      break
    }
    throw .badRequest("The request target must be a path that begins with a slash.")
  }

  private static func isEnqueuePath(_ path: UnsafeRawBufferPointer) -> Bool {
    if path.count == 1 { return true }
    let messages: StaticString = "/messages"
    return path.count == messages.utf8CodeUnitCount
      && path.indices.allSatisfy { path[$0] == messages.utf8Start[$0] }
  }

  // MARK: Header fields

  private static func readField(
    _ line: UnsafeRawBufferPointer, into head: inout RequestHead, _ fields: inout FramingFields
  ) throws(Problem) {
    let colon = try checkField(line)
    let name = UnsafeRawBufferPointer(rebasing: line[..<colon])
    let text = UnsafeRawBufferPointer(rebasing: line[(colon + 1)...]).trimmingBlanks()
    switch name.count {
    case 4 where name.equalsIgnoringCase("host"):
      guard head.host == nil else { throw .badRequest("There are two Host fields.") }
      head.host = String(decoding: text, as: UTF8.self)
    case 6 where name.equalsIgnoringCase("expect"):
      try fields.readExpect(text)
    case 6 where name.equalsIgnoringCase("origin"):
      head.comesFromBrowser = true
    case 10 where name.equalsIgnoringCase("connection"):
      fields.readConnection(text)
    case 12 where name.equalsIgnoringCase("content-type"):
      guard !fields.hasContentType else { throw .badRequest("There are two Content-Type fields.") }
      fields.hasContentType = true
      head.contentType = MediaTypeReader.classify(text)
    case 14 where name.equalsIgnoringCase("content-length"):
      try fields.readLength(text)
    case 14 where name.equalsIgnoringCase("sec-fetch-site"):
      head.comesFromBrowser = true
    case 15 where name.equalsIgnoringCase("idempotency-key"):
      guard head.idempotencyKey == nil else {
        throw .badRequest("There are two Idempotency-Key fields.")
      }
      head.idempotencyKey = String(decoding: text, as: UTF8.self)
    case 16 where name.equalsIgnoringCase("content-encoding"):
      head.contentEncoding.add(text)
    case 17 where name.equalsIgnoringCase("transfer-encoding"):
      try fields.readTransferEncoding(text)
    case 19 where name.equalsIgnoringCase("dispatcher-instance"):
      guard !text.elementsEqual(InstanceMark.own.utf8) else {
        throw Problem(.loop, "This is a delivery of this very instance, which came back to it.")
      }
    default:
      break
    }
  }

  /// Name, colon without a space before it, and a value without control characters. Folded lines
  /// (RFC 9112 §5.2) begin with a blank, which no name does. Returns where the colon stands.
  @discardableResult
  static func checkField(_ line: UnsafeRawBufferPointer) throws(Problem) -> Int {
    guard let colon = line.firstIndex(of: ASCII.colon, from: 0), colon > 0 else {
      throw .badRequest("A header line has no name or no colon.")
    }
    for index in 0..<colon where !ASCII.isToken(line[index]) {
      throw .badRequest("The name of a header field holds a character that is not allowed there.")
    }
    for index in (colon + 1)..<line.count where !ASCII.isFieldValue(line[index]) {
      throw .badRequest("A header field holds a control character.")
    }
    return colon
  }
}
