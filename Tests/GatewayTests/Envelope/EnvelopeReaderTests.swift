import Delivery
import Testing

@testable import Gateway

@Suite("An envelope") struct EnvelopeReaderTests {
  @Test("with the six original fields is read to the letter")
  func original() throws {
    let json = """
      {
        "UUID": "2313a6a1-b522-4a32-81f8-58324925dea1",
        "Url": "http://my-url/",
        "Method": "POST",
        "Body": "{}",
        "Header": {
          "Content-Type": "application/json"
        },
        "Timeout": 1000
      }
      """
    let expected = Message(
      uuid: "2313a6a1-b522-4a32-81f8-58324925dea1", url: "http://my-url/",
      origin: Origin(normalised: "http://my-url:80"), method: "POST",
      headers: [HeaderField(name: "Content-Type", value: "application/json")],
      body: Array("{}".utf8), timeoutMs: 1000)
    #expect(try Reading.read(json).get() == expected)
  }

  @Test("needs a Url only, and the rest has its defaults")
  func defaults() throws {
    let message = try Reading.read(#"{"Url":"https://a"}"#).get()
    #expect(message.method == "POST")
    #expect(message.headers == [])
    #expect(message.body == [])
    #expect(message.timeoutMs == 0)
    #expect(message.start == .atOnce)
    #expect(message.limits == RetryLimits())
  }

  @Test("takes field names in any case, and escaped")
  func names() throws {
    let json = #"{"uuid":"a","URL":"http://a/","mEtHoD":"PUT","b\u006fdy":"x","\u0054imeout":5}"#
    let message = try Reading.read(json).get()
    #expect(message.uuid == "a")
    #expect(message.method == "PUT")
    #expect(message.body == Array("x".utf8))
    #expect(message.timeoutMs == 5)
  }

  @Test("takes null for absent, everywhere")
  func null() throws {
    let all = """
      "UUID":null,"Method":null,"Body":null,"BodyBase64":"QQ==","Header":{"A":null},"Timeout":null,
      "Delay":null,"NotBefore":null,"Retry":{"MaxAttempts":null,"MaxAge":null,"Schedule":null}
      """
    let message = try Reading.message(all)
    #expect(message.body == [0x41])
    #expect(message.headers == [])
    #expect(message.limits == RetryLimits())
    #expect(try Reading.message(#""Header":null,"Retry":null"#).limits == RetryLimits())
    #expect(Reading.pointers(#"{"Url":null}"#) == ["/Url"])
  }

  @Test("gives its body byte for byte")
  func bodies() throws {
    let cases: [(json: String, body: String)] = [
      (#""""#, ""),
      (#""{\"a\":\"b\\n\"}""#, #"{"a":"b\n"}"#),
      (#""\u0000\b\f\n\r\t\/\"\\""#, "\0\u{8}\u{C}\n\r\t/\"\\"),
      (#""\u00e9\u20AC\ud83d\uDE00\uFFFF""#, "é€😀\u{FFFF}"),
      (#""é€😀""#, "é€😀"),
      (#""12345678\"12345678901234567\\""#, #"12345678"12345678901234567\"#),
    ]
    for (json, body) in cases {
      #expect(try Reading.message("\"Body\":\(json)").body == Array(body.utf8))
    }
    #expect(try Reading.message(#""BodyBase64":"AP8Q\/w==""#).body == [0x00, 0xFF, 0x10, 0xFF])
  }

  @Test("keeps method and headers as they are given, in their order")
  func headers() throws {
    let message = try Reading.message(
      #""Method":"m-SEARCH","Header":{"x-B":["2","","1"],"X-A":"a\tb é","Empty":[],"x-c":""}"#)
    #expect(message.method == "m-SEARCH")
    #expect(
      message.headers == [
        HeaderField(name: "x-B", value: "2"), HeaderField(name: "x-B", value: ""),
        HeaderField(name: "x-B", value: "1"), HeaderField(name: "X-A", value: "a\tb é"),
        HeaderField(name: "x-c", value: ""),
      ])
  }

  @Test(
    "has a known method in its own case, and any other as it is given",
    arguments: [
      ("post", "POST"), ("Get", "GET"), ("pATCH", "PATCH"), ("head", "HEAD"), ("put", "PUT"),
      ("delete", "DELETE"), ("options", "OPTIONS"), ("propfind", "PROPFIND"), ("posts", "posts"),
      ("Purge", "Purge"), ("p\\u006fst", "POST"),
    ])
  func method(given: String, expected: String) throws {
    #expect(try Reading.message("\"Method\":\"\(given)\"").method == expected)
  }

  @Test("may lead to a URL with what clients send as it is")
  func lenientURL() throws {
    let url = "http://a/[1]/{id}/a|b^`?x[]=1&f={a|b}^`"
    #expect(try Reading.read(#"{"Url":"\#(url)"}"#).get().url == url)
  }

  @Test("may bring the headers of a signature made before")
  func signed() throws {
    let message = try Reading.message(
      #""Header":{"webhook-id":"a","webhook-timestamp":"1","webhook-signature":"v1,x"}"#)
    #expect(message.headers.count == 3)
  }

  @Test("takes whole numbers by their value")
  func numbers() throws {
    for spelling in ["1000", "1e3", "1000.0", "1.0E+3", "10000e-1", "0.1e4"] {
      #expect(try Reading.message("\"Timeout\":\(spelling)").timeoutMs == 1000)
    }
    for spelling in ["0", "-0", "0.0", "0e99", "-0.0e-99"] {
      #expect(try Reading.message("\"Timeout\":\(spelling)").timeoutMs == 0)
    }
    #expect(try Reading.message("\"Timeout\":900000").timeoutMs == 900_000)
  }

  @Test("says when it may be sent first")
  func start() throws {
    #expect(try Reading.message(#""Delay":60000"#).start == .delay(milliseconds: 60_000))
    #expect(try Reading.message(#""Delay":0"#).start == .atOnce)
    let longest = try Reading.message(#""Delay":315360000000"#)
    #expect(longest.start == .delay(milliseconds: 315_360_000_000))
    let time = try Reading.message(#""NotBefore":"2026-11-24T09:00:00+01:00""#)
    #expect(time.start == .notBefore(unixMs: 1_795_507_200_000))
  }

  @Test("sets its own limits")
  func retry() throws {
    let message = try Reading.message(
      #""Retry":{"maxattempts":0,"MaxAge":604800000,"Schedule":[2000,4e3,604800000]}"#)
    #expect(
      message.limits
        == RetryLimits(
          maxAttempts: 0, maxAgeMs: 604_800_000, scheduleMs: [2000, 4000, 604_800_000]))
  }

  @Test("without a UUID gets one of version 7")
  func generated() throws {
    let message = try Reading.read(#"{"Url":"http://a"}"#).get()
    // Reading.now in hexadecimal.
    #expect(message.uuid.hasPrefix("019ab697-e800-7"))
    #expect(message.uuid.count == 36)
  }

  @Test("takes the Idempotency-Key where it has no UUID")
  func idempotencyKey() throws {
    let bare = #"{"Url":"http://a"}"#
    #expect(try Reading.read(bare, idempotencyKey: "k_1").get().uuid == "k_1")
    let own = #"{"Url":"http://a","UUID":"own"}"#
    #expect(try Reading.read(own, idempotencyKey: "not valid!").get().uuid == "own")
    for bad in ["", "a b", "\"a", String(repeating: "x", count: 129)] {
      guard case .failure(let problem) = Reading.read(bare, idempotencyKey: bad) else {
        Issue.record("taken: \(bad)")
        continue
      }
      #expect(problem.status == 400)
      #expect(problem.errors.map(\.pointer) == ["/UUID"])
    }
  }

  @Test("is refused when its destination is, with the host in its canonical form")
  func refusedDestination() throws {
    let refusal: EnvelopeReader.Refusal = { host, port in
      host == "169.254.169.254" && port == 80 ? "it is a metadata service" : nil
    }
    let result = Reading.read(#"{"Url":"http://2852039166/"}"#, refusal: refusal)
    guard case .failure(let problem) = result else {
      Issue.record("taken")
      return
    }
    #expect(problem.status == 400)
    #expect(
      problem.errors == [
        Problem.FieldError(
          pointer: "/Url",
          detail: "Url leads to 169.254.169.254, which is refused: it is a metadata service.")
      ])
    #expect(throws: Never.self) {
      try Reading.read(#"{"Url":"http://a/"}"#, refusal: refusal).get()
    }
  }
}
