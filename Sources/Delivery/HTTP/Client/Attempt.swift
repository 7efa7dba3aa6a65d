import AsyncHTTPClient
import NIOCore
import NIOHTTP1

/// Performs what `AttemptCore` decides. Lives on one event loop from its second step on, so that a
/// request costs one hop there, one timer and one continuation.
final class Attempt: Sendable, NIOScheduledCallbackHandler {
  /// What all attempts share.
  struct Environment: Sendable {
    let clients: Clients
    let resolver: NameResolver
    let egress: EgressGuard
    let open: OpenConnections
    let addresses: SharedAddressBook
    let lookupLimit: TimeAmount
    let triesOneAddress: TimeAmount
  }

  private struct State {
    var core: AttemptCore
    /// Until the end of the attempt, which its last exchange may outlive.
    var body: [UInt8]
    var continuation: UnsafeContinuation<AttemptResult, Never>?
    /// Nobody waits any longer, or the answer is given.
    var ended = false
    /// Over the whole attempt.
    var timer: NIOScheduledCallback?
    /// Over the look-up, or over one of several addresses.
    var stepTimer: Scheduled<Void>?
    var ticket: NameResolver.Ticket?
    var exchange = 0
    var task: HTTPClient.Task<Void>?
    var lease: Clients.Lease?
  }

  /// Without its body.
  private let request: OutboundRequest
  private let target: RequestTarget
  private let host: NumericHost
  private let environment: Environment
  private let loop: any EventLoop
  private let deadline: NIODeadline
  private let state: NIOLoopBoundBox<State>
  private let onAccepted: (@Sendable () -> Void)?

  init(
    _ request: OutboundRequest, target: RequestTarget, environment: Environment,
    loop: any EventLoop, onAccepted: (@Sendable () -> Void)? = nil
  ) {
    var head = request
    head.body = []
    self.request = head
    self.target = target
    host = NumericHost(target.host)
    self.environment = environment
    self.loop = loop
    self.onAccepted = onAccepted
    // Clamped so that no stored number can overflow the clock.
    let timeout = TimeAmount(min(max(request.timeout, .zero), .seconds(86_400)))
    deadline = .now() + timeout
    let core = AttemptCore(
      host: target.host, port: target.port, timeoutMs: timeout.nanoseconds / 1_000_000,
      isLastAttempt: request.isLastAttempt)
    state = .makeBoxSendingValue(State(core: core, body: request.body), eventLoop: loop)
  }

  /// From any thread, once.
  func start(_ continuation: UnsafeContinuation<AttemptResult, Never>) {
    loop.execute { self.begin(continuation) }
  }

  /// From any thread: the answer is `interrupted` when there is none yet.
  func interrupt() {
    loop.execute { self.finish(.interrupted, abort: true) }
  }

  func handleScheduledCallback(eventLoop: some EventLoop) {
    perform(state.value.core.timeUp())
  }

  private func begin(_ continuation: UnsafeContinuation<AttemptResult, Never>) {
    guard !state.value.ended else { return continuation.resume(returning: .interrupted) }
    state.value.continuation = continuation
    guard let timer = try? loop.scheduleCallback(at: deadline, handler: self) else {
      return finish(.interrupted, abort: false)  // the event loop is shutting down
    }
    state.value.timer = timer
    lookUp()
  }

  // Look-up

  private func lookUp() {
    switch host {
    case .address(let address): return located([address])
    case .malformed(let reason): return finish(blocked(reason), abort: false)
    case .name: break
    }
    let reply = environment.resolver.ask(target.host) { outcome in
      self.loop.execute { self.lookedUp(outcome) }
    }
    switch reply {
    case .ready(let outcome):
      lookedUp(outcome)
    case .waits(let ticket):
      state.value.ticket = ticket
      let limit = environment.lookupLimit
      startStepTimer(limit) { $0.lookupTooSlow(limitMs: limit.nanoseconds / 1_000_000) }
    }
  }

  private func lookedUp(_ outcome: NameResolver.Outcome) {
    guard !state.value.ended else { return }
    state.value.ticket = nil
    state.value.stepTimer?.cancel()
    switch outcome {
    case .success(let addresses): located(addresses)
    case .failure(let error): perform(state.value.core.lookupFailed(error))
    }
  }

  /// All addresses of a name have to pass, not only the one we would take.
  private func located(_ addresses: [IPAddress]) {
    for address in addresses {
      if let reason = environment.egress.refusal(address, port: target.port) {
        return finish(blocked(reason), abort: false)
      }
    }
    perform(state.value.core.located(environment.addresses.order(addresses, of: place)))
  }

  /// The number in a URL stays what it is; a name may stand for another address at the next look-up.
  private func blocked(_ reason: String) -> AttemptResult {
    host == .name
      ? .failure(.dns, detail: "\(target.host) stands for a blocked address: \(reason)")
      : .failure(.blocked, detail: reason)
  }

  // Reports of an exchange

  func requestSent(exchange: Int) {
    guard isCurrent(exchange) else { return }
    state.value.core.requestSent()
    onAccepted?()
    state.value.stepTimer?.cancel()
  }

  func answered(_ answer: ResponseSummary, doubt: Doubt?, exchange: Int) {
    guard isCurrent(exchange) else { return }
    perform(state.value.core.answered(answer, doubt: doubt))
  }

  func failed(_ error: any Error, exchange: Int) {
    guard isCurrent(exchange) else { return }
    let core = state.value.core
    let place = "\(core.address?.urlHost ?? target.host):\(target.port)"
    guard
      var failure = AttemptCore.ExchangeFailure(
        error, connecting: core.phase == .connecting, place: place)
    else { return finish(.interrupted, abort: false) }
    if failure.kind == .blocked { return finish(blocked(failure.detail), abort: false) }
    if failure.shortage == .ports, let address = core.address, !LocalRoute.exists(to: address) {
      failure.shortage = nil
    }
    perform(state.value.core.failed(failure))
  }

  private func isCurrent(_ exchange: Int) -> Bool {
    !state.value.ended && state.value.exchange == exchange
  }

  // Steps

  private func perform(_ step: AttemptCore.Step) {
    guard !state.value.ended else { return }
    switch step {
    case .wait: break
    case .connect(let address, let others):
      learn(state.value.core.lesson())
      exchange(with: address, others: others)
    case .finish(let result, let abort): finish(result, abort: abort)
    }
  }

  private func learn(_ lesson: AddressBook.Lesson) {
    if host == .name { environment.addresses.learn(lesson, of: place) }
  }

  private var place: AddressBook.Place {
    AddressBook.Place(host: target.host, port: target.port)
  }

  private func exchange(with address: IPAddress, others: Int) {
    state.value.exchange += 1
    let number = state.value.exchange
    dropExchange(abort: true)
    var route = Clients.Route(target: target, address: address, isNumeric: host != .name)
    route.isFresh = state.value.core.needsFreshConnection
    guard let lease = environment.clients.lease(route) else {
      return finish(.interrupted, abort: false)
    }
    state.value.lease = lease
    guard let outgoing = try? outgoingRequest(route) else {
      let detail = "a request with this method and host can't be made"
      return finish(.failure(.protocol, detail: detail), abort: false)
    }
    if others > 0 {
      let left = deadline - .now()
      let share = min(
        environment.triesOneAddress, .nanoseconds(left.nanoseconds / Int64(others + 1)))
      startStepTimer(share) { $0.connectTooSlow() }
    }
    let task = lease.client.execute(
      request: outgoing, delegate: Exchange(attempt: self, number: number),
      eventLoop: .delegate(on: loop))
    // It may have failed already.
    if isCurrent(number) { state.value.task = task }
  }

  private func outgoingRequest(_ route: Clients.Route) throws -> HTTPClient.Request {
    var outgoing = try environment.clients.request(route, method: request.method)
    var headers: [(String, String)] = []
    headers.reserveCapacity(request.headers.count + 4)
    headers.append(("Host", target.authority))
    for field in request.headers { headers.append((field.name, field.value)) }
    if target.requestURI != "/" { headers.append((ExchangeWire.uriHeader, target.requestURI)) }
    if route.isFresh || environment.open.areMany { headers.append(("Connection", "close")) }
    outgoing.headers = HTTPHeaders(headers)
    let body = state.value.body
    if !body.isEmpty { outgoing.body = .byteBuffer(ByteBuffer(bytes: body)) }
    return outgoing
  }

  private func startStepTimer(
    _ amount: TimeAmount, _ step: @escaping @Sendable (inout AttemptCore) -> AttemptCore.Step
  ) {
    state.value.stepTimer?.cancel()
    state.value.stepTimer = loop.scheduleTask(in: amount) {
      guard !self.state.value.ended else { return }
      self.perform(step(&self.state.value.core))
    }
  }

  private func finish(_ result: AttemptResult, abort: Bool) {
    guard !state.value.ended else { return }
    state.value.ended = true
    state.value.body = []
    state.value.timer?.cancel()
    state.value.stepTimer?.cancel()
    if let ticket = state.value.ticket { environment.resolver.abandon(ticket) }
    dropExchange(abort: abort)
    learn(state.value.core.lesson(result))
    let continuation = state.value.continuation
    state.value.continuation = nil
    continuation?.resume(returning: result.clipped)
  }

  /// `abort` closes the connection when the exchange is still going on.
  private func dropExchange(abort: Bool) {
    let (task, lease) = (state.value.task, state.value.lease)
    state.value.task = nil
    state.value.lease = nil
    if abort { task?.cancel() }
    if let lease { environment.clients.release(lease) }
  }
}

extension AttemptResult {
  /// Bytes of a failure's text; hosts and other people's words in it can be long.
  private static let detailLimit = 400

  /// With a text of one line that fits into a record.
  fileprivate var clipped: AttemptResult {
    switch self {
    case .failure(let kind, let detail): .failure(kind, detail: Self.clipped(detail))
    case .unavailable(let kind, let detail): .unavailable(kind, detail: Self.clipped(detail))
    case .response, .interrupted: self
    }
  }

  private static func clipped(_ detail: String) -> String {
    let isFine = detail.utf8.count <= detailLimit && detail.utf8.allSatisfy { $0 >= 0x20 }
    if isFine { return detail }
    let line = String(detail.map { $0.isNewline || $0 < " " ? " " : $0 })
    return String(decoding: line.utf8.prefix(detailLimit), as: UTF8.self)
  }
}
