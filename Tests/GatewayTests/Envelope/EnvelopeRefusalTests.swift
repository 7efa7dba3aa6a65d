import Delivery
import NIOCore
import Testing

@testable import Gateway

@Suite("A bad envelope") struct EnvelopeRefusalTests {
  @Test(
    "that is not JSON is a 400 that names the byte",
    arguments: [
      ("", 0, ""), ("   ", 3, ""), ("hello", 0, ""), ("\u{FEFF}{}", 0, ""), ("{", 1, ""),
      (#"{"Url":"http://a"}x"#, 18, ""), (#"{"Url":"http://a"}{}"#, 18, ""),
      (#"{"Url":"http://a",}"#, 18, ""), (#"{,}"#, 1, ""), (#"{"Url" "a"}"#, 7, ""),
      (#"{Url:"http://a"}"#, 1, ""), (#"{'Url':'http://a'}"#, 1, ""), (#"[1,]"#, 3, ""),
      (#"[1 2]"#, 3, ""), (#"{"Url":"http://a" "Body":""}"#, 18, ""),
      (#"{"Url":tru}"#, 7, "/Url"), (#"{"Url":nul}"#, 7, "/Url"), (#"{"Url":NaN}"#, 7, "/Url"),
      (#"{"Url":}"#, 7, "/Url"), (#"{"Url":"http://a"/**/}"#, 17, ""),
      (#"{"Body":"a"#, 10, "/Body"), (#"{"Body":"a\"}"#, 13, "/Body"),
      (#"{"Body":"\x"}"#, 9, "/Body"), (#"{"Body":"\u12g4"}"#, 9, "/Body"),
      (#"{"Body":"\u12"}"#, 9, "/Body"), (#"{"Body":"\ud800"}"#, 9, "/Body"),
      (#"{"Body":"a\udc00"}"#, 10, "/Body"), (#"{"Body":"\ud800\ud800"}"#, 9, "/Body"),
      (#"{"Body":"\ud800x"}"#, 9, "/Body"), (#"{"Body":"\ud800\n"}"#, 9, "/Body"),
      ("{\"Body\":\"a\nb\"}", 10, "/Body"), ("{\"Body\":\"a\0b\"}", 10, "/Body"),
      ("{\"Body\":\"\u{1F}\"}", 9, "/Body"),
      (#"{"Timeout":01}"#, 13, "/Timeout"), (#"{"Timeout":+1}"#, 11, "/Timeout"),
      (#"{"Timeout":.5}"#, 11, "/Timeout"), (#"{"Timeout":1.}"#, 13, "/Timeout"),
      (#"{"Timeout":1e}"#, 13, "/Timeout"), (#"{"Timeout":-}"#, 12, "/Timeout"),
      (#"{"Timeout":0x1}"#, 12, ""), (#"{"Timeout":1"#, 12, ""),
      (#"{"Header":{"A":"b",}}"#, 19, "/Header"),
      (#"{"Header":{"A":["b",]}}"#, 20, "/Header/A/1"),
      (#"{"Retry":{"Schedule":[1,]}}"#, 24, "/Retry/Schedule/1"),
    ])
  func notJSON(json: String, offset: Int, pointer: String) throws {
    let problem = try #require(Reading.problem(json))
    #expect(problem.status == 400)
    #expect(problem.type == "not-json")
    #expect(problem.errors.count == 1)
    if !problem.detail.hasPrefix("The body ") { #expect(problem.detail.contains("byte \(offset)")) }
    #expect(problem.errors[0].pointer == pointer)
  }

  @Test("with bad UTF-8 is a 400 that names the byte and the field")
  func badUTF8() throws {
    let sequences: [[UInt8]] = [
      [0x80], [0xBF], [0xC0, 0x80], [0xC1, 0xBF], [0xC2], [0xC2, 0x41], [0xE0, 0x9F, 0x80],
      [0xE2, 0x82], [0xE2, 0x82, 0x41], [0xED, 0xA0, 0x80], [0xED, 0xBF, 0xBF],
      [0xF0, 0x8F, 0x80, 0x80], [0xF0, 0x9F, 0x98], [0xF4, 0x90, 0x80, 0x80],
      [0xF5, 0x80, 0x80, 0x80], [0xFE], [0xFF],
    ]
    for sequence in sequences {
      let json = Array(#"{"Url":"http://a","Body":"12345678"#.utf8) + sequence + Array(#""}"#.utf8)
      let problem = try #require(Reading.problem(json), "\(sequence)")
      #expect(problem.type == "not-json")
      #expect(problem.detail.contains("UTF-8 at byte 34"), "\(sequence): \(problem.detail)")
      #expect(problem.errors.map(\.pointer) == ["/Body"])
      #expect(Reading.problem(sequence)?.type == "not-json")
    }
  }

  @Test("that ends anywhere before its end is a 400")
  func truncated() throws {
    let json =
      #"{"UUID":"a","Url":"http://[::1]:80/?%20","Body":"é\ud83d\ude00\n€12345678","BodyBase64":null,"#
      + #""Header":{"A":["b","c"],"D":null},"Timeout":1.0e2,"Retry":{"Schedule":[1,2]}}"#
    let bytes = Array(json.utf8)
    #expect(Reading.problem(bytes) == nil)
    for count in 0..<bytes.count {
      let problem = try #require(Reading.problem(Array(bytes.prefix(count))))
      #expect(problem.type == "not-json")
    }
  }

  @Test("that is nested without end is a 400, wherever it is")
  func nested() throws {
    let heads = ["", #"{"Url":"#, #"{"Header":{"A":"#, #"{"X":"#, #"{"Retry":{"Schedule":[1,"#]
    for head in heads {
      for unit in ["[", #"{"a":"#, #"[{"a":"#] {
        let json = head + String(repeating: unit, count: 100_000)
        let problem = try #require(Reading.problem(json))
        #expect(problem.status == 400)
        #expect(problem.type == "not-json")
      }
    }
    let deep = String(repeating: "[", count: 64) + String(repeating: "]", count: 64)
    #expect(Reading.problem(#"{"Url":"http://a","X":\#(deep)}"#)?.type == "invalid-message")
    #expect(Reading.problem(#"{"Url":"http://a","X":[\#(deep)]}"#)?.type == "not-json")
  }

  @Test("that is JSON of another kind is a 400 at the whole body")
  func notAnObject() throws {
    for json in ["[]", "null", "1", "true", #""a""#, #"[{"Url":"http://a"}]"#] {
      let problem = try #require(Reading.problem(json))
      #expect(problem.type == "invalid-message")
      #expect(problem.errors.map(\.pointer) == [""])
    }
  }

  @Test(
    "has its wrong field named",
    arguments: [
      // Url
      (#"{}"#, "/Url"), (#"{"Url":1}"#, "/Url"), (#"{"Url":""}"#, "/Url"),
      (#"{"Url":"/relative"}"#, "/Url"), (#"{"Url":"ftp://a"}"#, "/Url"),
      (#"{"Url":"http://u:p@a/"}"#, "/Url"), (#"{"Url":"http://a:65536/"}"#, "/Url"),
      (#"{"Url":"http://a:0/"}"#, "/Url"), (#"{"Url":"http://a/\r\nX: y"}"#, "/Url"),
      (#"{"url":"x"}"#, "/url"),
      // UUID
      (#"{"Url":"http://a","UUID":""}"#, "/UUID"), (#"{"Url":"http://a","UUID":7}"#, "/UUID"),
      (#"{"Url":"http://a","UUID":"a b"}"#, "/UUID"), (#"{"Url":"http://a","UUID":"ä"}"#, "/UUID"),
      (#"{"Url":"http://a","UUID":"../x"}"#, "/UUID"),
      // Method
      (#"{"Url":"http://a","Method":""}"#, "/Method"),
      (#"{"Url":"http://a","Method":"A B"}"#, "/Method"),
      (#"{"Url":"http://a","Method":"GET\r\n"}"#, "/Method"),
      (#"{"Url":"http://a","Method":"CONNECT"}"#, "/Method"),
      (#"{"Url":"http://a","Method":"Trace"}"#, "/Method"),
      (#"{"Url":"http://a","Method":["GET"]}"#, "/Method"),
      (#"{"Url":"http://a","Method":"ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFG"}"#, "/Method"),
      // Bodies
      (#"{"Url":"http://a","Body":{}}"#, "/Body"), (#"{"Url":"http://a","Body":1}"#, "/Body"),
      (#"{"Url":"http://a","BodyBase64":1}"#, "/BodyBase64"),
      (#"{"Url":"http://a","BodyBase64":"QQ"}"#, "/BodyBase64"),
      (#"{"Url":"http://a","BodyBase64":"Q===" }"#, "/BodyBase64"),
      (#"{"Url":"http://a","BodyBase64":"Q-_="}"#, "/BodyBase64"),
      (#"{"Url":"http://a","BodyBase64":"QQ==\n"}"#, "/BodyBase64"),
      (#"{"Url":"http://a","BodyBase64":"QQ==QQ=="}"#, "/BodyBase64"),
      (#"{"Url":"http://a","BodyBase64":"QR=="}"#, "/BodyBase64"),
      // Timeout, Delay, NotBefore
      (#"{"Url":"http://a","Timeout":"1"}"#, "/Timeout"),
      (#"{"Url":"http://a","Timeout":-1}"#, "/Timeout"),
      (#"{"Url":"http://a","Timeout":1.5}"#, "/Timeout"),
      (#"{"Url":"http://a","Timeout":900001}"#, "/Timeout"),
      (#"{"Url":"http://a","Timeout":1e400}"#, "/Timeout"),
      (#"{"Url":"http://a","Timeout":1e-400}"#, "/Timeout"),
      (#"{"Url":"http://a","Timeout":18446744073709551616}"#, "/Timeout"),
      (#"{"Url":"http://a","Timeout":true}"#, "/Timeout"),
      (#"{"Url":"http://a","Delay":-1}"#, "/Delay"), (#"{"Url":"http://a","Delay":[]}"#, "/Delay"),
      (#"{"Url":"http://a","Delay":315360000001}"#, "/Delay"),
      (#"{"Url":"http://a","NotBefore":"tomorrow"}"#, "/NotBefore"),
      (#"{"Url":"http://a","NotBefore":"2026-11-24T08:00:00"}"#, "/NotBefore"),
      (#"{"Url":"http://a","NotBefore":1795507200}"#, "/NotBefore"),
      // Retry
      (#"{"Url":"http://a","Retry":[]}"#, "/Retry"), (#"{"Url":"http://a","Retry":3}"#, "/Retry"),
      (#"{"Url":"http://a","Retry":{"MaxAttempts":-1}}"#, "/Retry/MaxAttempts"),
      (#"{"Url":"http://a","Retry":{"MaxAttempts":4294967296}}"#, "/Retry/MaxAttempts"),
      (#"{"Url":"http://a","Retry":{"MaxAge":"1h"}}"#, "/Retry/MaxAge"),
      (#"{"Url":"http://a","Retry":{"MaxAge":1,"maxage":2}}"#, "/Retry/maxage"),
      (#"{"Url":"http://a","Retry":{"Backoff":1}}"#, "/Retry/Backoff"),
      (#"{"Url":"http://a","Retry":{"Schedule":[]}}"#, "/Retry/Schedule"),
      (#"{"Url":"http://a","Retry":{"Schedule":1}}"#, "/Retry/Schedule"),
      (#"{"Url":"http://a","Retry":{"Schedule":[1,0]}}"#, "/Retry/Schedule/1"),
      (#"{"Url":"http://a","Retry":{"Schedule":[1,2,"3"]}}"#, "/Retry/Schedule/2"),
      (#"{"Url":"http://a","Retry":{"Schedule":[604800001]}}"#, "/Retry/Schedule/0"),
      // Names
      (#"{"Url":"http://a","Uri":"b"}"#, "/Uri"), (#"{"Url":"http://a","":1}"#, "/"),
      (#"{"Url":"http://a","a/b~c":[{"d":1}]}"#, "/a~1b~0c"),
      (#"{"Url":"http://a","URL":"http://b"}"#, "/URL"),
      (#"{"Url":"http://a","Timeout":null,"timeout":1}"#, "/timeout"),
      (#"{"Url":"http://a","Body":"a","Body":"a"}"#, "/Body"),
      (#"{"Url":"http://a","Key":"order-42"}"#, "/Key"),
      // Control characters that differ from digits as capitals do from small letters.
      (#"{"Url":"http://a","BodyBase\u0016\u0014":""}"#, "/BodyBase\u{16}\u{14}"),
    ])
  func field(json: String, pointer: String) throws {
    let problem = try #require(Reading.problem(json))
    #expect(problem.status == 400)
    #expect(problem.type == "invalid-message")
    #expect(problem.errors.map(\.pointer) == [pointer])
    #expect(problem.detail == problem.errors[0].detail)
    #expect(problem.detail.hasSuffix("."))
  }

  @Test(
    "has its wrong header named",
    arguments: [
      (#"[]"#, "/Header"), (#""A: b""#, "/Header"),
      (#"{"":"x"}"#, "/Header/"), (#"{"A B":"x"}"#, "/Header/A B"),
      (#"{"A\r\nB":"x"}"#, "/Header/A\r\nB"), (#"{"A\u0000":"x"}"#, "/Header/A\0"),
      (#"{"A:":"x"}"#, "/Header/A:"), (#"{"Ä":"x"}"#, "/Header/Ä"),
      (#"{"a/b":"x"}"#, "/Header/a~1b"),
      (#"{"A":"x\r\nB: y"}"#, "/Header/A"), (#"{"A":"x\ny"}"#, "/Header/A"),
      (#"{"A":"x\u0000"}"#, "/Header/A"), (#"{"A":"\u001b[31m"}"#, "/Header/A"),
      (#"{"A":"x\u007f"}"#, "/Header/A"), (#"{"A":" x"}"#, "/Header/A"),
      (#"{"A":"x\t"}"#, "/Header/A"), (#"{"A":" "}"#, "/Header/A"),
      (#"{"A":1}"#, "/Header/A"), (#"{"A":{"b":"c"}}"#, "/Header/A"),
      (#"{"A":["b",1]}"#, "/Header/A/1"), (#"{"A":[null]}"#, "/Header/A/0"),
      (#"{"A":["b","c\n"]}"#, "/Header/A/1"), (#"{"A":[["b"]]}"#, "/Header/A/0"),
      (#"{"A":"1","A":"1"}"#, "/Header/A"), (#"{"X-A":"1","x-a":"2"}"#, "/Header/x-a"),
      (#"{"A":[],"a":null}"#, "/Header/a"), (#"{"A":"1","\u0041":"2"}"#, "/Header/A"),
      (#"{"connection":"close"}"#, "/Header/connection"),
      (#"{"Keep-Alive":"x"}"#, "/Header/Keep-Alive"),
      (#"{"Proxy-Authorization":"x"}"#, "/Header/Proxy-Authorization"),
      (#"{"proxy-connection":"x"}"#, "/Header/proxy-connection"),
      (#"{"TE":"trailers"}"#, "/Header/TE"), (#"{"Trailer":"x"}"#, "/Header/Trailer"),
      (#"{"Transfer-Encoding":"chunked"}"#, "/Header/Transfer-Encoding"),
      (#"{"UPGRADE":"h2c"}"#, "/Header/UPGRADE"),
      (#"{"HTTP2-Settings":"x"}"#, "/Header/HTTP2-Settings"),
      (#"{"content-length":"3"}"#, "/Header/content-length"), (#"{"Host":"b"}"#, "/Header/Host"),
      (#"{"Expect":"100-continue"}"#, "/Header/Expect"),
      (#"{"Dispatcher-Attempt":"9"}"#, "/Header/Dispatcher-Attempt"),
      (#"{"dispatcher-x":"9"}"#, "/Header/dispatcher-x"),
    ])
  func header(json: String, pointer: String) throws {
    let problem = try #require(Reading.problem(#"{"Url":"http://a","Header":\#(json)}"#))
    #expect(problem.status == 400)
    #expect(problem.type == "invalid-message")
    #expect(problem.errors.map(\.pointer) == [pointer])
  }

  @Test("with fields that shut each other out names both")
  func exclusive() {
    #expect(
      Reading.pointers(#"{"Url":"http://a","Body":"","BodyBase64":""}"#) == [
        "/BodyBase64", "/Body",
      ])
    #expect(
      Reading.pointers(#"{"Url":"http://a","NotBefore":"2026-11-24T08:00:00Z","Delay":0}"#)
        == ["/NotBefore", "/Delay"])
  }

  @Test("is told all that is wrong with it at once, up to sixteen things")
  func gathered() throws {
    let json =
      #"{"Timeout":-1,"Foo":{"a":[1]},"Header":{"Host":"x","B":1},"Retry":{"Schedule":[0]}}"#
    let problem = try #require(Reading.problem(json))
    #expect(
      problem.errors.map(\.pointer)
        == ["/Timeout", "/Foo", "/Header/Host", "/Header/B", "/Retry/Schedule/0", "/Url"])
    #expect(problem.detail.hasPrefix("6 things are wrong. The first: Timeout must be"))
    let many = (0..<100).map { "\"F\($0)\":1" }.joined(separator: ",")
    let cut = try #require(Reading.problem("{\(many)}"))
    #expect(cut.errors.count == 16)
    #expect(cut.detail.hasPrefix("More than 16 things are wrong."))
  }

  @Test("repeats no more than a piece of a name of any length")
  func longNames() throws {
    let long = String(repeating: "é", count: 100_000)
    for json in [
      #"{"Url":"http://a","\#(long)":1}"#, #"{"Url":"http://a","Header":{"\#(long)":"x"}}"#,
    ] {
      let problem = try #require(Reading.problem(json))
      #expect(problem.encode().count < 2000)
    }
  }

  @Test("is a 400 that names /Timeout when it asks for more than max_timeout")
  func timeoutTooLong() throws {
    let limits = EnvelopeLimits(maxTimeoutMs: 60_000)
    func answer(_ timeout: Int) -> Problem? {
      let json = #"{"Url":"http://a","Timeout":\#(timeout)}"#
      guard case .failure(let problem) = Reading.read(json, limits: limits) else { return nil }
      return problem
    }
    #expect(answer(60_000) == nil)
    let problem = try #require(answer(60_001))
    #expect(problem.status == 400)
    #expect(problem.errors.map(\.pointer) == ["/Timeout"])
    #expect(problem.errors.first?.detail.contains("60000") == true)
  }

  @Test("is a 413 when its body is too large, however it is written")
  func bodyTooLarge() throws {
    let limits = EnvelopeLimits(maxBodyBytes: 10)
    func status(_ fields: String) -> Int {
      let json = #"{"Url":"http://a",\#(fields)}"#
      guard case .failure(let problem) = Reading.read(json, limits: limits) else { return 202 }
      #expect(problem.type == "body-too-large")
      #expect(problem.errors.first?.pointer.hasPrefix("/Body") == true)
      return problem.status
    }
    #expect(status(#""Body":"1234567890""#) == 202)
    #expect(status(#""Body":"\u0031\n3456789\"""#) == 202)
    #expect(status(#""Body":"12345678901""#) == 413)
    #expect(status(#""Body":"éééééé""#) == 413)
    #expect(status(#""BodyBase64":"MTIzNDU2Nzg5MA==""#) == 202)
    #expect(status(#""BodyBase64":"MTIzNDU2Nzg5MDE=""#) == 413)
    #expect(status(#""Body":"12345678901","Timeout":-1"#) == 413)
    let huge = String(repeating: " ", count: limits.maxEnvelopeBytes + 1)
    guard case .failure(let problem) = Reading.read(huge, limits: limits) else {
      Issue.record("taken")
      return
    }
    #expect(problem.status == 413)
  }

  @Test("is a 400 when its headers are too many or too large")
  func tooManyHeaders() throws {
    func result(_ count: Int, _ value: String, array: Bool = false) -> [String]? {
      let values = (0..<count).map { array ? "\"\(value)\"" : "\"H\($0)\":\"\(value)\"" }
        .joined(separator: ",")
      let header = array ? "{\"A\":[\(values)]}" : "{\(values)}"
      return Reading.pointers(#"{"Url":"http://a","Header":\#(header)}"#)
    }
    #expect(result(90, "x") == nil)
    #expect(result(91, "x") == ["/Header"])
    #expect(result(90, "x", array: true) == nil)
    #expect(result(91, "x", array: true) == ["/Header"])
    // The request line is "POST / HTTP/1.1", the field "H0: …".
    #expect(result(1, String(repeating: "x", count: 31 * 1024 - 17 - 6)) == nil)
    #expect(result(1, String(repeating: "x", count: 31 * 1024 - 17 - 5)) == ["/Header"])
    #expect(result(1, String(repeating: "x", count: 31 * 1024)) == ["/Header"])
    #expect(result(100_000, "x") == ["/Header"])
  }

  @Test("is a 400 when URL and headers are too large together")
  func tooLargeTogether() {
    func pointers(url: Int, header: Int) -> [String]? {
      let url = "http://a/" + String(repeating: "x", count: url - 9)
      let value = String(repeating: "x", count: header)
      return Reading.pointers(#"{"Header":{"A":"\#(value)"},"Url":"\#(url)"}"#)
    }
    #expect(pointers(url: 8192, header: 23_000) == nil)
    #expect(pointers(url: 8192, header: 24_000) == ["/Header"])
    #expect(pointers(url: 100, header: 24_000) == nil)
  }

  @Test("makes at most a request that our own reader takes")
  func ownReader() throws {
    let value = String(repeating: "v", count: 200)
    let fields = (0..<90).map { "\"X-\($0)\":\"\(value)\"" }.joined(separator: ",")
    let url =
      "http://\(String(repeating: "h.", count: 120))a/" + String(repeating: "x", count: 7900)
    let message = try Reading.read(
      #"{"Url":"\#(url)","Method":"PROPPATCH","Header":{\#(fields)}}"#
    ).get()
    let target = try TargetURL(message.url)
    var head = "\(message.method) /\(String(repeating: "x", count: 7900)) HTTP/1.1\r\n"
    head += "Host: \(target.host)\r\nContent-Length: 1048576\r\nUser-Agent: Dispatcher/0.1.0\r\n"
    head += "webhook-id: \(String(repeating: "u", count: 128))\r\nwebhook-timestamp: 1764000000\r\n"
    head += "Dispatcher-Attempt: 4294967295\r\nConnection: close\r\n"
    for field in message.headers { head += "\(field.name): \(field.value)\r\n" }
    var input = ByteBuffer(string: head + "\r\n")
    var parser = HeadParser()
    let read = try #require(try parser.next(&input))
    #expect(read.fields().count == 97)
  }

  @Test(
    "is a 400 with two values for a field that can have one",
    arguments: [
      "Content-Type", "authorization", "USER-AGENT", "Location", "If-Modified-Since", "ETag",
      "From", "Referer", "Max-Forwards", "Retry-After", "webhook-id", "webhook-timestamp", "Range",
    ])
  func singletons(name: String) {
    func pointers(_ value: String) -> [String]? {
      Reading.pointers(#"{"Url":"http://a","Header":{"\#(name)":\#(value)}}"#)
    }
    #expect(pointers(#"["1","2"]"#) == ["/Header/\(name)"])
    #expect(pointers(#"["1","1","1"]"#) == ["/Header/\(name)"])
    #expect(pointers(#"["1"]"#) == nil)
    #expect(pointers(#""1""#) == nil)
    #expect(pointers("[]") == nil)
  }

  @Test("is right with several values for a field that is a list")
  func lists() {
    for name in ["Accept", "Cache-Control", "Link", "Via", "X-Any", "Set-Cookie", "If-None-Match"] {
      let json = #"{"Url":"http://a","Header":{"\#(name)":["1","2"]}}"#
      #expect(Reading.pointers(json) == nil, "\(name)")
    }
  }

  @Test("has at most 64 waits in its schedule")
  func longSchedule() {
    func pointers(_ count: Int) -> [String]? {
      let waits = Array(repeating: "1", count: count).joined(separator: ",")
      return Reading.pointers(#"{"Url":"http://a","Retry":{"Schedule":[\#(waits)]}}"#)
    }
    #expect(pointers(64) == nil)
    #expect(pointers(65) == ["/Retry/Schedule"])
  }

  @Test("has a UUID of at most 128 characters and a URL of at most 8192 bytes")
  func lengths() {
    func pointers(uuid: Int, url: Int) -> [String]? {
      let url = "http://a/" + String(repeating: "x", count: url - 9)
      let uuid = String(repeating: "x", count: uuid)
      return Reading.pointers(#"{"Url":"\#(url)","UUID":"\#(uuid)"}"#)
    }
    #expect(pointers(uuid: 128, url: 8192) == nil)
    #expect(pointers(uuid: 129, url: 8193) == ["/Url", "/UUID"])
  }
}
