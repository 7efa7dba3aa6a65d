/// The fields of an envelope. Names match in any case of their ASCII letters.
enum EnvelopeField: UInt32 {
  case uuid, url, method, body, bodyBase64, header, timeout, delay, notBefore, retry

  init?(_ name: UnsafeBufferPointer<UInt8>) {
    switch name.count {
    case 3 where equalsIgnoringCase(name, "url"): self = .url
    case 4 where equalsIgnoringCase(name, "uuid"): self = .uuid
    case 4 where equalsIgnoringCase(name, "body"): self = .body
    case 5 where equalsIgnoringCase(name, "delay"): self = .delay
    case 5 where equalsIgnoringCase(name, "retry"): self = .retry
    case 6 where equalsIgnoringCase(name, "method"): self = .method
    case 6 where equalsIgnoringCase(name, "header"): self = .header
    case 7 where equalsIgnoringCase(name, "timeout"): self = .timeout
    case 9 where equalsIgnoringCase(name, "notbefore"): self = .notBefore
    case 10 where equalsIgnoringCase(name, "bodybase64"): self = .bodyBase64
    default: return nil
    }
  }
}

/// The fields of `Retry`.
enum RetryField: UInt32 {
  case maxAttempts, maxAge, schedule

  init?(_ name: UnsafeBufferPointer<UInt8>) {
    switch name.count {
    case 6 where equalsIgnoringCase(name, "maxage"): self = .maxAge
    case 8 where equalsIgnoringCase(name, "schedule"): self = .schedule
    case 11 where equalsIgnoringCase(name, "maxattempts"): self = .maxAttempts
    default: return nil
    }
  }
}

/// A few small numbers.
struct FieldSet<Field: RawRepresentable<UInt32>> {
  private var bits: UInt32 = 0

  /// False when it was in already.
  mutating func insert(_ field: Field) -> Bool {
    let bit: UInt32 = 1 << field.rawValue
    defer { bits |= bit }
    return bits & bit == 0
  }

  func contains(_ field: Field) -> Bool { bits >> field.rawValue & 1 == 1 }
}

/// `lowercase` holds no capitals. Letters of ASCII only: no other script has a say in field names.
func equalsIgnoringCase(_ bytes: UnsafeBufferPointer<UInt8>, _ lowercase: StaticString) -> Bool {
  guard bytes.count == lowercase.utf8CodeUnitCount else { return false }
  return hasPrefixIgnoringCase(bytes, lowercase)
}

func hasPrefixIgnoringCase(_ bytes: UnsafeBufferPointer<UInt8>, _ lowercase: StaticString) -> Bool {
  guard bytes.count >= lowercase.utf8CodeUnitCount else { return false }
  return lowercase.withUTF8Buffer { wanted in
    for (index, byte) in wanted.enumerated() where lowercased(bytes[index]) != byte { return false }
    return true
  }
}

func lowercased(_ byte: UInt8) -> UInt8 {
  byte &- UInt8(ascii: "A") < 26 ? byte | 0x20 : byte
}
