/// A damage as it stands in `accepted-damage` and in a checkpoint; see FORMAT.md. UUIDs are left out.
enum DamageCoding {
  private static let textMax: UInt64 = 1024
  /// No encoded damage is longer.
  static let sizeMax = 2 * 1024 + 64 + 32

  enum Failure: Error { case malformed }

  static func encode(_ damage: Damage, into out: inout ByteWriter) {
    out.append(damage.kind.rawValue)
    out.append(text: damage.file)
    out.append(optional: damage.offset)
    out.append(optional: damage.end)
    out.append(optional: damage.lost?.lowerBound)
    out.append(optional: damage.lost?.upperBound)
    out.append(varint: damage.ended)
    out.append(varint: damage.unnamed)
    out.append(text: damage.reason)
  }

  static func decode(_ input: inout ByteReader) throws -> Damage {
    guard let kind = Damage.Kind(rawValue: try input.byte()) else { throw Failure.malformed }
    var damage = Damage(
      kind: kind, file: try text(&input), offset: try optional(&input), end: try optional(&input),
      reason: "", lost: nil)
    let first = try optional(&input)
    let last = try optional(&input)
    if let first, let last {
      guard first <= last else { throw Failure.malformed }
      damage.lost = first...last
    }
    damage.ended = try input.varint()
    damage.unnamed = try input.varint()
    damage.reason = try text(&input)
    return damage
  }

  /// An absent number is 0, others stand one higher; the highest of all can't be told from absent.
  private static func optional(_ input: inout ByteReader) throws -> UInt64? {
    let value = try input.varint()
    return value == 0 ? nil : value - 1
  }

  private static func text(_ input: inout ByteReader) throws -> String {
    let length = try input.varint()
    guard length <= textMax else { throw Failure.malformed }
    return String(decoding: try input.take(length), as: UTF8.self)
  }
}

extension ByteWriter {
  fileprivate mutating func append(optional value: UInt64?) {
    append(varint: value.map { $0.addingCapped(1) } ?? 0)
  }

  fileprivate mutating func append(text: String) {
    var text = text
    text.withUTF8 { bytes in
      let length = bytes.utf8PrefixLength(1024)
      append(varint: UInt64(length))
      append(bytes: UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: bytes[..<length])))
    }
  }
}
