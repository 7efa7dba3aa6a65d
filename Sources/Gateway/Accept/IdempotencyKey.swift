import Delivery
import SegmentLog

/// The key in an `Idempotency-Key` header field (draft-ietf-httpapi-idempotency-key-header), which
/// the draft writes as a string in quotes and most senders without them.
struct IdempotencyKey: Equatable {
  /// Any printable text; never empty.
  let text: String

  /// nil: there is nothing in it, or something that isn't printable.
  init?(field: String) {
    let field = Substring(field).trimmingBlanks()
    let key = Self.unquoted(field) ?? String(field)
    guard !key.isEmpty, key.unicodeScalars.allSatisfy(Self.isPrintable) else { return nil }
    text = key
  }

  /// The message's UUID: the key itself where it is one, else the UUID of version 8 that is made of
  /// its SHA-256 (RFC 9562, appendix B.2): the same key is the same message, whoever reads it when.
  var uuid: String {
    if MessageUUID.isValid(text) { return text }
    let hash = UUIDKey(store: Self.namespace, messageUUID: Array(text.utf8))
    return MessageUUID.write(
      high: hash.high & ~0xF000 | 0x8000,
      low: hash.low & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000)
  }

  /// Made once, at random. Another one would give every key another UUID.
  private static let namespace = StoreUUID(high: 0x6F1D_9A54_37C2_4B0E, low: 0x9C5E_D20B_84A1_F763)

  /// What a string of RFC 9651 §3.3.3 says; nil when it is none.
  private static func unquoted(_ field: Substring) -> String? {
    guard field.utf8.count >= 2, field.first == "\"", field.last == "\"" else { return nil }
    var text = String.UnicodeScalarView()
    var isEscaped = false
    for scalar in field.unicodeScalars.dropFirst().dropLast() {
      if isEscaped {
        guard scalar == "\"" || scalar == "\\" else { return nil }
        text.append(scalar)
        isEscaped = false
      } else if scalar == "\\" {
        isEscaped = true
      } else if scalar == "\"" {
        return nil
      } else {
        text.append(scalar)
      }
    }
    return isEscaped ? nil : String(text)
  }

  /// No control character, and nothing that wasn't UTF-8: two keys of which both were repaired might
  /// become one.
  private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0..<0x20, 0x7F..<0xA0, 0xFFFD: false
    default: true
    }
  }
}

extension Substring {
  fileprivate func trimmingBlanks() -> Substring {
    var rest = self
    while rest.first == " " || rest.first == "\t" { rest.removeFirst() }
    while rest.last == " " || rest.last == "\t" { rest.removeLast() }
    return rest
  }
}
