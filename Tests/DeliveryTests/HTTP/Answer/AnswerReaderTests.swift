import Testing

@testable import Delivery

@Suite("Reading answers")
struct AnswerReaderTests {
  /// In one piece, byte by byte and in pieces of seven bytes: the same.
  private func reading(
    _ text: String, to method: String = "POST", headLimit: Int = 4000, bodyLimit: Int = 4000,
    ends: Bool = false, at location: SourceLocation = #_sourceLocation
  ) -> AnswerReading {
    let readings = [nil, 1, 7].map {
      AnswerReading(
        text, to: method, in: $0, headLimit: headLimit, bodyLimit: bodyLimit, ends: ends)
    }
    for other in readings.dropFirst() where !readings[0].isForeign {
      #expect(other == readings[0], sourceLocation: location)
    }
    return readings[0]
  }

  private func ready(_ status: UInt16) -> AnswerReading {
    var wanted = AnswerReading("")
    wanted.answer = ResponseSummary(status: status)
    wanted.next = .ready
    return wanted
  }

  @Test("every status of 100 to 999 that is final is the answer, and the connection is kept")
  func statuses() {
    for status in UInt16(200)...999 {
      #expect(reading("HTTP/1.1 \(status) W\r\nContent-Length: 0\r\n\r\n") == ready(status))
    }
  }

  @Test(
    "where an answer ends is known, so that its connection carries the next",
    arguments: [
      "Content-Length: 3\r\n\r\nabc", "content-length:3\r\n\r\nabc",
      "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
      "Transfer-Encoding: Chunked\r\n\r\nA;x=y\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\n",
      "Connection: keep-alive\r\nContent-Length: 0\r\n\r\n",
      "Link: </a>\r\nSet-Cookie: a\r\nContent-Length:  3 \r\n\r\nabc",
    ])
  func framing(rest: String) {
    #expect(reading("HTTP/1.1 201 Made\r\n\(rest)") == ready(201))
  }

  @Test(
    "answers without a body end with their head",
    arguments: [("HEAD", 200), ("POST", 204), ("GET", 304)] as [(String, UInt16)])
  func noBody(method: String, status: UInt16) {
    let text = "HTTP/1.1 \(status) W\r\nContent-Length: 5\r\n\r\n"
    #expect(reading(text, to: method) == ready(status))
  }

  @Test(
    "a fault in the head costs the connection, not the outcome",
    arguments: [
      "Server: x\nContent-Length: 0\n\n", "Folded: a\r\n b\r\nContent-Length: 0\r\n\r\n",
      "Content-Length: 0\r\nContent-Length: 0\r\n\r\n",
      "Content-Length: 1\r\nContent-Length: 2\r\n\r\nx",
      "Content-Length: 0, 0\r\n\r\n", "Content-Length: x\r\n\r\n", "Content-Length: -1\r\n\r\n",
      "Content-Length: 99999999999999999999999\r\n\r\n", "Content-Length: \r\n\r\n",
      "Bad Name: x\r\nContent-Length: 0\r\n\r\n", "Name : x\r\nContent-Length: 0\r\n\r\n",
      "no colon\r\nContent-Length: 0\r\n\r\n", ": x\r\nContent-Length: 0\r\n\r\n",
      "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
      "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      String(repeating: "X: y\r\n", count: 257) + "Content-Length: 0\r\n\r\n",
      " leading: x\r\nContent-Length: 0\r\n\r\n",
    ])
  func oddHeads(rest: String) {
    let got = reading("HTTP/1.1 201 Made\r\n\(rest)", ends: true)
    #expect(got.answer == ResponseSummary(status: 201))
    #expect(got.next == .close)
  }

  @Test(
    "a status line with an odd end is legible",
    arguments: [
      "HTTP/1.1 201\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 201 \r\nContent-Length: 0\r\n\r\n",
      "HTTP/1.1 201 a\u{1}ü\r\nContent-Length: 0\r\n\r\n",
    ])
  func statusLines(text: String) {
    #expect(reading(text) == ready(201))
  }

  @Test(
    "what follows a legible status doesn't matter, not even that nothing does",
    arguments: [
      "\r\nHTTP/1.1 201 x\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1  201 x\r\n\r\n",
      "HTTP/1.1 201\n\n", "HTTP/1.1 201 Cre", "HTTP/1.1 201\r", "HTTP/1.1 201 x\r\nContent-Le",
      "HTTP/1.1 201 x\r\nContent-Length: 9\r\n\r\nhalf", "HTTP/1.7 201 x\r\n\r\nuntil the end",
      "HTTP/1.0 201 x\r\nContent-Length: 2\r\n\r\nok",
      "HTTP/1.1 201 x\r\nConnection: TE, Close\r\nContent-Length: 0\r\n\r\n",
      "HTTP/1.1 201 x\r\nTransfer-Encoding: chunked\r\n\r\nno chunk\r\n",
      "HTTP/1.1 201 x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n",
      "HTTP/1.1 201 x\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
      "HTTP/1.1 201 x\r\nContent-Length: 0\r\n\r\nHTTP/1.1 500 x\r\n\r\n",
    ])
  func rests(text: String) {
    let got = AnswerReading(text, ends: true)
    #expect(got.answer == ResponseSummary(status: 201))
    #expect(got.next == .close)
    #expect(AnswerReading(text, in: 1, ends: true).answer == got.answer)
  }

  @Test(
    "what isn't HTTP/1.x with a status of 100 to 999 is no answer",
    arguments: [
      "garbage\r\n\r\n", "HTTP/2.0 200 OK\r\n\r\n", "HTTP/9.9 200 OK\r\n\r\n", "ICY 200 OK\r\n\r\n",
      "HTTP/1.1 abc OK\r\n\r\n", "HTTP/1.1 2000 OK\r\n\r\n", "HTTP/1.1 20x OK\r\n\r\n",
      "HTTP/1.1200 OK\r\n\r\n", "HTTP/1.x 200 OK\r\n\r\n", "http/1.1 200 OK\r\n\r\n",
      "SSH-2.0-OpenSSH_9.9\r\n", "220 mail.test ESMTP\r\n", "\u{0}\u{0}\u{12}\u{4}\u{0}",
    ])
  func foreign(text: String) {
    #expect(reading(text).isForeign)
  }

  @Test("a status never begins with 0")
  func zero() {
    var line = StatusLine()
    same("HTTP/1.1 ".utf8.map { line.take($0) }, Array(repeating: .more, count: 9))
    same(line.take(UInt8(ascii: "0")), .foreign)
  }

  @Test("a connection that ends before the status is no answer", arguments: ["", "HTTP/1.1 20"])
  func nothing(text: String) {
    let got = reading(text, ends: true)
    #expect(got.answer == nil && got.next == .close)
  }

  @Test("interim answers are skipped, an offer to switch is an answer that ends the connection")
  func interim() {
    let early = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 x\r\nRetry-After: 9\r\nX: y\r\n\r\n"
    #expect(reading(early + "HTTP/1.1 202 x\r\nContent-Length: 0\r\n\r\n") == ready(202))
    #expect(reading(early, ends: true).answer == nil)
    let got = reading("HTTP/1.1 101 x\r\nUpgrade: y\r\n\r\n")
    #expect(got.answer == ResponseSummary(status: 101) && got.next == .close)
  }

  @Test(
    "when to come back is found in odd heads, too",
    arguments: [
      "Retry-After: 7\r\n", "retry-after:7\r\nRetry-After: 8\r\n", "Retry-After : 7\r\n",
      "Retry-After:\r\n\t7\r\n", "Retry-After: 7\nX: y\n", "Bad Name: x\r\nRETRY-AFTER: \t7 \r\n",
      "Content-Length: 1\r\nContent-Length: 2\r\nRetry-After: 7\r\n",
      String(repeating: "X: y\r\n", count: 300) + "Retry-After: 7\r\n",
      "X: \(String(repeating: "z", count: 100_000))\r\nRetry-After: 7\r\n",
    ])
  func retryAfter(fields: String) {
    let got = reading("HTTP/1.1 503 x\r\n\(fields)\r\n", headLimit: 128 << 10, ends: true)
    #expect(got.answer == ResponseSummary(status: 503, retryAfter: "7"))
  }

  @Test("an answer that refuses a message for good is known by its field")
  func abort() {
    let got = reading("HTTP/1.1 500 x\r\nWebhook-Delivery: Abort-Message\r\n\r\n", ends: true)
    #expect(got.answer == ResponseSummary(status: 500, abortMessage: true))
  }

  @Test("a head of any length is the answer once it is longer than is read")
  func endlessHead() {
    for rest in [
      "X: \(String(repeating: "z", count: 5000))", String(repeating: "X: y\r\n", count: 900),
    ] {
      let got = reading("HTTP/1.1 200 OK\r\nRetry-After: 7\r\n\(rest)")
      #expect(got.answer == ResponseSummary(status: 200, retryAfter: "7"))
      #expect(got.next == .close)
    }
    #expect(reading("HTTP/1.1 200 \(String(repeating: "z", count: 5000))").answer?.status == 200)
    #expect(reading(String(repeating: "HTTP/1.1 100 x\r\n\r\n", count: 300)).isForeign)
    #expect(reading(String(repeating: "\r\n", count: 3000)).isForeign)
  }

  @Test("the outcome is given at the head, and a body of any length ends with its limit")
  func body() {
    let head = "HTTP/1.1 200 x\r\nContent-Length: 5000\r\n\r\n"
    var reader = AnswerReader(headLimit: 4000, bodyLimit: 4000)
    reader.expect(answerTo: "POST")
    same(
      reader.read(head), AnswerReader.Progress(answer: ResponseSummary(status: 200), next: .more))
    #expect(reader.isDraining)
    same(reader.read(String(repeating: "z", count: 4000)), AnswerReader.Progress(next: .more))
    same(reader.read("z"), AnswerReader.Progress(next: .close))
  }

  @Test("bytes that nobody asked for make a connection useless")
  func stray() {
    var reader = AnswerReader(headLimit: 4000, bodyLimit: 4000)
    reader.expect(answerTo: "POST")
    same(reader.read("HTTP/1.1 200 x\r\nContent-Length: 0\r\n\r\n").next, .ready)
    #expect(reader.isIdle)
    same(reader.read("HTTP/1.1 408 x\r\n\r\n"), AnswerReader.Progress(next: .close))
    #expect(!reader.isIdle)
  }

  @Test("when patience is over, what is legible is the answer")
  func patience() {
    var reader = AnswerReader(headLimit: 4000, bodyLimit: 4000)
    reader.expect(answerTo: "POST")
    same(reader.read("HTTP/1.1 503 x\r\nRetry-After: 7\r\nX: "), AnswerReader.Progress())
    #expect(reader.isNearlyAnswered)
    let answer = ResponseSummary(status: 503, retryAfter: "7")
    same(reader.patienceIsOver(), AnswerReader.Progress(answer: answer, next: .close))
    same(reader.ended(), AnswerReader.Progress(next: .close))
  }

  @Test(
    "a 400 is put into words that its body knows better",
    arguments: [
      (
        "<head><title>400 The plain HTTP request was sent to HTTPS port</title></head>",
        AnswerMeaning.wantsTLS
      ),
      ("Client sent an HTTP request to an HTTPS server.\n", AnswerMeaning.wantsTLS),
      (
        "Reason: You're speaking plain HTTP to an SSL-enabled server port.<br />",
        AnswerMeaning.wantsTLS
      ),
      (
        "Bad Request\r\nThis combination of host and port requires TLS.\r\n", AnswerMeaning.wantsTLS
      ),
      (
        "<head><title>400 No required SSL certificate was sent</title></head>",
        AnswerMeaning.wantsCertificate
      ),
      ("<p>The SSL certificate error</p>", AnswerMeaning.wantsCertificate),
      ("{\"error\":\"no such field\"}", nil), (String(repeating: "z", count: 3000), nil),
    ] as [(String, String?)])
  func meaning(body: String, meaning: String?) {
    let answer = ResponseSummary(status: 400, meaning: meaning)
    let length = "HTTP/1.1 400 x\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
    #expect(reading(length).answer == answer)
    #expect(reading("HTTP/1.0 400 x\r\n\r\n\(body)", ends: true).answer == answer)
    let chunk = String(body.utf8.count, radix: 16)
    let chunked = "Transfer-Encoding: chunked\r\n\r\n\(chunk)\r\n\(body)\r\n0\r\n\r\n"
    #expect(reading("HTTP/1.1 400 x\r\n\(chunked)").answer == answer)
    #expect(reading("HTTP/1.1 401 x\r\n\r\n\(body)", ends: true).answer?.meaning == nil)
  }

  @Test("what stands in front of TLS is said to be TLS, other things are shown")
  func foreignTexts() {
    #expect(ForeignAnswer([0x15, 3, 3, 0, 2, 2, 0x46]).text == AnswerMeaning.wantsTLS)
    #expect(ForeignAnswer(Array("SSH-2.0-x\r\n".utf8)).text.hasSuffix("begins with \"SSH-2.0-x\""))
    #expect(ForeignAnswer([0, 0, 18, 4, 0]).text.contains("HTTP/2"))
  }
}

extension AnswerReader {
  fileprivate mutating func read(_ text: String) -> Progress {
    Array(text.utf8).withUnsafeBytes { read($0) }
  }
}
