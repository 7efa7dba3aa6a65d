import Testing

@testable import Delivery

@Suite("The course of an attempt")
struct AttemptCoreTests {
  private static let one = IPAddress.v4(0x0a00_0001)
  private static let two = IPAddress.v4(0x0a00_0002)
  private static let refused = AttemptCore.ExchangeFailure(kind: .connect, detail: "refused")
  private static func doubted(outMs: Int64) -> AttemptCore.ExchangeFailure {
    AttemptCore.ExchangeFailure(kind: .closed, detail: "closed", doubt: Doubt(outMs: outMs))
  }

  private func core(isLastAttempt: Bool = false) -> AttemptCore {
    AttemptCore(host: "b.test", port: 8080, timeoutMs: 1000, isLastAttempt: isLastAttempt)
  }

  @Test("the addresses are tried in turn, and the last one's failure is the result")
  func inTurn() {
    var core = core()
    same(core.located([Self.one, Self.two]), .connect(Self.one, others: 1))
    same(core.failed(Self.refused), .connect(Self.two, others: 0))
    same(core.failed(Self.refused), .finish(.failure(.connect, detail: "refused"), abort: false))
  }

  @Test("an address that is too slow gives way to the next, the last one never does")
  func tooSlow() {
    var core = core()
    _ = core.located([Self.one, Self.two])
    same(core.connectTooSlow(), .connect(Self.two, others: 0))
    same(core.connectTooSlow(), .wait)
  }

  @Test("once the request is sent no other address is tried")
  func sent() {
    var core = core()
    _ = core.located([Self.one, Self.two])
    core.requestSent()
    same(core.connectTooSlow(), .wait)
    same(core.failed(Self.refused), .finish(.failure(.connect, detail: "refused"), abort: false))
  }

  @Test("a failure that another address can't cure is the result at once")
  func tls() {
    var core = core()
    _ = core.located([Self.one, Self.two])
    let failure = AttemptCore.ExchangeFailure(kind: .tls, detail: "bad")
    same(core.failed(failure), .finish(.failure(.tls, detail: "bad"), abort: false))
  }

  @Test("an address that we lacked the means for is passed over, and is then the reason")
  func shortage() {
    let noPort = AttemptCore.ExchangeFailure(
      kind: .connect, detail: "no port", shortage: .ports)
    let unavailable = AttemptResult.unavailable(.ports, detail: "no port")
    var core = core()
    _ = core.located([Self.one, Self.two])
    same(core.failed(noPort), .connect(Self.two, others: 0))
    same(core.failed(Self.refused), .finish(unavailable, abort: false))
    // The one that refused failed; nothing is known of the other one.
    same(core.lesson(unavailable), AddressBook.Lesson())

    core = self.core()
    _ = core.located([Self.one, Self.two])
    same(core.failed(Self.refused), .connect(Self.two, others: 0))
    same(core.failed(noPort), .finish(unavailable, abort: false))
    same(core.lesson(unavailable), AddressBook.Lesson(failed: [Self.one]))

    core = self.core()
    _ = core.located([Self.one, Self.two])
    _ = core.failed(noPort)
    same(core.timeUp(), .finish(unavailable, abort: true))
    core.requestSent()
    same(
      core.timeUp(), .finish(.failure(.timeout, detail: "no answer within 1000 ms"), abort: true))
  }

  @Test("a look-up for which we lacked the means is no failure of the name")
  func lookupShortage() {
    for error in [LookupError.busy, .shortage(.threads, reason: "none starts")] {
      var core = core()
      guard case .finish(.unavailable(let kind, let detail), _) = core.lookupFailed(error) else {
        Issue.record("\(error) is charged")
        continue
      }
      #expect(kind == error.shortage)
      #expect(detail.contains("b.test"))
    }
  }

  @Test(
    "what an attempt came to is what its address is remembered for",
    arguments: [
      (.status(200), true), (.status(404), true), (.status(501), true), (.status(502), false),
      (.status(503), false), (.status(504), false), (.status(530), false),
      (.failure(.timeout, detail: ""), false), (.failure(.closed, detail: ""), false),
      (.failure(.tls, detail: ""), false), (.failure(.connect, detail: ""), false),
      (.interrupted, nil), (.unavailable(.memory, detail: ""), nil),
    ] as [(AttemptResult, Bool?)])
  func lessons(result: AttemptResult, isGood: Bool?) {
    var core = core()
    same(core.lesson(.failure(.dns, detail: "")), AddressBook.Lesson())
    _ = core.located([Self.one, Self.two])
    _ = core.failed(Self.refused)
    same(core.lesson(), AddressBook.Lesson(failed: [Self.one]))
    let lesson = core.lesson(result)
    #expect(lesson.failed == (isGood == false ? [Self.two] : []))
    #expect(lesson.answered == (isGood == true ? Self.two : nil))
  }

  @Test("a doubted end is tried once more, at the same address on a fresh connection")
  func doubted() {
    var core = core()
    _ = core.located([Self.one, Self.two])
    #expect(!core.needsFreshConnection)
    core.requestSent()
    same(core.failed(Self.doubted(outMs: 0)), .connect(Self.one, others: 1))
    #expect(core.needsFreshConnection)
    core.requestSent()
    same(
      core.failed(Self.doubted(outMs: 0)),
      .finish(.failure(.closed, detail: "closed"), abort: false))
  }

  @Test("a doubted answer counts when the fresh connection gives it, too")
  func doubtedAnswer() {
    var core = core()
    _ = core.located([Self.one])
    core.requestSent()
    let refused = ResponseSummary(status: 400)
    same(core.answered(refused, doubt: Doubt(outMs: 7000)), .connect(Self.one, others: 0))
    core.requestSent()
    same(core.answered(refused, doubt: nil), .finish(.response(refused), abort: false))
  }

  @Test("a last attempt repeats nothing that the receiver may have worked on")
  func lastAttempt() {
    var worked = core(isLastAttempt: true)
    _ = worked.located([Self.one])
    worked.requestSent()
    same(
      worked.failed(Self.doubted(outMs: Doubt.crossingMs + 1)),
      .finish(.failure(.closed, detail: "closed"), abort: false))
    var crossed = core(isLastAttempt: true)
    _ = crossed.located([Self.one])
    crossed.requestSent()
    same(crossed.failed(Self.doubted(outMs: Doubt.crossingMs)), .connect(Self.one, others: 0))
  }

  @Test("an answer is the result at its head")
  func head() {
    let summary = ResponseSummary(status: 503, retryAfter: "7")
    var core = core()
    _ = core.located([Self.one, Self.two])
    core.requestSent()
    same(core.answered(summary, doubt: nil), .finish(.response(summary), abort: false))
  }

  @Test("when the time is up, the text says what it was waiting for")
  func timeUp() {
    func text(_ core: AttemptCore) -> String {
      var core = core
      guard case .finish(.failure(.timeout, let text), true) = core.timeUp() else { return "" }
      return text
    }
    var core = core()
    same(text(core), "no address for b.test within 1000 ms")
    _ = core.located([Self.one])
    same(text(core), "no connection to 10.0.0.1:8080 within 1000 ms")
    core.requestSent()
    same(text(core), "no answer within 1000 ms")
  }

  @Test("a name without addresses doesn't exist")
  func nothing() {
    var core = core()
    same(core.located([]), .finish(.failure(.dns, detail: "no such host b.test"), abort: false))
  }

  @Test("the look-up's limit ends only a look-up")
  func lookupLimit() {
    var waiting = core()
    let text = "no answer from the name server for b.test within 5000 ms"
    same(waiting.lookupTooSlow(limitMs: 5000), .finish(.failure(.dns, detail: text), abort: true))
    var located = core()
    _ = located.located([Self.one])
    same(located.lookupTooSlow(limitMs: 5000), .wait)
  }
}
