import Delivery
import NIOCore
import NIOPosix
import Synchronization
import Testing

/// A sender with its guard and resolver, on a clock that stands still and names that a test invents.
final class SenderWorld: Sendable {
  let egress: EgressGuard
  let resolver: NameResolver
  let sender: AsyncHTTPClientSender

  /// `names`: what names resolve to; others don't exist.
  init(
    names: [String: [IPAddress]] = [:],
    configure: (inout AsyncHTTPClientSender.Configuration) -> Void = { _ in }
  ) {
    let clock = HTTPTestClock()
    egress = EgressGuard(clock: clock)
    resolver = NameResolver(clock: clock) { host in
      names[host].map { .success($0) } ?? .failure(.noSuchHost)
    }
    var configuration = AsyncHTTPClientSender.Configuration()
    configuration.connectLimit = .seconds(60)
    configure(&configuration)
    sender = AsyncHTTPClientSender(
      configuration: configuration, guard: egress, resolver: resolver,
      eventLoopGroup: MultiThreadedEventLoopGroup.singleton)
  }

  /// Makes a world, runs `body` in it and ends it.
  static func run<R>(
    names: [String: [IPAddress]] = [:],
    configure: (inout AsyncHTTPClientSender.Configuration) -> Void = { _ in },
    _ body: (SenderWorld) async throws -> R
  ) async rethrows -> R {
    let world = SenderWorld(names: names, configure: configure)
    do {
      let result = try await body(world)
      await world.end()
      return result
    } catch {
      await world.end()
      throw error
    }
  }

  func send(
    _ url: String, method: String = "POST", headers: [HeaderField] = [], body: String = "",
    timeout: Duration = .seconds(60), isLastAttempt: Bool = false
  ) async -> AttemptResult {
    await sender.send(
      OutboundRequest(
        url: url, origin: Self.origin(url), method: method, headers: headers,
        body: Array(body.utf8), timeout: timeout, isLastAttempt: isLastAttempt))
  }

  func end() async {
    await sender.shutdown()
    resolver.shutdown()
  }

  /// Good enough for the URLs of these tests.
  static func origin(_ url: String) -> Origin {
    let parts = url.split(separator: "://", maxSplits: 1)
    var host = parts[1].prefix { $0 != "/" && $0 != "?" && $0 != "#" }.lowercased()
    let tail = host.split(separator: ":").last.flatMap { Int($0) }
    if tail == nil || host.hasSuffix("]") || !host.contains(":") {
      host += parts[0] == "https" ? ":443" : ":80"
    }
    return Origin(normalised: "\(parts[0].lowercased())://\(host)")
  }
}

/// A clock that moves when it is told to.
final class HTTPTestClock: Clock {
  private let now = Mutex(Duration.zero)

  func advance(_ duration: Duration) { now.withLock { $0 += duration } }
  func monotonic() -> Duration { now.withLock { $0 } }
  func wallMs() -> UInt64 { 0 }
}

/// An answer without a body.
func answer(_ status: String = "200 OK", _ headers: String...) -> String {
  "HTTP/1.1 \(status)\r\n" + headers.map { $0 + "\r\n" }.joined() + "Content-Length: 0\r\n\r\n"
}

extension AttemptResult {
  static func status(_ status: UInt16) -> AttemptResult {
    .response(ResponseSummary(status: status))
  }

  var failure: FailureKind? {
    if case .failure(let kind, _) = self { return kind }
    return nil
  }

  var detail: String {
    if case .failure(_, let detail) = self { return detail }
    return ""
  }
}

/// What `attempt` comes to with its timeout, in milliseconds. On a busy machine a short timeout may be
/// over before the part that a test is about has begun (`tooEarly`): then it gets a longer one.
func withTimeout(
  tooEarly: (AttemptResult) -> Bool, _ attempt: (Int) async throws -> AttemptResult
) async rethrows -> (result: AttemptResult, timeoutMs: Int) {
  var timeoutMs = 100
  while true {
    let result = try await attempt(timeoutMs)
    if !tooEarly(result) || timeoutMs > 10_000 { return (result, timeoutMs) }
    timeoutMs *= 4
  }
}

/// `#expect` can't call a mutating function.
func same<T: Equatable>(_ got: T, _ wanted: T, at location: SourceLocation = #_sourceLocation) {
  #expect(got == wanted, sourceLocation: location)
}
