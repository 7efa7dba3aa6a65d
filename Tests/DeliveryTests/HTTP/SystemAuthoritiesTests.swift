import Foundation
import NIOSSL
import Testing

@testable import Delivery

@Suite("The authorities that are trusted")
struct SystemAuthoritiesTests {
  private func read(_ variables: [String: String]) -> SystemAuthorities.Reading {
    SystemAuthorities.read { variables[$0] }
  }

  private func count(_ reading: SystemAuthorities.Reading) -> Int? {
    if case .certificates(let certificates) = reading.roots { certificates.count } else { nil }
  }

  private func withDirectory(_ body: (String) throws -> Void) throws {
    let path = NSTemporaryDirectory() + "authorities-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: path) }
    try body(path)
  }

  @Test("SSL_CERT_FILE is trusted instead of the system's bundle, SSL_CERT_DIR besides")
  func variables() throws {
    try withDirectory { directory in
      let bundle = directory + "/bundle.pem"
      try StrengthCertificates.authoritiesText.write(
        toFile: bundle, atomically: true, encoding: .utf8)
      let file = read(["SSL_CERT_FILE": bundle])
      #expect(count(file) == 2)
      #expect(file.problem == nil)
      let both = read(["SSL_CERT_FILE": bundle, "SSL_CERT_DIR": directory])
      #expect(count(both) == 4)
      #expect(both.problem == nil)
    }
  }

  @Test("what is named and can't be read is replaced by nothing, and said")
  func unreadable() throws {
    try withDirectory { directory in
      let missing = read(["SSL_CERT_FILE": directory + "/none.pem"])
      #expect(count(missing) == 0)
      #expect(missing.problem == "SSL_CERT_FILE: \(directory)/none.pem holds no certificate")
      let empty = read(["SSL_CERT_FILE": directory + "/none.pem", "SSL_CERT_DIR": directory])
      #expect(count(empty) == 0)
      #expect(empty.problem == "SSL_CERT_DIR: \(directory) holds no certificate")
    }
  }
}
