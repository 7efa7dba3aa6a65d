/// Says whether a certificate is strong enough to be believed: what was signed over a hash weaker
/// than SHA-256, or by an RSA key of less than 2048 bits, can be forged by those who care to.
///
/// The TLS library verifies what is signed, however weakly. It shows the server's own certificate and
/// not those between it and its authority, so that only this one is looked at.
enum CertificateStrength {
  private static let rsaBitsMin = 2048

  /// Object identifiers in their encoded form. Only these are strong; RSASSA-PSS is verified with
  /// SHA-256 and larger only.
  private static let strongSignatures: Set<[UInt8]> = [
    // sha256-, sha384-, sha512WithRSAEncryption, RSASSA-PSS
    [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x0B],
    [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x0C],
    [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x0D],
    [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x0A],
    // ecdsa-with-SHA256, -SHA384, -SHA512
    [0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03, 0x02],
    [0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03, 0x03],
    [0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03, 0x04],
    // Ed25519; ML-DSA-44, -65, -87
    [0x2B, 0x65, 0x70],
    [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03, 0x11],
    [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03, 0x12],
    [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03, 0x13],
  ]

  private static let weakNames: [[UInt8]: String] = [
    [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x04]: "MD5",
    [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x05]: "SHA-1",
    [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x0E]: "SHA-224",
    [0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x01]: "SHA-1",
    [0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03, 0x01]: "SHA-224",
  ]

  /// rsaEncryption, RSASSA-PSS.
  private static let rsaKeys: Set<[UInt8]> = [
    [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x01],
    [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x0A],
  ]

  /// What is to be said after "the certificate"; nil when it is strong enough.
  static func weakness(ofDER der: [UInt8]) -> String? {
    guard let (signature, rsaBits) = facts(der) else { return "can't be read" }
    guard strongSignatures.contains(signature) else {
      return "is signed with \(weakNames[signature] ?? "an unknown hash"), "
        + "at least SHA-256 is needed"
    }
    guard let rsaBits, rsaBits < rsaBitsMin else { return nil }
    return "has an RSA key of \(rsaBits) bits, at least \(rsaBitsMin) are needed"
  }

  /// The signature's algorithm, and the bits of an RSA key (RFC 5280 §4.1).
  private static func facts(_ der: [UInt8]) -> (signature: [UInt8], rsaBits: Int?)? {
    var whole = DERReader(der[...])
    guard var certificate = whole.sequence(), var body = certificate.sequence(),
      var algorithm = certificate.sequence(), let signature = algorithm.read(DERReader.identifier)
    else { return nil }
    // Version, serial number; then signature, issuer, validity and subject.
    if body.nextTag == DERReader.version { _ = body.read(DERReader.version) }
    guard body.read(DERReader.integer) != nil else { return nil }
    for _ in 0..<4 { guard body.sequence() != nil else { return nil } }
    guard var keyInfo = body.sequence(), var keyAlgorithm = keyInfo.sequence(),
      let keyKind = keyAlgorithm.read(DERReader.identifier)
    else { return nil }
    guard rsaKeys.contains(Array(keyKind)) else { return (Array(signature), nil) }
    guard let bits = keyInfo.read(DERReader.bitString) else { return nil }
    // The first byte says how many bits of the last one are unused: none.
    var key = DERReader(bits.dropFirst())
    guard var numbers = key.sequence(), let modulus = numbers.read(DERReader.integer) else {
      return nil
    }
    let digits = modulus.drop { $0 == 0 }
    let rsaBits = digits.first.map { digits.count * 8 - $0.leadingZeroBitCount } ?? 0
    return (Array(signature), rsaBits)
  }
}

/// Reads DER (X.690) element by element. What doesn't fit is nil; nothing is believed of a length.
private struct DERReader {
  static let integer: UInt8 = 0x02
  static let bitString: UInt8 = 0x03
  static let identifier: UInt8 = 0x06
  /// The version of a certificate, `[0]`.
  static let version: UInt8 = 0xA0
  private static let sequenceTag: UInt8 = 0x30

  private var rest: ArraySlice<UInt8>

  init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

  var nextTag: UInt8? { rest.first }

  mutating func sequence() -> DERReader? { read(Self.sequenceTag).map { DERReader($0) } }

  /// The content of the next element when it has this tag.
  mutating func read(_ tag: UInt8) -> ArraySlice<UInt8>? {
    guard rest.popFirst() == tag, let first = rest.popFirst() else { return nil }
    var length = Int(first)
    if first >= 0x80 {
      length = 0
      guard (1...4).contains(first & 0x7F) else { return nil }
      for _ in 0..<(first & 0x7F) {
        guard let byte = rest.popFirst() else { return nil }
        length = length << 8 | Int(byte)
      }
    }
    guard length <= rest.count else { return nil }
    defer { rest = rest.dropFirst(length) }
    return rest.prefix(length)
  }
}
