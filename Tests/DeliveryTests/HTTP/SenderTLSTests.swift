import Delivery
import NIOSSL
import Testing

@Suite("Destinations with TLS")
struct SenderTLSTests {
  private static let names: [String: [IPAddress]] = [
    "b.test": [.v4(0x7f00_0001)], "b.test.": [.v4(0x7f00_0001)],
    // Not the address that the certificate is for too.
    "c.test": [.v4(0x7f00_0002)],
  ]

  private func result(
    _ url: (Int) -> String, trusting: Bool = true
  ) async throws -> (result: AttemptResult, got: [String]) {
    let server = try await RawServer(host: "0.0.0.0", tls: try TestCertificates.server()) {
      $0.send(answer())
    }
    let authority = try TestCertificates.authority()
    let result = await SenderWorld.run(
      names: Self.names, configure: { if trusting { $0.trustedAuthorities = authority } },
      { await $0.send(url(server.port), method: "GET") })
    await server.stop()
    return (result, server.connections)
  }

  @Test("the name is connected to by its address, verified and named in the request")
  func name() async throws {
    let (result, got) = try await result { "https://b.test:\($0)/x?y" }
    #expect(result == .status(200))
    #expect(got.count == 1)
    #expect(got.first?.hasPrefix("GET /x?y HTTP/1.1\r\nHost: b.test:") == true)
  }

  @Test(
    "trailing dots, numbers and capitals are verified like names",
    arguments: [
      "b.test.", "127.0.0.1", "0x7f.1", "B.TEST",
    ])
  func spellings(host: String) async throws {
    let (result, _) = try await result { "https://\(host):\($0)/" }
    #expect(result == .status(200))
  }

  @Test("a certificate of an unknown authority is said to be untrusted")
  func untrusted() async throws {
    let (result, got) = try await result({ "https://b.test:\($0)/" }, trusting: false)
    #expect(
      result
        == .failure(
          .tls, detail: "the certificate is not trusted (unknown issuer, self-signed or expired)"))
    #expect(got.joined().isEmpty)
  }

  @Test("a certificate for another host is said to be so", arguments: ["c.test"])
  func otherHost(host: String) async throws {
    let (result, got) = try await result { "https://\(host):\($0)/" }
    #expect(result == .failure(.tls, detail: "the certificate is not for this host"))
    #expect(got.joined().isEmpty)
  }

  @Test("a receiver that wants a client certificate is said to want one")
  func clientCertificate() async throws {
    let server = try await RawServer(tls: try TestCertificates.server(asksForCertificate: true)) {
      $0.send(answer())
    }
    let authority = try TestCertificates.authority()
    let got = await SenderWorld.run(
      names: Self.names, configure: { $0.trustedAuthorities = authority },
      { await $0.send("https://b.test:\(server.port)/", method: "GET") })
    #expect(
      got
        == .failure(
          .tls, detail: "the receiver wants a client certificate, and there is none to show"))
    await server.stop()
  }

  @Test("TLS to a port without TLS is a TLS failure")
  func plainPort() async throws {
    let server = try await RawServer(greets: true) { $0.send("HTTP/1.1 400 Bad\r\n\r\n") }
    let got = await SenderWorld.run { await $0.send("https://127.0.0.1:\(server.port)/") }
    #expect(got == .failure(.tls, detail: "the other side does not speak TLS"))
    await server.stop()
  }

  @Test("no TLS to a port with TLS is a failure, not an answer")
  func tlsPort() async throws {
    let (result, _) = try await result { "http://b.test:\($0)/" }
    #expect(result.failure == .closed || result.failure == .protocol)
  }

  private func result(
    with server: NIOSSLContext
  ) async throws -> (result: AttemptResult, got: [String]) {
    let server = try await RawServer(tls: server) { $0.send(answer()) }
    let authorities = try StrengthCertificates.authorities() + TestCertificates.authority()
    let result = await SenderWorld.run(
      names: Self.names, configure: { $0.trustedAuthorities = authorities },
      { await $0.send("https://b.test:\(server.port)/") })
    await server.stop()
    return (result, server.connections)
  }

  @Test(
    "a trusted certificate that is too weak is refused before a byte is sent",
    arguments: [
      (StrengthCertificates.rsa1024, "RSA key of 1024 bits"),
      (StrengthCertificates.ecdsaSHA1, "SHA-1"), (StrengthCertificates.rsaSHA1, "SHA-1"),
    ])
  func weak(certificate: StrengthCertificates.Certificate, words: String) async throws {
    let (result, got) = try await result(with: certificate.server())
    #expect(result.failure == .tls)
    #expect(result.detail.contains(words), "\(result.detail)")
    #expect(got.joined().isEmpty)
  }

  @Test(
    "Ed25519 and P-521 certificates are taken, with TLS 1.2 and 1.3",
    arguments: [StrengthCertificates.ed25519, StrengthCertificates.p521],
    [TLSVersion.tlsv12, .tlsv13])
  func curves(certificate: StrengthCertificates.Certificate, tls: TLSVersion) async throws {
    let (result, _) = try await result(with: certificate.server(tls: tls))
    #expect(result == .status(200))
  }

  @Test("TLS 1.1 is not spoken")
  func oldVersion() async throws {
    let (result, got) = try await result(with: StrengthCertificates.p521.server(tls: .tlsv11))
    #expect(result.failure == .tls)
    #expect(got.joined().isEmpty)
  }

  @Test("a connection with TLS is kept for the next request")
  func keepAlive() async throws {
    let server = try await RawServer(tls: try TestCertificates.server()) { $0.send(answer()) }
    let authority = try TestCertificates.authority()
    await SenderWorld.run(names: Self.names, configure: { $0.trustedAuthorities = authority }) {
      for _ in 0..<6 {
        #expect(await $0.send("https://b.test:\(server.port)/") == .status(200))
      }
    }
    #expect(server.connections.count < 6)
    await server.stop()
  }
}
