import NIOCore

/// Reads a chunked body (RFC 9112 §7.1). Extensions are ignored, trailer fields are checked and
/// dropped.
package struct ChunkDecoder: Sendable {
  private enum State: Sendable {
    case size
    case data(left: Int)
    /// The CRLF after a chunk's data.
    case dataEnd
    case trailers
  }

  /// Size and extensions of one chunk.
  private static let sizeLineMax = 256
  private static let trailersMax = 8 << 10

  private var state = State.size
  private var trailerBytes = 0

  package init() {}

  /// Moves what it can from `input` to `body`; true at the end of the body. Throws a 413 when the
  /// body grows beyond `limit`, as soon as a chunk says so.
  package mutating func decode(
    _ input: inout ByteBuffer, into body: inout ByteBuffer, limit: Int
  ) throws(Problem) -> Bool {
    while true {
      switch state {
      case .size:
        guard let line = try nextLine(&input, limit: Self.sizeLineMax) else { return false }
        let size = try readSize(line)
        guard size <= UInt64(limit - body.readableBytes) else { throw .bodyTooLarge(limit: limit) }
        state = size == 0 ? .trailers : .data(left: Int(size))
      case .data(let left):
        guard input.readableBytes > 0 else { return false }
        var part = input.readSlice(length: min(left, input.readableBytes)) ?? ByteBuffer()
        let moved = part.readableBytes
        body.writeBuffer(&part)
        state = moved == left ? .dataEnd : .data(left: left - moved)
      case .dataEnd:
        guard let line = try nextLine(&input, limit: 0) else { return false }
        guard line.readableBytes == 0 else { throw .badRequest("A chunk is longer than it said.") }
        state = .size
      case .trailers:
        guard let line = try nextLine(&input, limit: Self.trailersMax - trailerBytes) else {
          return false
        }
        if line.readableBytes == 0 { return true }
        trailerBytes += line.readableBytes + 2
        try checkTrailer(line)
      }
    }
  }

  /// The next line without its CRLF, nil when it is not complete.
  private func nextLine(_ input: inout ByteBuffer, limit: Int) throws(Problem) -> ByteBuffer? {
    let found = input.withUnsafeReadableBytes { bytes -> (end: Int?, endsInCRLF: Bool) in
      guard let end = bytes.firstIndex(of: ASCII.lineFeed, from: 0) else { return (nil, true) }
      return (end, end > 0 && bytes[end - 1] == ASCII.carriageReturn)
    }
    guard found.endsInCRLF else { throw .badRequest("A line of a chunked body ends without CR.") }
    let length = found.end.map { $0 - 1 } ?? max(0, input.readableBytes - 1)
    guard length <= limit else {
      throw .badRequest("A line of a chunked body is longer than is allowed there.")
    }
    guard found.end != nil, let line = input.readSlice(length: length) else { return nil }
    input.moveReaderIndex(forwardBy: 2)
    return line
  }

  private func readSize(_ line: ByteBuffer) throws(Problem) -> UInt64 {
    let size = line.withUnsafeReadableBytes { bytes -> UInt64? in
      var size: UInt64 = 0
      var digits = 0
      while digits < bytes.count, let digit = ASCII.hexValue(bytes[digits]) {
        // 15 digits are 60 bits: no overflow, and beyond every limit.
        guard digits < 15 else { return nil }
        size = size << 4 | digit
        digits += 1
      }
      guard digits > 0 else { return nil }
      return Self.areExtensions(bytes[digits...]) ? size : nil
    }
    guard let size else { throw .badRequest("The size of a chunk is not a hexadecimal number.") }
    return size
  }

  /// `*( ";" token [ "=" ( token / quoted-string ) ] )`. Blanks, which the grammar tolerates and no
  /// sender writes, are not: readers disagree about them.
  private static func areExtensions(_ bytes: Slice<UnsafeRawBufferPointer>) -> Bool {
    var rest = bytes
    func skipToken() -> Bool {
      let token = rest.prefix(while: ASCII.isToken)
      rest = rest[token.endIndex...]
      return !token.isEmpty
    }
    func skipQuoted() -> Bool {
      guard rest.first == UInt8(ascii: "\"") else { return false }
      rest = rest.dropFirst()
      while let byte = rest.popFirst() {
        if byte == UInt8(ascii: "\"") { return true }
        if byte == UInt8(ascii: "\\") {
          guard let escaped = rest.popFirst(), ASCII.isFieldValue(escaped) else { return false }
        } else if !ASCII.isFieldValue(byte) {
          return false
        }
      }
      return false
    }
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: ";"), skipToken() else { return false }
      if rest.first == UInt8(ascii: "=") {
        rest = rest.dropFirst()
        guard skipToken() || skipQuoted() else { return false }
      }
    }
    return true
  }

  private func checkTrailer(_ line: ByteBuffer) throws(Problem) {
    let outcome = line.withUnsafeReadableBytes { bytes -> Result<Void, Problem> in
      do throws(Problem) {
        try HeadReader.checkField(bytes)
        return .success(())
      } catch {
        return .failure(error)
      }
    }
    try outcome.get()
  }
}

extension Problem {
  static func bodyTooLarge(limit: Int) -> Problem {
    Problem(.bodyTooLarge, "The request's body is longer than \(limit) bytes.")
  }
}
