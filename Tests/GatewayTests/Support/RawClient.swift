import NIOCore
import NIOPosix

/// A TCP connection as it is: bytes out, bytes in.
final class RawClient: Sendable {
  enum Failure: Error { case nothingCame(String) }

  private let channel: any Channel
  private let collector: NIOLoopBoundBox<Collector>

  static func connect(_ address: SocketAddress) async throws -> RawClient {
    let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .channelOption(.allowRemoteHalfClosure, value: true)
      .connect(to: address) { channel in
        channel.eventLoop.makeCompletedFuture {
          let collector = Collector()
          try channel.pipeline.syncOperations.addHandler(collector)
          return (channel, NIOLoopBoundBox(collector, eventLoop: channel.eventLoop))
        }
      }
    return RawClient(channel: channel.0, collector: channel.1)
  }

  private init(channel: any Channel, collector: NIOLoopBoundBox<Collector>) {
    self.channel = channel
    self.collector = collector
  }

  func send(_ bytes: some Sequence<UInt8> & Sendable) async throws {
    try await channel.writeAndFlush(ByteBuffer(bytes: bytes)).get()
  }

  func send(_ text: String) async throws { try await send(Array(text.utf8)) }

  func closeOutput() async throws { try await channel.close(mode: .output).get() }

  func close() async { try? await channel.close().get() }

  /// Closes with a reset instead of an orderly end.
  func reset() async throws {
    guard let socket = channel as? any SocketOptionProvider else { return }
    try await socket.setSoLinger(linger(l_onoff: 1, l_linger: 0)).get()
    await close()
  }

  func pauseReading(_ isPaused: Bool) async throws {
    try await channel.setOption(.autoRead, value: !isPaused).get()
  }

  /// What was received, once `isEnough` says so; fails after four minutes: the routes share
  /// their threads with every other test of the run.
  @discardableResult
  func received(until isEnough: @escaping @Sendable (String) -> Bool) async throws -> String {
    try await collector.eventLoop.flatSubmit { [collector] in
      collector.value.wait(on: collector.eventLoop) { text, _ in isEnough(text) }
    }.get()
  }

  /// What was received until the server closed its side.
  func receivedUntilClose() async throws -> String {
    try await collector.eventLoop.flatSubmit { [collector] in
      collector.value.wait(on: collector.eventLoop) { _, isClosed in isClosed }
    }.get()
  }

  /// The next `count` whole responses, which must carry their length.
  func responses(_ count: Int) async throws -> [RawResponse] {
    let text = try await received { RawResponse.parse($0).count >= count }
    return RawResponse.parse(text)
  }

  private final class Collector: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    private var received: [UInt8] = []
    private var isClosed = false
    private var waiting: (promise: EventLoopPromise<String>, isEnough: (String, Bool) -> Bool)?

    private var text: String { String(decoding: received, as: UTF8.self) }

    func wait(
      on eventLoop: any EventLoop, _ isEnough: @escaping (String, Bool) -> Bool
    ) -> EventLoopFuture<String> {
      let promise = eventLoop.makePromise(of: String.self)
      waiting = (promise, isEnough)
      check()
      eventLoop.assumeIsolated().scheduleTask(in: .minutes(4)) {
        promise.fail(Failure.nothingCame(self.text))
      }
      return promise.futureResult
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      received += Array(buffer: unwrapInboundIn(data))
      check()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
      if case .inputClosed? = event as? ChannelEvent { end() }
    }

    func channelInactive(context: ChannelHandlerContext) { end() }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
      context.close(promise: nil)
    }

    private func end() {
      isClosed = true
      check()
    }

    private func check() {
      guard let waiting, waiting.isEnough(text, isClosed) || isClosed else { return }
      self.waiting = nil
      waiting.promise.succeed(text)
    }
  }
}

/// One HTTP response as it came.
struct RawResponse: Equatable {
  var status: Int
  var fields: [(name: String, value: String)]
  var body: String

  func field(_ name: String) -> String? {
    fields.first { $0.name.lowercased() == name.lowercased() }?.value
  }

  static func == (one: RawResponse, other: RawResponse) -> Bool {
    one.status == other.status && one.body == other.body
      && one.fields.map(\.name) == other.fields.map(\.name)
      && one.fields.map(\.value) == other.fields.map(\.value)
  }

  /// All whole responses at the beginning of `text`; a 1xx has no body.
  static func parse(_ text: String) -> [RawResponse] {
    var responses: [RawResponse] = []
    var rest = Array(text.utf8)[...]
    while let response = next(&rest) { responses.append(response) }
    return responses
  }

  private static func next(_ rest: inout ArraySlice<UInt8>) -> RawResponse? {
    let separator = Array("\r\n\r\n".utf8)
    guard
      let end = rest.indices.first(where: { rest[$0...].starts(with: separator) })
    else { return nil }
    let lines = String(decoding: rest[..<end], as: UTF8.self).split(
      separator: "\r\n", omittingEmptySubsequences: false)
    guard let status = lines.first?.split(separator: " ").dropFirst().first.flatMap({ Int($0) })
    else { return nil }
    var response = RawResponse(status: status, fields: [], body: "")
    for line in lines.dropFirst() {
      let parts = line.split(separator: ":", maxSplits: 1)
      response.fields.append((String(parts[0]), parts[1].trimmingPrefix(" ").description))
    }
    let length = response.field("content-length").flatMap { Int($0) } ?? 0
    let bodyStart = end + 4
    guard rest.endIndex - bodyStart >= length else { return nil }
    response.body = String(decoding: rest[bodyStart..<(bodyStart + length)], as: UTF8.self)
    rest = rest[(bodyStart + length)...]
    return response
  }
}
