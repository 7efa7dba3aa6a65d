/// The header fields that say where a request ends and what becomes of the connection, gathered
/// while the head is read and settled at its end.
struct FramingFields {
  private var contentLength: Int?
  private var isChunked = false
  private var expectsContinue = false
  private var says = (close: false, keepAlive: false)
  var hasContentType = false

  /// Exactly one field with digits only. Two fields, or a list, are refused even when the numbers
  /// agree: nobody needs them.
  mutating func readLength(_ value: UnsafeRawBufferPointer) throws(Problem) {
    guard contentLength == nil else { throw .badRequest("There are two Content-Length fields.") }
    guard !value.isEmpty, value.allSatisfy(ASCII.isDigit) else {
      throw .badRequest("Content-Length is not a number.")
    }
    var length = 0
    for byte in value {
      let (tenfold, overflow) = length.multipliedReportingOverflow(by: 10)
      let (sum, carry) = tenfold.addingReportingOverflow(Int(byte &- 0x30))
      // A number, though beyond every limit: the answer is 413.
      if overflow || carry {
        length = .max
        break
      }
      length = sum
    }
    contentLength = length
  }

  mutating func readTransferEncoding(_ value: UnsafeRawBufferPointer) throws(Problem) {
    guard !isChunked else { throw .badRequest("Transfer-Encoding is given twice.") }
    guard value.equalsIgnoringCase("chunked") else {
      throw Problem(.notImplemented, "The only transfer coding that is read is chunked.")
    }
    isChunked = true
  }

  mutating func readExpect(_ value: UnsafeRawBufferPointer) throws(Problem) {
    guard value.equalsIgnoringCase("100-continue") else {
      throw Problem(.expectationFailed, "The only expectation that is met is 100-continue.")
    }
    expectsContinue = true
  }

  mutating func readConnection(_ value: UnsafeRawBufferPointer) {
    for option in value.split(separator: UInt8(ascii: ",")) {
      let token = UnsafeRawBufferPointer(rebasing: option).trimmingBlanks()
      if token.equalsIgnoringCase("close") { says.close = true }
      if token.equalsIgnoringCase("keep-alive") { says.keepAlive = true }
    }
  }

  func settle(_ head: inout RequestHead) throws(Problem) {
    if isChunked {
      // Either alone tells the length; together they are how requests are smuggled
      // (RFC 9112 §6.1), and HTTP/1.0 knows no transfer codings.
      guard contentLength == nil else {
        throw .badRequest("Content-Length and Transfer-Encoding exclude each other.")
      }
      guard head.minorVersion > 0 else {
        throw .badRequest("HTTP/1.0 has no Transfer-Encoding.")
      }
      head.bodyLength = .chunked
    } else if let contentLength, contentLength > 0 {
      head.bodyLength = .fixed(contentLength)
    }
    if head.minorVersion > 0 {
      guard let host = head.host else { throw .badRequest("The Host field is missing.") }
      guard HostField(host) != nil else { throw .badRequest("The Host field is not a host.") }
      head.keepAlive = !says.close
      head.expectsContinue = expectsContinue && head.bodyLength != .none
    } else {
      head.keepAlive = says.keepAlive && !says.close
    }
  }
}
