import Delivery
import NIOCore
import Synchronization
import Testing

@Suite("Addresses that may never be destinations")
struct EgressTests {
  private func guarded(
    _ listeners: [(String, Int)] = [], local: Set<IPAddress> = []
  ) throws -> EgressGuard {
    let egress = EgressGuard(clock: HTTPTestClock()) { local }
    egress.setOwnListeners(
      try listeners.map { try SocketAddress(ipAddress: $0.0, port: $0.1) })
    return egress
  }

  @Test(
    "blocked addresses are blocked, in every spelling",
    arguments: [
      "169.254.0.0", "169.254.169.254", "169.254.255.255", "100.100.100.200", "168.63.129.16",
      "224.0.0.1", "239.255.255.255", "0.0.0.0", "0.1.2.3", "255.255.255.255", "0", "2852039166",
      "0xA9FEA9FE", "0251.0376.0251.0376", "169.254.43518", "169.16689662", "0xa9.0376.169.0xfe",
      "[::]", "[fe80::1]", "[febf::1]", "[fd00:ec2::254]", "[ff02::1]", "[ff0e::1]",
      "[::ffff:169.254.169.254]", "[::ffff:a9fe:a9fe]", "[::169.254.169.254]", "[::2]",
      "[64:ff9b::169.254.169.254]", "[64:ff9b:1::169.254.169.254]", "[2002:a9fe:a9fe::]",
      "[2002:a9fe:a9fe:1:2:3:4:5]", "[::ffff:0:169.254.169.254]", "[::ffff:0.0.0.0]",
      "[2002:e000:1::1]", "[fe80::1%25eth0]", "[fe80::1%eth0]", "[::1%lo]", "[nonsense]", "[]",
      "[::1",
      "fe80::1",
    ])
  func blocked(host: String) throws {
    let reason = try guarded().refusal(literalHost: host, port: 80)
    #expect(reason != nil)
  }

  @Test(
    "private, loopback and public addresses and names are allowed",
    arguments: [
      "127.0.0.1", "127.1", "2130706433", "10.0.0.1", "172.16.0.1", "192.168.1.1", "8.8.8.8",
      "169.253.255.255", "169.255.0.0", "223.255.255.255", "240.0.0.1", "1.0.0.0", "[::1]",
      "[fd00::1]", "[fd00:ec3::253]", "[2001:db8::1]", "[::ffff:127.0.0.1]", "[64:ff9b::808:808]",
      "[2002:808:808::1]", "[fec0::1]", "[fe7f::1]", "example.com", "localhost", "1.2.3.4.5", "08",
      "0x", "256.1.1.1", "4294967296", "1.2.3.256", "1..2", "",
    ])
  func allowed(host: String) throws {
    let reason = try guarded().refusal(literalHost: host, port: 80)
    #expect(reason == nil)
  }

  @Test(
    "the metadata services of clouds are blocked in both families, with what stands beside them",
    arguments: [
      // Amazon: instances, tasks, pods.
      "169.254.169.254", "169.254.170.2", "169.254.170.23", "[fd00:ec2::254]", "[fd00:ec2::23]",
      "[fd00:ec2:1::1]",
      // Google, Azure, Oracle, Alibaba, Scaleway, Akamai, Hetzner.
      "[fd20:ce::254]", "[fd20:ce::253]", "168.63.129.16", "[fe80::1234:5678:9abc]", "192.0.0.192",
      "[fd00:c1::a9fe:a9fe]", "100.100.100.200", "100.100.100.201", "100.100.2.136",
      "100.100.2.138", "[fd00:100::100:200]", "169.254.42.42", "[fd00:42::42]", "[fd00:42::43]",
      "[fd00:a9fe:a9fe::1]", "[fe80::a9fe:a9fe]", "[::ffff:100.100.100.200]",
      "[64:ff9b::168.63.129.16]",
    ])
  func metadata(host: String) throws {
    #expect(try guarded().refusal(literalHost: host, port: 80) != nil)
  }

  @Test(
    "the neighbours that are other people's are not",
    arguments: [
      "168.63.129.15", "168.63.129.17", "100.100.99.200", "100.100.101.200", "100.100.2.140",
      "192.0.1.192", "[fd20:cd::254]", "[fd20:ce:1::254]", "[fd00:43::42]", "[fd00:100:1::200]",
    ])
  func neighbours(host: String) throws {
    #expect(try guarded().refusal(literalHost: host, port: 80) == nil)
  }

  @Test("what the configuration blocks is blocked in every spelling, with its range as the reason")
  func configured() throws {
    let egress = EgressGuard(
      clock: HTTPTestClock(),
      blocked: [try AddressRange("10.0.0.0/8"), try AddressRange("fd00::/8")]
    ) { [] }
    for host in ["10.0.0.0", "10.255.255.255", "0x0a.1", "[::ffff:10.1.2.3]", "[fd12:3456::1]"] {
      #expect(egress.refusal(literalHost: host, port: 80) != nil, "\(host)")
    }
    for host in ["9.255.255.255", "11.0.0.0", "[fc00::1]", "127.0.0.1", "b.test"] {
      #expect(egress.refusal(literalHost: host, port: 80) == nil, "\(host)")
    }
    #expect(
      egress.refusal(literalHost: "10.1.2.3", port: 80)
        == "10.1.2.3 is in 10.0.0.0/8, which the configuration blocks")
  }

  @Test("numeric hosts are read the way the resolver reads them")
  func spellings() {
    let loopback = NumericHost.address(.v4(0x7f00_0001))
    for host in ["127.0.0.1", "127.1", "127.0.1", "0x7f.1", "0177.0.0.01", "0X7F000001"] {
      #expect(NumericHost(host) == loopback, "\(host)")
      #expect(SystemLookup.addresses(of: host) == .success([.v4(0x7f00_0001)]), "\(host)")
    }
    for host in ["08", "0x", "1.2.3.4.5", "256.0.0.1", "1..1", "127.0.0.1.", "-1", " 1", "0x1g"] {
      #expect(NumericHost(host) == .name, "\(host)")
    }
    #expect(NumericHost("[2001:db8::1]") == .address(.v6(0x2001_0db8_0000_0000, 1)))
  }

  @Test("addresses are written the usual way")
  func descriptions() {
    #expect(IPAddress.v4(0x0a01_02ff).description == "10.1.2.255")
    #expect(IPAddress.v6(0x2001_0db8_0000_0000, 1).urlHost == "[2001:db8::1]")
    #expect(IPAddress.v6(0, 1).description == "::1")
  }

  @Test("a listener on the wildcard is every address of this machine, with its port only")
  func wildcard() throws {
    let egress = try guarded([("0.0.0.0", 8080)], local: [.v4(0x0a00_0005), .v6(0xfd00 << 48, 7)])
    for host in [
      "127.0.0.1", "127.9.9.9", "[::1]", "10.0.0.5", "[fd00::7]", "[::ffff:10.0.0.5]",
      "[64:ff9b::10.0.0.5]", "[2002:7f00:1::]", "0x7f.1",
    ] {
      #expect(egress.refusal(literalHost: host, port: 8080) != nil, "\(host)")
      #expect(egress.refusal(literalHost: host, port: 8081) == nil, "\(host)")
    }
    #expect(egress.refusal(literalHost: "10.0.0.6", port: 8080) == nil)
  }

  @Test("a listener on loopback is all of loopback, and no other address of this machine")
  func loopback() throws {
    for bound in ["127.0.0.1", "::1"] {
      let egress = try guarded([(bound, 8081)], local: [.v4(0x0a00_0005)])
      for host in ["127.0.0.1", "127.0.0.2", "[::1]", "[::ffff:127.0.0.1]"] {
        #expect(egress.refusal(literalHost: host, port: 8081) != nil, "\(host)")
        #expect(egress.refusal(literalHost: host, port: 80) == nil, "\(host)")
      }
      #expect(egress.refusal(literalHost: "10.0.0.5", port: 8081) == nil)
    }
  }

  @Test("a listener on one address is that address")
  func oneAddress() throws {
    let egress = try guarded([("10.0.0.5", 80)], local: [.v4(0x0a00_0005), .v4(0x0a00_0006)])
    #expect(egress.refusal(literalHost: "10.0.0.5", port: 80) != nil)
    #expect(egress.refusal(literalHost: "[::ffff:10.0.0.5]", port: 80) != nil)
    #expect(egress.refusal(literalHost: "10.0.0.6", port: 80) == nil)
    #expect(egress.refusal(literalHost: "127.0.0.1", port: 80) == nil)
  }

  @Test("localhost is the listener on loopback, in all its spellings and on no other port")
  func localhost() throws {
    let egress = try guarded([("0.0.0.0", 80), ("::1", 81)])
    for host in ["localhost", "localhost.", "a.localhost"] {
      for port in [80, 81] { #expect(egress.refusal(literalHost: host, port: port) != nil) }
      #expect(egress.refusal(literalHost: host, port: 82) == nil)
    }
    for host in ["notlocalhost", "localhost.example", "a"] {
      #expect(egress.refusal(literalHost: host, port: 80) == nil)
    }
  }

  @Test("setting the listeners replaces those before")
  func replaced() throws {
    let egress = try guarded([("127.0.0.1", 1)])
    egress.setOwnListeners([try SocketAddress(ipAddress: "127.0.0.1", port: 2)])
    #expect(egress.refusal(literalHost: "127.0.0.1", port: 1) == nil)
    #expect(egress.refusal(literalHost: "127.0.0.1", port: 2) != nil)
  }

  @Test("an address that the machine got later is seen after some seconds")
  func interfacesChange() throws {
    let local = Mutex<Set<IPAddress>>([])
    let clock = HTTPTestClock()
    let egress = EgressGuard(clock: clock) { local.withLock { $0 } }
    egress.setOwnListeners([try SocketAddress(ipAddress: "0.0.0.0", port: 80)])
    #expect(egress.refusal(literalHost: "10.0.0.5", port: 80) == nil)
    local.withLock { $0 = [.v4(0x0a00_0005)] }
    clock.advance(.seconds(6))
    #expect(egress.refusal(literalHost: "10.0.0.5", port: 80) != nil)
  }

  @Test("a connection with the same address on both ends stays on this machine")
  func bothEnds() throws {
    let egress = try guarded([("0.0.0.0", 80)])
    let here = try SocketAddress(ipAddress: "10.0.0.5", port: 80)
    #expect(egress.refusal(address: here) == nil)
    let from = try SocketAddress(ipAddress: "10.0.0.5", port: 40000)
    #expect(egress.refusal(connectedTo: here, from: from) != nil)
    let other = try SocketAddress(ipAddress: "10.0.0.6", port: 40000)
    #expect(egress.refusal(connectedTo: here, from: other) == nil)
  }

  @Test("a Unix domain socket is no destination")
  func unixSocket() throws {
    let socket = try SocketAddress(unixDomainSocketPath: "/tmp/x")
    #expect(try guarded().refusal(address: socket) != nil)
  }

  @Test("the machine's own addresses can be read")
  func localAddresses() {
    #expect(LocalAddresses.read().contains(.v4(0x7f00_0001)))
  }
}
