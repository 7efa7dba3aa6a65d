import Foundation
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix

/// An HTTP answer as it came.
struct Answer: Sendable {
  var status: Int
  var headers: [(name: String, value: String)]
  var body: [UInt8]

  var text: String { String(decoding: body, as: UTF8.self) }
  func header(_ name: String) -> String? {
    headers.first { $0.name.lowercased() == name.lowercased() }?.value
  }
  func object() throws -> [String: Any] {
    guard let object = try JSONSerialization.jsonObject(with: Data(body)) as? [String: Any] else {
      throw TestFailure("not a JSON object: \(text)")
    }
    return object
  }

  /// The answers in the bytes of a connection, in order. HEAD answers must come alone and last.
  static func parse(_ bytes: [UInt8], headOnly: Bool = false) throws -> [Answer] {
    var answers: [Answer] = []
    var rest = bytes[...]
    while !rest.isEmpty {
      guard let end = rest.firstRange(of: Array("\r\n\r\n".utf8)) else {
        throw TestFailure("half an answer: \(String(decoding: rest, as: UTF8.self))")
      }
      let lines = String(decoding: rest[..<end.lowerBound], as: UTF8.self)
        .components(separatedBy: "\r\n")
      let status = Int(lines[0].split(separator: " ").dropFirst().first ?? "") ?? 0
      let headers = lines.dropFirst().map { line in
        let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        return (
          name: String(parts[0]),
          value: parts.count > 1 ? parts[1].trimmingCharacters(in: .whitespaces) : ""
        )
      }
      rest = rest[end.upperBound...]
      var answer = Answer(status: status, headers: headers, body: [])
      if let length = Int(answer.header("Content-Length") ?? ""), !headOnly, status >= 200 {
        answer.body = Array(rest.prefix(length))
        rest = rest.dropFirst(length)
      } else if answer.header("Transfer-Encoding")?.lowercased() == "chunked", !headOnly {
        (answer.body, rest) = try dechunk(rest)
      } else if status >= 200, !headOnly, status != 204 {
        answer.body = Array(rest)
        rest = []
      }
      answers.append(answer)
    }
    return answers
  }

  private static func dechunk(_ bytes: ArraySlice<UInt8>) throws -> ([UInt8], ArraySlice<UInt8>) {
    var rest = bytes
    var body: [UInt8] = []
    while true {
      guard let end = rest.firstRange(of: [13, 10]),
        let length = Int(String(decoding: rest[..<end.lowerBound], as: UTF8.self), radix: 16)
      else { throw TestFailure("bad chunk in an answer") }
      rest = rest[end.upperBound...]
      body += rest.prefix(length)
      rest = rest.dropFirst(length + 2)
      if length == 0 { return (body, rest) }
    }
  }
}

private let clientGroup = MultiThreadedEventLoopGroup.singleton

/// A TCP connection to loopback that sends and reads exact bytes.
final class RawConnection: Sendable {
  private let channel: any Channel
  private let collector: NIOLockedValueBox<Collected>

  struct Collected {
    var bytes: [UInt8] = []
    var closed = false
  }

  init(port: Int) async throws {
    let collector = NIOLockedValueBox(Collected())
    self.collector = collector
    channel = try await ClientBootstrap(group: clientGroup)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(CollectHandler(collector))
        }
      }
      .connect(host: "127.0.0.1", port: port).get()
  }

  func send(_ text: String) async throws { try await send(Array(text.utf8)) }
  func send(_ bytes: [UInt8]) async throws {
    try await channel.writeAndFlush(ByteBuffer(bytes: bytes)).get()
  }

  var received: [UInt8] { collector.withLockedValue(\.bytes) }
  var isClosed: Bool { collector.withLockedValue(\.closed) }

  /// Everything until the peer closes.
  func readToEnd(seconds: Double = 30) async throws -> [UInt8] {
    try await eventually(
      "the peer closes (so far: \(String(decoding: received, as: UTF8.self)))", seconds: seconds
    ) { self.isClosed ? self.received : nil }
  }

  /// Waits for `count` complete answers on a connection that stays open.
  func answers(_ count: Int, seconds: Double = 30) async throws -> [Answer] {
    try await eventually("\(count) answers", seconds: seconds) {
      guard let answers = try? Answer.parse(self.received), answers.count >= count else {
        return nil
      }
      return answers
    }
  }

  func close() async { try? await channel.close().get() }
}

private final class CollectHandler: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  private let collector: NIOLockedValueBox<RawConnection.Collected>
  init(_ collector: NIOLockedValueBox<RawConnection.Collected>) { self.collector = collector }
  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let bytes = unwrapInboundIn(data)
    collector.withLockedValue { $0.bytes += Array(bytes.readableBytesView) }
  }
  func channelInactive(context: ChannelHandlerContext) {
    collector.withLockedValue { $0.closed = true }
  }
  func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}

/// One request on a connection of its own.
func request(
  port: Int, method: String, path: String, headers: [(String, String)] = [], body: [UInt8]? = nil
) async throws -> Answer {
  let connection = try await RawConnection(port: port)
  var head = "\(method) \(path) HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\nConnection: close\r\n"
  for (name, value) in headers { head += "\(name): \(value)\r\n" }
  if let body { head += "Content-Length: \(body.count)\r\n" }
  try await connection.send(Array((head + "\r\n").utf8) + (body ?? []))
  let bytes = try await connection.readToEnd()
  await connection.close()
  guard
    let answer = try Answer.parse(bytes, headOnly: method == "HEAD").last(where: {
      $0.status >= 200
    })
  else { throw TestFailure("no answer to \(method) \(path)") }
  return answer
}
