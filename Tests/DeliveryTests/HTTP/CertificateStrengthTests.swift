import NIOSSL
import Testing

@testable import Delivery

@Suite("How strong a certificate is")
struct CertificateStrengthTests {
  @Test(
    "weak hashes and short RSA keys are named",
    arguments: [
      (StrengthCertificates.rsa1024, "has an RSA key of 1024 bits, at least 2048 are needed"),
      (StrengthCertificates.ecdsaSHA1, "is signed with SHA-1, at least SHA-256 is needed"),
      (StrengthCertificates.rsaSHA1, "is signed with SHA-1, at least SHA-256 is needed"),
      (StrengthCertificates.ed25519, nil), (StrengthCertificates.p521, nil),
    ] as [(StrengthCertificates.Certificate, String?)])
  func weakness(certificate: StrengthCertificates.Certificate, weakness: String?) throws {
    #expect(CertificateStrength.weakness(ofDER: try certificate.der) == weakness)
  }

  @Test("the authorities' own, with P-256 and RSA 2048, are strong")
  func strong() throws {
    for certificate in try StrengthCertificates.authorities() + TestCertificates.authority() {
      #expect(CertificateStrength.weakness(ofDER: try certificate.toDERBytes()) == nil)
    }
  }

  @Test("whatever bytes come, they are read to an end")
  func hostile() throws {
    let der = try StrengthCertificates.rsa1024.der
    for length in 0..<der.count {
      #expect(CertificateStrength.weakness(ofDER: Array(der[..<length])) != nil)
    }
    var random = SystemRandomNumberGenerator()
    for _ in 0..<20_000 {
      var changed = der
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        changed[Int.random(in: 0..<changed.count, using: &random)] = .random(
          in: 0...255, using: &random)
      }
      _ = CertificateStrength.weakness(ofDER: changed)
    }
    #expect(CertificateStrength.weakness(ofDER: [0x30, 0x84, 0xFF, 0xFF, 0xFF, 0xFF]) != nil)
    #expect(CertificateStrength.weakness(ofDER: [0x30, 0x80]) != nil)
  }
}
