/// The course of one attempt: look-up, connection (the name's addresses in turn), answer. Decides what comes next; knows neither sockets nor timers.
struct AttemptCore {
  enum Phase: Equatable { case resolving, connecting, answering }

  enum Step: Equatable {
    case wait
    /// Make the request to this address. `others`: how many more could be tried after it.
    case connect(IPAddress, others: Int)
    /// The attempt has ended. `abort`: what is still open for it is to be closed.
    case finish(AttemptResult, abort: Bool)
  }

  /// Why an exchange with one address ended without a complete answer.
  struct ExchangeFailure: Error, Equatable {
    var kind: FailureKind
    var detail: String
    /// It may have been the connection's fault, not the receiver's.
    var doubt: Doubt?
    /// The connection could not be made for want of our own means.
    var shortage: OwnShortage?

    /// The connection was lost before a byte of the request was written: another try is free.
    static let unsent = Self(
      kind: .connect, detail: "connection closed at once", doubt: Doubt(outMs: 0))
    static let connectionClosed = Self(
      kind: .closed, detail: "connection closed before the answer")
  }

  private(set) var phase = Phase.resolving
  private let host: String
  private let port: Int
  private let timeoutMs: Int64
  private let isLastAttempt: Bool
  private var addresses: [IPAddress] = []
  private var current = 0
  /// The request goes to a connection that carried none before, since the end of an exchange with
  /// another one was doubted. That happens once: there is nothing to doubt about a fresh one.
  private(set) var needsFreshConnection = false
  /// What an address could not be tried for; until another one answers it is the reason.
  private var shortage: (kind: OwnShortage, detail: String)?
  /// Addresses given up since `lesson` was asked.
  private var passedOver: [IPAddress] = []

  /// `isLastAttempt`: see `OutboundRequest`.
  init(host: String, port: Int, timeoutMs: Int64, isLastAttempt: Bool) {
    self.host = host
    self.port = port
    self.timeoutMs = timeoutMs
    self.isLastAttempt = isLastAttempt
  }

  /// The address that the exchange goes to.
  var address: IPAddress? { addresses.indices.contains(current) ? addresses[current] : nil }

  /// What was found out about the name's addresses since this was asked the last time.
  mutating func lesson(_ result: AttemptResult? = nil) -> AddressBook.Lesson {
    var lesson = AddressBook.Lesson(failed: passedOver)
    passedOver = []
    guard let address else { return lesson }
    switch result {
    case .response(let response) where response.status < 502: lesson.answered = address
    case .response, .failure: lesson.failed.append(address)
    case .interrupted, .unavailable, nil: break
    }
    return lesson
  }

  /// `addresses` passed the egress guard; they are tried in this order.
  mutating func located(_ addresses: [IPAddress]) -> Step {
    self.addresses = addresses
    current = 0
    return connect()
  }

  mutating func lookupFailed(_ error: LookupError) -> Step {
    let text = error.text(host: host)
    let result: AttemptResult =
      error.shortage.map { .unavailable($0, detail: text) } ?? .failure(.dns, detail: text)
    return .finish(result, abort: false)
  }

  /// The name server is slower than we wait.
  mutating func lookupTooSlow(limitMs: Int64) -> Step {
    guard phase == .resolving else { return .wait }
    let text = "no answer from the name server for \(host) within \(limitMs) ms"
    return .finish(.failure(.dns, detail: text), abort: true)
  }

  /// The connection stands and the request's head is on its way.
  mutating func requestSent() { if phase == .connecting { phase = .answering } }

  /// The head of an answer decides; nobody waits for its body.
  mutating func answered(_ answer: ResponseSummary, doubt: Doubt?) -> Step {
    if let step = repeated(doubt) { return step }
    return .finish(.response(answer), abort: false)
  }

  mutating func failed(_ failure: ExchangeFailure) -> Step {
    if let step = repeated(failure.doubt) { return step }
    guard phase == .connecting else {
      return .finish(.failure(failure.kind, detail: failure.detail), abort: false)
    }
    if let kind = failure.shortage { shortage = (kind, failure.detail) }
    if failure.kind == .connect || failure.kind == .timeout,
      let step = connectToNext(afterFailure: failure.shortage == nil)
    {
      return step
    }
    return .finish(
      unavailable ?? .failure(failure.kind, detail: failure.detail), abort: false)
  }

  /// This address has had its share of the time.
  mutating func connectTooSlow() -> Step {
    guard phase == .connecting else { return .wait }
    return connectToNext() ?? .wait
  }

  /// The attempt's time is over.
  mutating func timeUp() -> Step {
    let text =
      switch phase {
      case .resolving: "no address for \(host) within \(timeoutMs) ms"
      case .connecting: "no connection to \(place) within \(timeoutMs) ms"
      case .answering: "no answer within \(timeoutMs) ms"
      }
    let own = phase == .connecting ? unavailable : nil
    return .finish(own ?? .failure(.timeout, detail: text), abort: true)
  }

  /// While an address could not be tried for want of our own means, the attempt is not the
  /// receiver's: that address might have answered.
  private var unavailable: AttemptResult? {
    shortage.map { .unavailable($0.kind, detail: $0.detail) }
  }

  private var place: String { address.map { "\($0.urlHost):\(port)" } ?? "\(host):\(port)" }

  private mutating func connect() -> Step {
    guard let address else { return lookupFailed(.noSuchHost) }
    phase = .connecting
    return .connect(address, others: addresses.count - current - 1)
  }

  /// The same once more, on a fresh connection, instead of charging the message an attempt and the
  /// destination a failure.
  private mutating func repeated(_ doubt: Doubt?) -> Step? {
    guard let doubt, !needsFreshConnection, doubt.allowsRepeat(isLastAttempt: isLastAttempt) else {
      return nil
    }
    needsFreshConnection = true
    return connect()
  }

  private mutating func connectToNext(afterFailure failed: Bool = true) -> Step? {
    guard current + 1 < addresses.count else { return nil }
    if failed { passedOver.append(addresses[current]) }
    current += 1
    return connect()
  }
}
