import Delivery
import NIOCore
import Testing

@testable import Gateway

@Suite("Reading requests")
struct RequestReadingTests {
  @Test("a request's method, target, fields and body are read")
  func wholeRequest() {
    let outcome = CoreDriver.run(
      Array(
        "PUT /a?b=c HTTP/1.1\r\nHost: h:1\r\nX-A:  one two \t\r\nContent-Length: 3\r\n\r\nabc".utf8)
    )
    #expect(outcome.refusal == nil)
    #expect(
      outcome.requests == [
        CoreDriver.Seen(
          method: "PUT", target: "/a?b=c",
          fields: ["Host: h:1", "X-A: one two", "Content-Length: 3"], body: Array("abc".utf8))
      ])
  }

  static let refused: [(String, Int)] = [
    // Framing that two readers could understand in two ways.
    ("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na", 400),
    ("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1, 1\r\n\r\na", 400),
    ("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: +1\r\n\r\na", 400),
    ("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\na", 400),
    ("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0x1\r\n\r\na", 400),
    ("POST / HTTP/1.1\r\nHost: h\r\nContent-Length:\r\n\r\na", 400),
    ("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999999999999999\r\n\r\n", 413),
    (
      "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      400
    ),
    (
      "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n0\r\n\r\n",
      400
    ),
    (
      "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
      400
    ),
    ("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501),
    ("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: xchunked\r\n\r\n", 501),
    ("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: identity\r\n\r\n", 501),
    ("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    ("POST / HTTP/1.1\r\nHost: h\r\nContent-Length : 1\r\n\r\na", 400),
    ("POST / HTTP/1.1\r\nHost: h\r\n Content-Length: 1\r\n\r\na", 400),
    ("POST / HTTP/1.1\r\nHost: h\r\nX: a\r\n b\r\n\r\n", 400),
    ("POST / HTTP/1.1\r\nHost: h\r\nX\r\n\r\n", 400),
    ("POST / HTTP/1.1\r\nHost: h\r\n: a\r\n\r\n", 400),
    ("POST / HTTP/1.1\r\nHost: h\r\nX: a\u{0}b\r\n\r\n", 400),
    ("POST / HTTP/1.1\r\nHost: h\r\nX: a\rb\r\n\r\n", 400),
    ("POST / HTTP/1.1\r\nHost: h\r\nX: a\u{7F}\r\n\r\n", 400),
    ("POST / HTTP/1.1\r\nHost: h\r\nX(y): a\r\n\r\n", 400),
    ("POST / HTTP/1.1\nHost: h\n\n", 400),
    ("POST / HTTP/1.1\r\nHost: h\n\r\n", 400),
    // Chunks.
    ("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\ng\r\n", 400),
    ("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n\r\n", 400),
    ("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0x1\r\na\r\n", 400),
    ("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\na\r\n", 400),
    ("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n 1\r\na\r\n", 400),
    ("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1 \r\na\r\n", 400),
    ("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n", 400),
    ("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\na\r\n", 400),
    ("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1;\r\na\r\n", 400),
    ("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1;a==b\r\na\r\n", 400),
    ("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1;a=\"b\r\na\r\n", 400),
    ("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n", 400),
    ("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffff\r\n", 413),
    (
      "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nbad trailer\r\n\r\n",
      400
    ),
    // Versions, targets, hosts.
    ("POST / HTTP/2.0\r\nHost: h\r\n\r\n", 505),
    ("POST / HTTP/0.9\r\n\r\n", 505),
    ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
    ("POST / HTTP/11\r\nHost: h\r\n\r\n", 400),
    ("POST / http/1.1\r\nHost: h\r\n\r\n", 400),
    ("POST /\r\n\r\n", 400),
    ("POST  / HTTP/1.1\r\nHost: h\r\n\r\n", 400),
    ("POST / HTTP/1.1 \r\nHost: h\r\n\r\n", 400),
    (" POST / HTTP/1.1\r\nHost: h\r\n\r\n", 400),
    ("POST noslash HTTP/1.1\r\nHost: h\r\n\r\n", 400),
    ("POST /a#b HTTP/1.1\r\nHost: h\r\n\r\n", 400),
    ("POST /ä HTTP/1.1\r\nHost: h\r\n\r\n", 400),
    ("CONNECT h:80 HTTP/1.1\r\nHost: h\r\n\r\n", 400),
    ("P\u{1}ST / HTTP/1.1\r\nHost: h\r\n\r\n", 400),
    ("POST / HTTP/1.1\r\n\r\n", 400),
    ("POST / HTTP/1.1\r\nHost: h\r\nHost: h\r\n\r\n", 400),
    ("POST / HTTP/1.1\r\nHost: a b\r\n\r\n", 400),
    ("POST / HTTP/1.1\r\nHost: [::1\r\n\r\n", 400),
    ("POST / HTTP/1.1\r\nHost: user@h\r\n\r\n", 400),
    ("POST / HTTP/1.1\r\nHost: h:80x\r\n\r\n", 400),
    ("POST / HTTP/1.1\r\nHost: h\r\nExpect: a-miracle\r\n\r\n", 417),
  ]

  @Test("what is not strictly HTTP/1.1 is refused", arguments: refused)
  func refusals(request: String, status: Int) {
    let outcome = CoreDriver.run(Array(request.utf8))
    #expect(outcome.refusal == status)
    #expect(outcome.requests.isEmpty)
  }

  @Test("every refusal is the same when the bytes come one by one", arguments: refused)
  func refusalsByByte(request: String, status: Int) {
    let bytes = Array(request.utf8)
    let outcome = CoreDriver.run(bytes, cuts: bytes.map { _ in 1 })
    #expect(outcome.refusal == status)
    #expect(outcome.requests.isEmpty)
  }

  static let accepted: [(String, body: String)] = [
    ("GET / HTTP/1.1\r\nHost:\r\n\r\n", ""),
    ("GET / HTTP/1.0\r\n\r\n", ""),
    ("GET / HTTP/1.2\r\nHost: h\r\n\r\n", ""),
    ("\r\nGET / HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n", ""),
    ("GET http://h/ HTTP/1.1\r\nHost: h\r\n\r\n", ""),
    ("OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n", ""),
    ("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 003\r\n\r\nabc", "abc"),
    ("POST / HTTP/1.1\r\nHost: h\r\nX: \u{FC}\tb\r\nContent-Length:3 \r\n\r\nabc", "abc"),
    (
      "POST / HTTP/1.1\r\nhost: h\r\ntransfer-encoding: Chunked\r\n\r\n2\r\nab\r\n1;x=\"y\\\"z\";v=w\r\nc\r\n0\r\n\r\n",
      "abc"
    ),
    (
      "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n03\r\nabc\r\n0\r\nX-T: 1\r\n\r\n",
      "abc"
    ),
  ]

  @Test("what is HTTP/1.1 is read, in one piece and byte by byte", arguments: accepted)
  func acceptance(request: String, body: String) {
    let bytes = Array(request.utf8)
    for outcome in [CoreDriver.run(bytes), CoreDriver.run(bytes, cuts: bytes.map { _ in 1 })] {
      #expect(outcome.refusal == nil)
      #expect(outcome.requests.map(\.body) == [Array(body.utf8)])
    }
  }

  @Test("a delivery of our own that comes back is refused as a loop, another instance's is taken")
  func loop() {
    func run(_ field: String) -> CoreDriver.Outcome {
      CoreDriver.run(
        Array("POST / HTTP/1.1\r\nHost: h\r\n\(field)\r\nContent-Length: 1\r\n\r\na".utf8))
    }
    for name in ["Dispatcher-Instance", "dispatcher-instance", "DISPATCHER-INSTANCE"] {
      #expect(run("\(name): \(InstanceMark.own)").refusal == 508)
      #expect(run("\(name): \(String(repeating: "0", count: 32))").refusal == nil)
      #expect(run("\(name): \(InstanceMark.own)0").refusal == nil)
      #expect(run("\(name):").refusal == nil)
    }
    #expect(run("Dispatcher-Attempt: \(InstanceMark.own)").refusal == nil)
  }

  @Test("noise and TLS are refused at their first bytes")
  func noise() {
    let clientHello: [UInt8] = [0x16, 0x03, 0x01, 0x02, 0x00, 0x01]
    #expect(CoreDriver.run(clientHello).refusal == 400)
    #expect(CoreDriver.run([0x00]).refusal == 400)
    #expect(CoreDriver.run([0xFF, 0xFE]).refusal == 400)
    #expect(CoreDriver.run(Array("hello\n".utf8)).refusal == 400)
    #expect(CoreDriver.run(Array("hello\r\nHost".utf8)).refusal == 400)
  }

  @Test("a request line, a head and a number of fields have their limits")
  func headLimits() {
    let longTarget = "GET /\(String(repeating: "a", count: 9000))"
    #expect(CoreDriver.run(Array(longTarget.utf8)).refusal == 414)
    #expect(CoreDriver.run(Array("\(longTarget) HTTP/1.1\r\n".utf8)).refusal == 414)
    let start = "GET / HTTP/1.1\r\nHost: h\r\n"
    let longField = start + "X: \(String(repeating: "a", count: 33000))"
    #expect(CoreDriver.run(Array(longField.utf8)).refusal == 431)
    let manyFields = start + String(repeating: "X: a\r\n", count: 101) + "\r\n"
    #expect(CoreDriver.run(Array(manyFields.utf8)).refusal == 431)
    let enoughFields = start + String(repeating: "X: a\r\n", count: 99) + "\r\n"
    #expect(CoreDriver.run(Array(enoughFields.utf8)).requests.count == 1)
  }

  @Test("a body beyond the limit is refused as soon as it says so")
  func bodyLimit() {
    let fixed = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 11\r\n\r\n"
    #expect(CoreDriver.run(Array(fixed.utf8), bodyMax: 10).refusal == 413)
    let chunked =
      "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nabcdef\r\n5\r\n"
    #expect(CoreDriver.run(Array(chunked.utf8), bodyMax: 10).refusal == 413)
    #expect(CoreDriver.run(Array(chunked.utf8), bodyMax: 11).refusal == nil)
  }

  @Test("trailer fields and a chunk's extensions are bounded")
  func chunkLimits() {
    let start = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
    let extensions = start + "1;\(String(repeating: "x", count: 300))"
    #expect(CoreDriver.run(Array(extensions.utf8)).refusal == 400)
    let trailers = start + "0\r\n" + String(repeating: "X: aaaaaaaaaaaa\r\n", count: 600)
    #expect(CoreDriver.run(Array(trailers.utf8)).refusal == 400)
  }
}
