import NIOCore
import Testing

@testable import Gateway

@Suite("Addresses of peers")
struct PeerAddressTests {
  private func peer(_ address: String) throws -> PeerAddress {
    PeerAddress(try SocketAddress(ipAddress: address, port: 1))
  }

  @Test("an IPv4 address is one peer, however the listener sees it")
  func v4() throws {
    #expect(try peer("10.0.0.1") == .v4(0x0A00_0001))
    #expect(try peer("::ffff:10.0.0.1") == peer("10.0.0.1"))
    #expect(try peer("10.0.0.2") != peer("10.0.0.1"))
  }

  @Test("an IPv6 site is one peer, whatever its machines call themselves")
  func v6() throws {
    #expect(try peer("2001:db8:0:1::1") == peer("2001:db8:0:1:ffff:ffff:ffff:ffff"))
    #expect(try peer("2001:db8:0:1::1") != peer("2001:db8:0:2::1"))
    #expect(try peer("::1") != peer("0.0.0.1"))
  }
}
