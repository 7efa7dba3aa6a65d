import NIOCore
import NIOEmbedded
import NIOHTTP1
import Testing

@testable import Gateway

/// The request reader stands in the place of NIO's decoder, which is llhttp. What ours accepts,
/// llhttp must read the same; llhttp may accept more.
@Suite("The request reader beside NIO's decoder", .timeLimit(.minutes(5)))
struct DecoderComparisonTests {
  @Test("whatever is accepted, NIO's decoder reads the same")
  func agreesWithNIO() throws {
    var accepted = 0
    for seed in UInt64(0)..<6000 {
      var generator = RequestGenerator(seed: seed)
      let bytes = generator.next()
      // llhttp refuses later minor versions; RFC 9110 §2.5 has them read as HTTP/1.1.
      if Self.namesLaterMinorVersion(bytes) { continue }
      let ours = CoreDriver.run(bytes)
      let theirs = Self.readWithNIO(bytes)
      for (index, request) in ours.requests.enumerated() {
        // llhttp knows a list of methods; a token beyond it ends here with 404 or 405.
        guard RequestGenerator.methods.contains(request.method) else { break }
        accepted += 1
        guard index < theirs.count, theirs[index] == request else {
          Issue.record("seed \(seed): \(String(decoding: bytes, as: UTF8.self).debugDescription)")
          break
        }
      }
    }
    // Otherwise the comparison says nothing.
    #expect(accepted > 3000)
  }

  @Test("splits don't matter: the same bytes in pieces give the same requests and refusals")
  func splits() {
    for seed in UInt64(0)..<3000 {
      var generator = RequestGenerator(seed: seed)
      let bytes = generator.next()
      let cuts = (0..<12).map { _ in
        Int.random(in: 1...(bytes.count / 3 + 1), using: &generator.random)
      }
      let whole = CoreDriver.run(bytes)
      let pieces = CoreDriver.run(bytes, cuts: cuts)
      #expect(
        whole == pieces,
        "seed \(seed), \(cuts): \(String(decoding: bytes, as: UTF8.self).debugDescription)")
    }
  }

  @Test("random bytes never crash and never become a request")
  func noise() {
    for seed in UInt64(0)..<2000 {
      var random = SeededGenerator(seed: seed)
      let bytes = (0..<Int.random(in: 1...400, using: &random)).map { _ in
        UInt8.random(in: 0...255, using: &random)
      }
      #expect(CoreDriver.run(bytes).requests.isEmpty, "seed \(seed)")
    }
  }

  private static func namesLaterMinorVersion(_ bytes: [UInt8]) -> Bool {
    String(decoding: bytes, as: UTF8.self).firstMatch(of: /HTTP\/1\.[2-9]/) != nil
  }

  /// NIO leaves tabs at the end of a value.
  private static func trimmed(_ value: String) -> Substring {
    var rest = value[...]
    while rest.last == "\t" || rest.last == " " { rest.removeLast() }
    return rest
  }

  private static func readWithNIO(_ bytes: [UInt8]) -> [CoreDriver.Seen] {
    let channel = EmbeddedChannel(handler: ByteToMessageHandler(HTTPRequestDecoder()))
    // Errors end the reading; what was read before them counts.
    _ = try? channel.writeInbound(ByteBuffer(bytes: bytes))
    var requests: [CoreDriver.Seen] = []
    var current: CoreDriver.Seen?
    while let part = try? channel.readInbound(as: HTTPServerRequestPart.self) {
      switch part {
      case .head(let head):
        current = CoreDriver.Seen(
          method: head.method.rawValue, target: head.uri,
          fields: head.headers.map { "\($0.name): \(trimmed($0.value))" }, body: [])
      case .body(let body): current?.body += Array(buffer: body)
      case .end:
        if let current { requests.append(current) }
        current = nil
      }
    }
    _ = try? channel.finish(acceptAlreadyClosed: true)
    return requests
  }
}

/// One to three requests, most of them valid, with a few bytes changed now and then.
struct RequestGenerator {
  static let methods = ["GET", "POST", "PUT", "DELETE", "HEAD", "PATCH", "OPTIONS"]
  var random: SeededGenerator

  init(seed: UInt64) { random = SeededGenerator(seed: seed) }

  mutating func next() -> [UInt8] {
    var bytes: [UInt8] = []
    for _ in 0..<Int.random(in: 1...3, using: &random) { bytes += Array(request().utf8) }
    if Int.random(in: 0..<2, using: &random) == 0 { mutate(&bytes) }
    return bytes
  }

  private mutating func request() -> String {
    var text = "\(pick(Self.methods)) \(pick(["/", "/messages", "/messages/a?b=c", "/x/%20"])) "
    text += pick(["HTTP/1.1", "HTTP/1.1", "HTTP/1.1", "HTTP/1.0"]) + "\r\n"
    let body = String(repeating: "b", count: Int.random(in: 0...40, using: &random))
    var fields = ["Host: h"]
    for _ in 0..<Int.random(in: 0...3, using: &random) {
      fields.append(
        pick([
          "X-A: b", "X-B:c", "Accept: */*", "X-C:  spaced \t", "Connection: keep-alive",
          "Connection: close", "X-Empty:", "X-Q: \"a, b\"",
        ]))
    }
    let isChunked = Bool.random(using: &random)
    fields.append(isChunked ? "Transfer-Encoding: chunked" : "Content-Length: \(body.utf8.count)")
    if Int.random(in: 0..<12, using: &random) == 0 { fields.append("Content-Length: 3") }
    fields.shuffle(using: &random)
    text += fields.joined(separator: "\r\n") + "\r\n\r\n"
    return text + (isChunked ? chunked(body) : body)
  }

  private mutating func chunked(_ body: String) -> String {
    var text = ""
    var rest = body[...]
    while !rest.isEmpty {
      let part = rest.prefix(Int.random(in: 1...20, using: &random))
      rest = rest.dropFirst(part.count)
      text += String(part.utf8.count, radix: 16, uppercase: Bool.random(using: &random))
      text += pick(["", "", ";a", ";a=b"]) + "\r\n\(part)\r\n"
    }
    return text + "0\r\n" + pick(["", "", "X-T: 1\r\n"]) + "\r\n"
  }

  private mutating func mutate(_ bytes: inout [UInt8]) {
    let interesting = Array("\r\n\t :;,0123456789aZ\u{0}\u{7F}-".utf8) + [0x80, 0xFF]
    for _ in 0..<Int.random(in: 1...3, using: &random) where !bytes.isEmpty {
      let place = Int.random(in: 0..<bytes.count, using: &random)
      switch Int.random(in: 0..<4, using: &random) {
      case 0: bytes[place] = interesting.randomElement(using: &random) ?? 0
      case 1: bytes.insert(interesting.randomElement(using: &random) ?? 0, at: place)
      case 2: bytes.remove(at: place)
      default: bytes.insert(bytes[place], at: place)
      }
    }
  }

  private mutating func pick(_ choices: [String]) -> String {
    choices.randomElement(using: &random) ?? ""
  }
}
