/// A string that stands in the text, already checked: between its quotes, escapes still in it.
struct JSONString {
  /// The bytes between the quotes.
  let range: Range<Int>
  /// Bytes of UTF-8 without the escapes.
  let count: Int

  /// Every escape is longer than what it stands for.
  var hasEscapes: Bool { count != range.count }
}

extension JSONCursor {
  /// Takes the string on whose quote the cursor stands. Unescaped control characters, unknown
  /// escapes, unpaired surrogates and invalid UTF-8 are refused.
  mutating func string() throws(JSONSyntaxError) -> JSONString {
    let start = offset + 1
    var saved = 0
    offset = start
    while true {
      offset = JSONText.endOfPlainRun(bytes, from: offset)
      guard offset < bytes.count else { throw failure(.ended) }
      let byte = bytes[offset]
      if byte == UInt8(ascii: "\"") {
        let range = start..<offset
        offset += 1
        return JSONString(range: range, count: range.count - saved)
      } else if byte == UInt8(ascii: "\\") {
        saved += try escape()
      } else if byte >= 0x80 {
        let length = JSONText.lengthOfScalar(bytes, at: offset)
        guard length > 0 else { throw failure(.badUTF8) }
        offset += length
      } else {
        throw failure(.controlCharacter)
      }
    }
  }

  /// Takes one escape (a pair of surrogates is one); how much shorter what it stands for is.
  private mutating func escape() throws(JSONSyntaxError) -> Int {
    guard offset + 1 < bytes.count else { throw failure(.ended) }
    guard bytes[offset + 1] == UInt8(ascii: "u") else {
      guard JSONText.shortEscape(bytes[offset + 1]) != nil else { throw failure(.badEscape) }
      offset += 2
      return 1
    }
    guard let unit = JSONText.hex4(bytes, at: offset + 2) else { throw failure(.badEscape) }
    switch unit {
    case 0xDC00...0xDFFF:
      throw failure(.unpairedSurrogate)
    case 0xD800...0xDBFF:
      guard JSONText.lowSurrogate(bytes, at: offset + 6) != nil else {
        throw failure(.unpairedSurrogate)
      }
      offset += 12
      return 8
    default:
      offset += 6
      return 6 - JSONText.utf8Length(unit)
    }
  }

  /// The string's UTF-8 in a new array.
  func copyBytes(_ string: JSONString) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: string.count) { buffer, count in
      JSONText.unescape(bytes, string, into: buffer)
      count = string.count
    }
  }

  func copyText(_ string: JSONString) -> String {
    String(unsafeUninitializedCapacity: string.count) { buffer in
      JSONText.unescape(bytes, string, into: buffer)
      return string.count
    }
  }

  /// The string's UTF-8, without a copy where it has no escapes.
  func withBytes<Answer>(
    _ string: JSONString, _ body: (UnsafeBufferPointer<UInt8>) -> Answer
  ) -> Answer {
    guard string.hasEscapes else { return body(UnsafeBufferPointer(rebasing: bytes[string.range])) }
    return copyBytes(string).withUnsafeBufferPointer(body)
  }
}
