import Testing

@testable import Delivery

@Suite("Reading a message's URL")
struct RequestTargetTests {
  private func target(_ url: String, _ origin: String) -> RequestTarget? {
    RequestTarget(url: url, origin: Origin(normalised: origin))
  }

  @Test("host and port come from the origin, the rest from the URL as it is spelled")
  func parts() throws {
    let got = try #require(target("HTTPS://B.Example:443/P?q#f", "https://b.example:443"))
    #expect(got.usesTLS)
    #expect(got.host == "b.example")
    #expect(got.port == 443)
    #expect(got.authority == "B.Example:443")
    #expect(got.requestURI == "/P?q")
  }

  @Test("IPv6 hosts lose their brackets where they are resolved, and keep them in the header")
  func ipv6() throws {
    let got = try #require(target("http://[::1]:8080", "http://[::1]:8080"))
    #expect(got.host == "::1")
    #expect(got.authority == "[::1]:8080")
    #expect(got.requestURI == "/")
  }

  @Test("user info and an empty port don't reach the header")
  func authority() {
    #expect(target("http://u:p@b:/", "http://b:80")?.authority == "b")
    #expect(target("http://u@b@c:1/", "http://c:1")?.authority == "c:1")
  }

  @Test(
    "what isn't of the stored form is refused",
    arguments: [
      ("http://b/", "http://b"), ("http://b/", "http://b:0"), ("http://b/", "http://b:65536"),
      ("http://b/", "http://b:x"), ("http://b/", "http://:80"), ("http://b/", ""),
      ("b/", "http://b:80"), ("ftp://b/", "http://b:80"), ("http:///x", "http://b:80"),
      ("http://@/", "http://b:80"), ("http:b", "http://b:80"), ("http://b/", "ftp://b:80"),
    ])
  func refused(url: String, origin: String) {
    #expect(target(url, origin) == nil)
  }
}
