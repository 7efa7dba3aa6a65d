import NIOCore

/// Finds and reads request heads (RFC 9112), strictly: what two readers could understand in two
/// ways is refused, since that is what request smuggling is made of.
///
/// Stands in the place of NIO's decoder on this path. That one makes two strings of every header
/// field and a heap box of every part; here a head costs none of it, and bytes of the next request
/// stay bytes until it is their turn. A test compares the two on generated requests: whatever this
/// one accepts, NIO's reads the same.
package struct HeadParser: Sendable {
  package typealias Limits = HeadLimits

  private let limits: Limits
  // How far the unfinished head has been searched, relative to the reader index.
  private var scanned = 0
  private var checked = 0
  private var lineStart = 0
  private var lines = 0
  /// That were skipped since the last head.
  private var emptyLines = 0

  package init(limits: Limits = Limits()) { self.limits = limits }

  /// The next head, cut from `input`, or nil when it is not complete yet. What can't become a valid
  /// head is refused as soon as that is known. After an error the connection can't be read on.
  package mutating func next(_ input: inout ByteBuffer) throws(Problem) -> RequestHead? {
    try skipEmptyLines(&input)
    let outcome = input.withUnsafeReadableBytes { bytes -> Result<Int?, Problem> in
      do throws(Problem) {
        return .success(try findEnd(bytes))
      } catch {
        return .failure(error)
      }
    }
    guard let end = try outcome.get() else { return nil }
    scanned = 0
    checked = 0
    lineStart = 0
    lines = 0
    emptyLines = 0
    // The last line is the empty one: it is not part of what is kept.
    guard let bytes = input.readSlice(length: end - 2) else { return nil }
    input.moveReaderIndex(forwardBy: 2)
    return try HeadReader.read(bytes)
  }

  /// A client may send empty lines before its request (RFC 9112 §2.2).
  private mutating func skipEmptyLines(_ input: inout ByteBuffer) throws(Problem) {
    guard scanned == 0 else { return }
    while input.getInteger(at: input.readerIndex, as: UInt16.self) == 0x0D0A {
      emptyLines += 1
      guard emptyLines <= limits.emptyLines else {
        throw .badRequest("More than \(limits.emptyLines) empty lines precede the request.")
      }
      input.moveReaderIndex(forwardBy: 2)
    }
  }

  /// The index after the empty line that ends the head.
  private mutating func findEnd(_ bytes: UnsafeRawBufferPointer) throws(Problem) -> Int? {
    while let lineFeed = bytes.firstIndex(of: ASCII.lineFeed, from: scanned) {
      guard lineFeed > 0, bytes[lineFeed - 1] == ASCII.carriageReturn else {
        throw .badRequest("A line ends in LF without CR.")
      }
      let length = lineFeed - 1 - lineStart
      if lines == 0 {
        guard length <= limits.requestLine else { throw requestLineTooLong }
      } else if length == 0 {
        return lineFeed + 1
      }
      guard lines <= limits.fields, lineFeed < limits.head else { throw headTooLarge }
      lines += 1
      scanned = lineFeed + 1
      lineStart = scanned
    }
    // Half of an empty line: looked at again when the other half is here.
    if bytes.count == 1, bytes[0] == ASCII.carriageReturn { return nil }
    try checkUnfinished(bytes)
    scanned = bytes.count
    return nil
  }

  /// Refuses what can't become a head, without waiting for the rest of it: TLS, noise, another
  /// version's first line.
  private mutating func checkUnfinished(_ bytes: UnsafeRawBufferPointer) throws(Problem) {
    guard bytes.count <= limits.head else {
      throw lines == 0 ? requestLineTooLong : headTooLarge
    }
    if lines == 0 {
      guard bytes.count <= limits.requestLine else { throw requestLineTooLong }
    } else if checked < lineStart, let lineFeed = bytes.firstIndex(of: ASCII.lineFeed, from: 0) {
      var head = RequestHead()
      try HeadReader.readRequestLine(
        UnsafeRawBufferPointer(rebasing: bytes[..<(lineFeed - 1)]), into: &head)
    }
    for index in checked..<bytes.count {
      let byte = bytes[index]
      // Every LF that was found follows a CR.
      guard ASCII.isFieldValue(byte) || byte == ASCII.carriageReturn || byte == ASCII.lineFeed
      else { throw .badRequest("The head of the request holds a control character.") }
      guard lines > 0 || byte < 0x7F else {
        throw .badRequest("The request line holds a character that is not ASCII.")
      }
    }
    checked = bytes.count
  }

  private var requestLineTooLong: Problem {
    Problem(.targetTooLong, "The request line is longer than \(limits.requestLine) bytes.")
  }

  private var headTooLarge: Problem {
    Problem(
      .headersTooLarge,
      "The header fields are more than \(limits.fields) or longer than \(limits.head) bytes together."
    )
  }
}

extension Problem {
  static func badRequest(_ detail: String) -> Problem { Problem(.badRequest, detail) }
}
