import Testing

@testable import Delivery

@Suite("A message's URL") struct TargetURLTests {
  @Test(
    "is accepted and gives its destination in one form",
    arguments: [
      ("http://my-url/", "http://my-url:80"),
      ("http://my-url", "http://my-url:80"),
      ("HTTPS://Example.COM/A?b=C#d", "https://example.com:443"),
      ("http://a:1", "http://a:1"),
      ("http://a:65535/", "http://a:65535"),
      ("http://a:0080/", "http://a:80"),
      ("http://a?b", "http://a:80"),
      ("http://a#b", "http://a:80"),
      ("http://my_service.internal.:8080/x", "http://my_service.internal.:8080"),
      ("http://127.0.0.1:9000/", "http://127.0.0.1:9000"),
      ("http://127.1/", "http://127.0.0.1:80"),
      ("http://2130706433/", "http://127.0.0.1:80"),
      ("http://0x7F.0.0.0x1/", "http://127.0.0.1:80"),
      ("http://0177.0.0.1/", "http://127.0.0.1:80"),
      ("http://1.2.3.4a/", "http://1.2.3.4a:80"),
      ("http://[::1]:8080/", "http://[::1]:8080"),
      ("http://[2001:DB8:0:0:0:0:0:1]/", "http://[2001:db8::1]:80"),
      ("http://[::ffff:10.0.0.1]/", "http://[::ffff:10.0.0.1]:80"),
      ("http://xn--bcher-kva.example/", "http://xn--bcher-kva.example:80"),
      ("http://a/%41%c3%bc;p=1/(x)!$&'*+,=:@~-._/?q=/?:@#f=/?", "http://a:80"),
      ("http://a/[1]/{id}/a|b^`?x[]=1&f={a|b}^`#[x]", "http://a:80"),
    ])
  func accepted(url: String, origin: String) throws {
    #expect(try TargetURL(url).origin.description == origin)
    #expect(try Origin(url: url).description == origin)
  }

  @Test("is taken apart into what the request needs")
  func parts() throws {
    let text = "https://Example.com:8443/a/b?c=d#e"
    let url = try TargetURL(text)
    #expect(url.isSecure)
    #expect(url.host == "example.com")
    #expect(url.port == 8443)
    #expect(String(decoding: Array(text.utf8)[url.target], as: UTF8.self) == "/a/b?c=d")
    let short = try TargetURL("http://[::1]?c")
    #expect(short.host == "[::1]")
    #expect(String(decoding: Array("http://[::1]?c".utf8)[short.target], as: UTF8.self) == "?c")
    #expect(try TargetURL("http://a").target.isEmpty)
  }

  @Test(
    "is refused with the reason",
    arguments: [
      ("", .empty),
      ("/path", .relative),
      ("my-url/path", .relative),
      ("//host/path", .relative),
      ("http:/a", .relative),
      ("http:a", .relative),
      ("http", .relative),
      ("1http://a", .relative),
      ("ftp://a/", .otherScheme("ftp")),
      ("file:///etc/passwd", .otherScheme("file")),
      ("localhost:8080/x", .otherScheme("localhost")),
      ("httpss://a/", .otherScheme("httpss")),
      ("http://user@a/", .userInfo),
      ("http://user:secret@a/", .userInfo),
      ("http://@a/", .userInfo),
      ("http:///path", .noHost),
      ("http://", .noHost),
      ("http://?q", .noHost),
      ("http://:80/", .noHost),
      ("http://a..b/", .badHost("a..b")),
      ("http://.a/", .badHost(".a")),
      ("http://./", .badHost(".")),
      ("http://a%41/", .badHost("a%41")),
      ("http://a,b/", .badHost("a,b")),
      ("http://[::1]a/", .badHost("[::1]a")),
      ("http://[::1/", .badAddress("[::1")),
      ("http://[]/", .badAddress("[]")),
      ("http://[1.2.3.4]/", .badAddress("[1.2.3.4]")),
      ("http://[fe80::1%25eth0]/", .badAddress("[fe80::1%25eth0]")),
      ("http://[v1.a]/", .badAddress("[v1.a]")),
      ("http://[:::1]/", .badAddress("[:::1]")),
      ("http://256.1.1.1/", .badAddress("256.1.1.1")),
      ("http://1.2.3.4.5/", .badAddress("1.2.3.4.5")),
      ("http://4294967296/", .badAddress("4294967296")),
      ("http://127.0.0.1./", .badAddress("127.0.0.1.")),
      ("http://08.1/", .badAddress("08.1")),
      ("http://::1/", .unbracketedIPv6),
      ("http://a:1:2/", .unbracketedIPv6),
      ("http://a:0/", .badPort("0")),
      ("http://a:65536/", .badPort("65536")),
      ("http://a:/", .badPort("")),
      ("http://a:-1/", .badPort("-1")),
      ("http://a:99999999999999999999/", .badPort("99999999999999999999")),
      ("http://a:8x/", .badPort("8x")),
      ("http://a b/", .badCharacter(0x20, offset: 8)),
      ("http://a/b c", .badCharacter(0x20, offset: 10)),
      (" http://a/", .badCharacter(0x20, offset: 0)),
      ("http://a/ ", .badCharacter(0x20, offset: 9)),
      ("http://a\\b/", .badCharacter(0x5C, offset: 8)),
      ("http://a/\\b", .badCharacter(0x5C, offset: 9)),
      ("http://a/\r\nX: y", .badCharacter(0x0D, offset: 9)),
      ("http://a/\0", .badCharacter(0, offset: 9)),
      ("http://a/\u{7F}", .badCharacter(0x7F, offset: 9)),
      ("http://a/<b>", .badCharacter(0x3C, offset: 9)),
      ("http://a[1]/", .badHost("a[1]")),
      ("http://a{b}/", .badCharacter(0x7B, offset: 8)),
      ("http://a|b/", .badCharacter(0x7C, offset: 8)),
      ("http://a/#b#c", .badCharacter(0x23, offset: 11)),
      ("http://a/%zz", .badEscape(offset: 9)),
      ("http://a/%4", .badEscape(offset: 9)),
      ("http://a/%", .badEscape(offset: 9)),
      ("http://a/%4?1", .badEscape(offset: 9)),
      ("http://bücher.example/", .beyondASCII(offset: 8)),
      ("http://a/ü", .beyondASCII(offset: 9)),
    ] as [(String, URLRefusal)])
  func refused(url: String, reason: URLRefusal) {
    #expect(throws: reason) { try TargetURL(url) }
  }

  @Test("has a bounded length, and its host and labels the lengths of DNS")
  func lengths() throws {
    let head = "http://a/"
    let longest = head + String(repeating: "x", count: TargetURL.maxBytes - head.count)
    #expect(try TargetURL(longest).port == 80)
    #expect(throws: URLRefusal.tooLong(bytes: TargetURL.maxBytes + 1)) {
      try TargetURL(longest + "x")
    }
    let label = String(repeating: "x", count: 63)
    #expect(throws: Never.self) { try TargetURL("http://\(label)/") }
    #expect(throws: URLRefusal.self) { try TargetURL("http://\(label)x/") }
    let name = "\(label).\(label).\(label).\(label.dropLast(2))"
    #expect(throws: Never.self) { try TargetURL("http://\(name)/") }
    #expect(throws: Never.self) { try TargetURL("http://\(name)./") }
    #expect(throws: URLRefusal.self) { try TargetURL("http://\(name)x/") }
  }

  @Test("is refused with one line that has no control characters")
  func sentences() {
    for bad in ["", "ftp://a", "http://a/\u{1}", "http://a/\u{7F}", "http://a:\u{7}/", "http://\n"]
    {
      let refusal = #expect(throws: URLRefusal.self) { try TargetURL(bad) }
      let sentence = refusal?.description ?? "\n"
      #expect(sentence.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F })
    }
  }
}
