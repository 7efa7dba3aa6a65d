/// Base64 of RFC 4648 §4, strictly: the standard alphabet, padding required, no line breaks, and
/// no bits left over, so that every sequence of bytes has exactly one spelling.
enum Base64 {
  enum Failure: Error, Equatable {
    /// The length is not a multiple of four.
    case length
    /// Offset in characters.
    case character(offset: Int)
    case leftoverBits

    /// Goes on after "BodyBase64 ".
    var sentence: String {
      switch self {
      case .length: "must be base64 with padding; its length is not a multiple of four"
      case .character(let offset):
        "holds a character at position \(offset) that standard base64 does not have there"
      case .leftoverBits: "does not end as base64 does: bits are left over"
      }
    }
  }

  /// How many bytes `text` stands for if it is valid.
  static func decodedCount(_ text: UnsafeBufferPointer<UInt8>) -> Int {
    text.count / 4 * 3 - padding(text)
  }

  static func decode(_ text: UnsafeBufferPointer<UInt8>) -> Result<[UInt8], Failure> {
    guard text.count % 4 == 0 else { return .failure(.length) }
    guard !text.isEmpty else { return .success([]) }
    let digits = text.count - padding(text)
    var failure: Failure?
    let bytes = [UInt8](unsafeUninitializedCapacity: text.count / 4 * 3) { buffer, count in
      failure = decode(text, digits: digits, into: buffer, count: &count)
    }
    return failure.map { .failure($0) } ?? .success(bytes)
  }

  private static func decode(
    _ text: UnsafeBufferPointer<UInt8>, digits: Int,
    into buffer: UnsafeMutableBufferPointer<UInt8>, count: inout Int
  ) -> Failure? {
    values.withUnsafeBufferPointer { values in
      var bits: UInt32 = 0
      var pending = 0
      for at in 0..<digits {
        let value = values[Int(text[at])]
        guard value < 64 else { return .character(offset: at) }
        bits = bits << 6 | UInt32(value)
        pending += 6
        if pending >= 8 {
          pending -= 8
          buffer[count] = UInt8(truncatingIfNeeded: bits >> UInt32(pending))
          count += 1
        }
      }
      return bits & (1 << UInt32(pending) - 1) == 0 ? nil : .leftoverBits
    }
  }

  private static func padding(_ text: UnsafeBufferPointer<UInt8>) -> Int {
    guard text.count >= 4, text[text.count - 1] == equals else { return 0 }
    return text[text.count - 2] == equals ? 2 : 1
  }

  private static let equals = UInt8(ascii: "=")

  /// By character; 255 = none.
  private static let values: [UInt8] = {
    var values = [UInt8](repeating: 255, count: 256)
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    for (value, character) in alphabet.utf8.enumerated() { values[Int(character)] = UInt8(value) }
    return values
  }()
}
