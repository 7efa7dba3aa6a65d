import ArgumentParser
import Foundation
import NIOCore
import NIOPosix

/// What a load process prints: one JSON line.
struct LoadResult: Codable {
  var answered: Int
  /// Answers other than 202, by their status.
  var refusals: [Int: Int]
  var seconds: Double
  var cpuSeconds: Double
  var p50Ms: Double
  var p99Ms: Double

  /// Throws unless all were answered 202.
  func check(count: Int) throws {
    guard !refusals.isEmpty else { return }
    let statuses = refusals.sorted { $0.key < $1.key }.map { "\($0.value) times \($0.key)" }
    throw BenchError(
      description: "of \(count) messages some were not answered 202: "
        + statuses.joined(separator: ", "))
  }
}

/// Posts envelopes over a number of connections, each sending its next request when the answer to
/// the last one is complete.
struct LoadCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "load", abstract: "Posts envelopes to a server on loopback.", shouldDisplay: false)

  @Option var port: Int
  @Option var connections = 128
  @Option(help: "Requests in all.") var count = 20_000
  @Option(help: "Destination of the messages.") var url = "http://127.0.0.1:9/hook"
  @Option(help: "Delay of the messages in milliseconds; negative: none.") var delay = 3_600_000
  @Option var seed: UInt64 = 1
  @Option var bytes = 600

  func run() async throws {
    let port = self.port
    var samples = SampleMessages(seed: self.seed)
    let requests = (0..<min(self.count, 2048)).map { _ in
      let envelope = samples.envelope(url: url, delayMs: delay < 0 ? nil : delay, bytes: bytes)
      return ByteBuffer(
        string:
          "POST / HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\nContent-Type: application/json\r\n"
          + "Content-Length: \(envelope.utf8.count)\r\n\r\n\(envelope)")
    }
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let loop = group.next()
    let (count, seed) = (count, seed)
    let state = try await loop.submit {
      NIOLoopBound(
        LoadState(requests: requests, count: count, seed: seed, done: loop.makePromise()),
        eventLoop: loop)
    }.get()
    let channels = try await withThrowingTaskGroup(of: (any Channel).self) { tasks in
      for _ in 0..<connections {
        tasks.addTask {
          try await ClientBootstrap(group: loop)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in
              channel.eventLoop.makeCompletedFuture {
                try channel.pipeline.syncOperations.addHandler(LoadHandler(state.value))
              }
            }
            .connect(host: "127.0.0.1", port: port).get()
        }
      }
      return try await tasks.reduce(into: []) { $0.append($1) }
    }
    let cpu = ownCPUSeconds()
    let start = nowNanoseconds()
    for channel in channels {
      loop.execute { channel.pipeline.fireUserInboundEventTriggered(LoadHandler.Start()) }
    }
    let done = try await loop.submit { state.value.done.futureResult }.get()
    try await done.get()
    let seconds = Double(nowNanoseconds() - start) / 1e9
    let result = try await loop.submit {
      LoadResult(
        answered: state.value.answered, refusals: state.value.refusals, seconds: seconds,
        cpuSeconds: ownCPUSeconds() - cpu, p50Ms: state.value.latencies.percentile(0.5),
        p99Ms: state.value.latencies.percentile(0.99))
    }.get()
    print(String(decoding: try JSONEncoder().encode(result), as: UTF8.self))
    flushOutput()
  }
}

/// Shared by the connections of the one event loop.
final class LoadState {
  private let requests: [ByteBuffer]
  private let count: Int
  private var sent = 0
  private var random: SplitMix64
  private(set) var answered = 0
  private(set) var refusals: [Int: Int] = [:]
  private(set) var latencies = LatencyHistogram()
  let done: EventLoopPromise<Void>
  /// Where the UUID's last twelve digits stand in every request, so that each message is a new one.
  private let uuidOffset: [Int]

  init(requests: [ByteBuffer], count: Int, seed: UInt64, done: EventLoopPromise<Void>) {
    self.requests = requests
    self.count = count
    self.done = done
    random = SplitMix64(state: seed &* 0x9e37_79b9)
    uuidOffset = requests.map { request in
      let text = request.getString(at: 0, length: request.readableBytes) ?? ""
      let found = text.range(of: "\"UUID\":\"")
      return found.map { text.utf8.distance(from: text.startIndex, to: $0.upperBound) + 24 } ?? 0
    }
  }

  func next() -> ByteBuffer? {
    guard sent < count else { return nil }
    let index = sent % requests.count
    var request = requests[index]
    let value = random.next()
    var shift: UInt64 = 0
    for position in 0..<12 {
      let digit = UInt8((value >> shift) & 0xf)
      request.setInteger(
        digit < 10 ? 0x30 + digit : 0x57 + digit, at: uuidOffset[index] + position)
      shift += 4
    }
    sent += 1
    return request
  }

  func answer(status: Int, nanoseconds: UInt64) {
    answered += 1
    if status != 202 { refusals[status, default: 0] += 1 }
    latencies.add(nanoseconds: nanoseconds)
    if answered == count { done.succeed(()) }
  }

  func fail(_ error: any Error) { done.fail(error) }
}

/// One connection: raw bytes, since the client's cost must not hide the server's.
final class LoadHandler: ChannelInboundHandler {
  struct Start {}
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer
  private let state: LoadState
  private var buffered = ByteBuffer()
  private var sentAt: UInt64 = 0
  private var finished = false

  init(_ state: LoadState) { self.state = state }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if event is Start { send(context) } else { context.fireUserInboundEventTriggered(event) }
  }

  private func send(_ context: ChannelHandlerContext) {
    guard let request = state.next() else {
      finished = true
      return
    }
    sentAt = nowNanoseconds()
    context.writeAndFlush(wrapOutboundOut(request), promise: nil)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    var bytes = unwrapInboundIn(data)
    if buffered.readableBytes == 0 { buffered = bytes } else { buffered.writeBuffer(&bytes) }
    while let status = takeAnswer() {
      state.answer(status: status, nanoseconds: nowNanoseconds() - sentAt)
      send(context)
    }
  }

  /// The status of a complete answer at the front of what was read.
  private func takeAnswer() -> Int? {
    let length: (status: Int, total: Int)? = buffered.withUnsafeReadableBytes { bytes in
      guard bytes.count > 12 else { return nil }
      var end = 0
      var contentLength = 0
      var lineStart = 0
      for index in 0..<(bytes.count - 3)
      where bytes[index] == 13 && bytes[index + 1] == 10 {
        if index > lineStart + 15, bytes[lineStart] | 0x20 == 0x63,
          bytes[lineStart + 8] | 0x20 == 0x6c
        {
          contentLength = Self.lengthValue(bytes[lineStart..<index]) ?? contentLength
        }
        lineStart = index + 2
        if bytes[index + 2] == 13 && bytes[index + 3] == 10 {
          end = index + 4
          break
        }
      }
      guard end > 0, bytes.count >= end + contentLength else { return nil }
      let status =
        Int(bytes[9] - 48) * 100 + Int(bytes[10] - 48) * 10 + Int(bytes[11] - 48)
      return (status, end + contentLength)
    }
    guard let length else { return nil }
    buffered.moveReaderIndex(forwardBy: length.total)
    if buffered.readableBytes == 0 { buffered.clear() }
    return length.status
  }

  private static let name = Array("content-length:".utf8)

  private static func lengthValue(_ line: Slice<UnsafeRawBufferPointer>) -> Int? {
    guard zip(line, name).allSatisfy({ $0 | 0x20 == $1 | 0x20 }) else { return nil }
    var value = 0
    for byte in line.dropFirst(name.count) where byte != 0x20 {
      guard byte >= 48, byte <= 57 else { return nil }
      value = value * 10 + Int(byte - 48)
    }
    return value
  }

  func channelInactive(context: ChannelHandlerContext) {
    if !finished { state.fail(BenchError(description: "the server closed a connection")) }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    state.fail(error)
    context.close(promise: nil)
  }
}
