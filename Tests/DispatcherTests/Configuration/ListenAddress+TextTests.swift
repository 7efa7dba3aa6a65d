import Gateway
import Testing

@testable import Dispatcher

@Suite struct ListenAddressTests {
  @Test(
    "every usual way to write an address is read",
    arguments: [
      (":80", nil, 80), ("*:80", nil, 80), ("localhost:0", "localhost", 0),
      ("127.0.0.1:8080", "127.0.0.1", 8080), ("[::1]:8080", "::1", 8080), ("[::]:1", "::", 1),
      ("my-host.example:65535", "my-host.example", 65535),
    ] as [(String, String?, Int)])
  func reads(text: String, host: String?, port: Int) throws {
    #expect(try ListenAddress.parse(text).get() == ListenAddress(host: host, port: port))
  }

  @Test(
    "what is not an address is refused",
    arguments: [
      "", "8080", "localhost", "localhost:", ":", ":65536", ":-1", ":http", "::1:80", "[::1]",
      "[::1]80", "[::g]:80", "[127.0.0.1]:80", "[fe80::1%eth0]:80", "a b:80", "http://a:80",
      "user@a:80", "-a:80", "[]:80", ":80 ", "ä:80", ":99999999999999999999",
    ])
  func refuses(text: String) {
    #expect(throws: ListenAddress.Problem.self) { try ListenAddress.parse(text).get() }
  }

  @Test(
    "only addresses that no other machine can reach count as loopback",
    arguments: [
      ("127.0.0.1:1", true), ("127.9.9.9:1", true), ("[::1]:1", true), ("localhost:1", true),
      ("LOCALHOST:1", true), (":1", false), ("0.0.0.0:1", false), ("[::]:1", false),
      ("10.0.0.1:1", false), ("localhost.example:1", false), ("128.0.0.1:1", false),
      ("[::2]:1", false),
    ])
  func loopback(text: String, expected: Bool) throws {
    #expect(try ListenAddress.parse(text).get().isLoopback == expected)
  }

  @Test(
    "an address is shown as it is read",
    arguments: [":80", "localhost:0", "127.0.0.1:8080", "[::1]:8080"])
  func roundTrip(text: String) throws {
    #expect(try ListenAddress.parse(text).get().description == text)
  }

  @Test("two listeners want the same port only where their interfaces meet")
  func collisions() throws {
    func address(_ text: String) throws -> ListenAddress { try ListenAddress.parse(text).get() }
    #expect(try address(":80").collides(with: address("127.0.0.1:80")))
    #expect(try address("a:80").collides(with: address("a:80")))
    #expect(try !address(":0").collides(with: address(":0")))
    #expect(try !address("127.0.0.1:80").collides(with: address("127.0.0.2:80")))
    #expect(try !address(":80").collides(with: address(":81")))
  }
}
