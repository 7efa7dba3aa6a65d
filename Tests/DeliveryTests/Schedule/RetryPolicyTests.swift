import Testing

@testable import Delivery

@Suite("The retry policy")
struct RetryPolicyTests {
  private static let acceptedAtMs: UInt64 = 1_790_000_000_000
  private let policy = RetryPolicy()

  private func judge(
    _ result: AttemptResult, policy: RetryPolicy = RetryPolicy(), number: UInt32 = 1,
    limits: RetryLimits = RetryLimits(), ageMs: UInt64 = 0, random: UInt64 = 0
  ) -> Judgement {
    var random = Constant(value: random)
    return policy.judge(
      result,
      of: AttemptContext(number: number, ageFromMs: Self.acceptedAtMs, limits: limits),
      endedAtMs: Self.acceptedAtMs + ageMs, using: &random)
  }

  private func judge(_ status: UInt16, retryAfter: String? = nil, number: UInt32 = 1) -> Judgement {
    judge(.response(ResponseSummary(status: status, retryAfter: retryAfter)), number: number)
  }

  private func wait(_ judgement: Judgement) -> Duration? {
    guard case .retry(let wait, _) = judgement.verdict else { return nil }
    return wait
  }

  /// Always the same number: 0 is no jitter, the largest one is all of it.
  private struct Constant: RandomNumberGenerator {
    var value: UInt64
    func next() -> UInt64 { value }
  }

  @Test("200 to 299 is delivered, whatever else the answer says", arguments: UInt16(200)...299)
  func success(status: UInt16) {
    let response = ResponseSummary(status: status, retryAfter: "60", abortMessage: true)
    let judgement = judge(.response(response))
    #expect(judgement.verdict == .delivered(AttemptNote(status: status)))
    #expect(judgement.signal == DestinationSignal(.success))
  }

  @Test(
    "permanent answers are dead at once",
    arguments: [410, 415, 422] as [UInt16])
  func permanent(status: UInt16) {
    let note = AttemptNote(status: status, error: "HTTP \(status) is permanent")
    #expect(judge(status).verdict == .dead(note))
  }

  @Test("what an answer means beyond its status stands in the error", arguments: [400, 404, 503])
  func meaning(status: UInt16) {
    let response = ResponseSummary(status: status, meaning: "it wants tea")
    let note: AttemptNote? =
      switch judge(.response(response)).verdict {
      case .dead(let note), .retry(_, let note): note
      default: nil
      }
    #expect(note?.error.hasPrefix("HTTP \(status)") == true)
    #expect(note?.error.hasSuffix(": it wants tea") == true)
  }

  private func judge(
    _ status: UInt16, after lastStatus: UInt16 = 0, isProven: Bool = false,
    policy: RetryPolicy = RetryPolicy()
  ) -> Verdict {
    var random = Constant(value: 0)
    let attempt = AttemptContext(
      number: lastStatus == 0 ? 1 : 2, ageFromMs: Self.acceptedAtMs, lastStatus: lastStatus,
      destinationIsProven: isProven)
    return policy.judge(
      .response(ResponseSummary(status: status)), of: attempt, endedAtMs: Self.acceptedAtMs,
      using: &random
    ).verdict
  }

  private func isRetried(_ verdict: Verdict) -> Bool {
    if case .retry = verdict { true } else { false }
  }

  @Test(
    "what a proxy may say for the receiver is a verdict only of a destination that is proven",
    arguments: [400, 405, 501, 505] as [UInt16])
  func firstProxy(status: UInt16) {
    #expect(isRetried(judge(status)))
    #expect(isRetried(judge(status, after: status)))
    #expect(!isRetried(judge(status, isProven: true)))
  }

  @Test(
    "too large is a verdict when a message hears it twice in a row",
    arguments: [413, 414, 431] as [UInt16])
  func twice(status: UInt16) {
    #expect(isRetried(judge(status)))
    #expect(isRetried(judge(status, isProven: true)))
    #expect(isRetried(judge(status, after: 503)))
    #expect(!isRetried(judge(status, after: status)))
  }

  @Test("a status that is configured as permanent is dead at once, one that is in no list never")
  func listed() {
    var policy = RetryPolicy()
    policy.permanentStatuses = [400]
    policy.conditionalStatuses = []
    #expect(!isRetried(judge(400, policy: policy)))
    for status in [405, 410, 413] as [UInt16] {
      #expect(isRetried(judge(status, after: status, isProven: true, policy: policy)))
    }
  }

  @Test(
    "every other answer is tried again",
    arguments: [
      100, 103, 199, 300, 301, 302, 304, 307, 308, 401, 402, 403, 404, 406, 408, 409, 411, 412, 418,
      423, 424, 425, 426, 428, 429, 451, 500, 502, 503, 504, 507, 511, 599, 600, 999,
    ] as [UInt16])
  func retried(status: UInt16) {
    #expect(wait(judge(status)) == .seconds(2))
  }

  @Test("every failure but a blocked address is tried again", arguments: FailureKind.allCases)
  func failures(kind: FailureKind) {
    let judgement = judge(.failure(kind, detail: "in words"))
    if kind == .blocked {
      let note = AttemptNote(status: 0, error: "blocked address: in words")
      #expect(judgement.verdict == .dead(note))
      #expect(judgement.signal.health == .neutral)
    } else {
      #expect(
        judgement.verdict == .retry(after: .seconds(2), AttemptNote(status: 0, error: "in words")))
      let isConnected = ![.dns, .connect, .tls].contains(kind)
      #expect(judgement.signal.health == (isConnected ? .trouble : .unreachable))
    }
  }

  @Test("a failure without words gets a sentence", arguments: FailureKind.allCases)
  func sentences(kind: FailureKind) {
    switch judge(.failure(kind, detail: "")).verdict {
    case .retry(_, let note), .dead(let note): #expect(note.error.count > 10)
    default: Issue.record("neither retried nor dead")
    }
  }

  @Test("the receiver can refuse a message for good")
  func abort() {
    let verdict = judge(.response(ResponseSummary(status: 500, abortMessage: true))).verdict
    let reason = "the receiver refused it for good, HTTP 500"
    #expect(verdict == .dead(AttemptNote(status: 500, error: reason)))
  }

  @Test("an interrupted attempt means nothing")
  func interrupted() {
    let judgement = judge(.interrupted, number: 9, ageMs: .max / 4)
    #expect(judgement == Judgement(.interrupted, DestinationSignal(.neutral)))
  }

  @Test("an attempt we lacked the means for is made again after a second, whatever its limits")
  func unavailable() {
    let judgement = judge(.unavailable(.ports, detail: "no port"), number: 9, ageMs: .max / 4)
    #expect(
      judgement
        == Judgement(
          .postponed(after: .seconds(1)), DestinationSignal(.neutral, hold: .seconds(1))))
  }

  @Test("waits double from 2 seconds to an hour")
  func schedule() {
    let waits = (1...13).map { wait(judge(500, number: $0)) }
    let seconds = [2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 3600, 3600]
    #expect(waits == seconds.map { .seconds($0) })
    #expect(
      wait(judge(.failure(.connect, detail: ""), limits: .init(maxAgeMs: 0), ageMs: 1)) != nil)
    let late = judge(
      .failure(.connect, detail: ""), number: .max, limits: RetryLimits(maxAttempts: 0))
    #expect(wait(late) == .seconds(3600))
  }

  @Test("jitter adds 0 to 10 percent")
  func jitter() {
    var random = SplitMix(seed: 7)
    var seen: Set<Duration> = []
    for _ in 0..<1000 {
      let judgement = policy.judge(
        .failure(.timeout, detail: ""),
        of: AttemptContext(number: 3, ageFromMs: Self.acceptedAtMs),
        endedAtMs: Self.acceptedAtMs, using: &random)
      guard let wait = wait(judgement) else { Issue.record("not retried"); return }
      #expect(wait >= .seconds(8) && wait <= .milliseconds(8800))
      seen.insert(wait)
    }
    #expect(seen.count > 300)
    #expect(seen.min()! < .milliseconds(8050) && seen.max()! > .milliseconds(8750))
  }

  @Test("a message's own schedule replaces ours and its last wait repeats")
  func ownSchedule() {
    let limits = RetryLimits(scheduleMs: [100, 30_000, 250])
    let waits = (1...5).map { number in
      wait(judge(.failure(.closed, detail: ""), number: number, limits: limits))
    }
    #expect(waits == [100, 30_000, 250, 250, 250].map { .milliseconds($0) })
    let empty = RetryLimits(scheduleMs: [])
    #expect(wait(judge(.failure(.closed, detail: ""), limits: empty)) == .seconds(2))
  }

  @Test("Retry-After lengthens the wait up to an hour, and never shortens it")
  func retryAfter() {
    #expect(wait(judge(500, retryAfter: "120")) == .seconds(120))
    #expect(wait(judge(500, retryAfter: "1")) == .seconds(2))
    #expect(wait(judge(500, retryAfter: "999999999999999999999")) == .seconds(3600))
    #expect(wait(judge(503, retryAfter: "90", number: 10)) == .seconds(1024))
    #expect(wait(judge(404, retryAfter: "soon")) == .seconds(2))
    // 1 790 000 000 is Mon, 21 Sep 2026 14:13:20 GMT.
    #expect(wait(judge(503, retryAfter: "Mon, 21 Sep 2026 14:15:00 GMT")) == .seconds(100))
  }

  @Test("Retry-After silences the destination on 429 and 503, for a minute at most")
  func hold() {
    #expect(
      judge(429, retryAfter: "7").signal
        == DestinationSignal(.limited, hold: .seconds(7), asksMessage: true))
    #expect(
      judge(503, retryAfter: "120").signal
        == DestinationSignal(.trouble, hold: .seconds(60), asksMessage: true))
    #expect(judge(503).signal == DestinationSignal(.trouble))
    #expect(judge(500, retryAfter: "7").signal == DestinationSignal(.failed, asksMessage: true))
  }

  @Test("502 and above are trouble of the path, statuses below 500 an answer of it")
  func trouble() {
    for status: UInt16 in [502, 503, 504, 505, 520, 522, 530, 598, 599, 600, 999] {
      #expect(judge(status).signal.health == .trouble)
    }
    for status: UInt16 in [302, 404, 410, 499] {
      #expect(judge(status).signal.health == .answered)
    }
    for status: UInt16 in [500, 501] { #expect(judge(status).signal.health == .failed) }
    #expect(judge(429).signal.health == .limited)
  }

  @Test("a 429 costs the message no doubling of its waits")
  func limited() {
    #expect(wait(judge(429, number: 1)) == .seconds(2))
    #expect(wait(judge(429, number: 5)) == .seconds(16))
    let limited = AttemptContext(number: 9, ageFromMs: Self.acceptedAtMs, spared: 8)
    var random = Constant(value: 0)
    for status: UInt16 in [429, 500] {
      let judgement = policy.judge(
        .response(ResponseSummary(status: status)), of: limited, endedAtMs: Self.acceptedAtMs,
        using: &random)
      #expect(wait(judgement) == .seconds(2))
    }
  }

  @Test("a limit of attempts is judged after the attempt that reaches it")
  func attempts() {
    let limits = RetryLimits(maxAttempts: 3)
    let failure = AttemptResult.failure(.connect, detail: "connection refused")
    #expect(wait(judge(failure, number: 2, limits: limits)) == .seconds(4))
    let reason = "3 attempts, the last: connection refused"
    #expect(
      judge(failure, number: 3, limits: limits).verdict
        == .dead(AttemptNote(status: 0, error: reason)))
    var policy = RetryPolicy()
    policy.maxAttempts = 1
    guard case .dead = judge(failure, policy: policy).verdict else {
      Issue.record("the configured limit is not kept"); return
    }
    let unlimited = RetryLimits(maxAttempts: 0)
    #expect(wait(judge(failure, policy: policy, number: 5, limits: unlimited)) == .seconds(32))
  }

  @Test("the last attempt is made at the expiry, and a failure then is the end")
  func age() {
    let limits = RetryLimits(maxAgeMs: 10_000)
    let failure = AttemptResult.failure(.timeout, detail: "no answer within 1000 ms")
    #expect(wait(judge(failure, number: 2, limits: limits, ageMs: 3000)) == .seconds(4))
    #expect(wait(judge(failure, number: 2, limits: limits, ageMs: 9000)) == .seconds(1))
    let reason = "older than 10 seconds, the last: no answer within 1000 ms"
    #expect(
      judge(failure, number: 2, limits: limits, ageMs: 10_000).verdict
        == .dead(AttemptNote(status: 0, error: reason)))
    let week: UInt64 = 7 * 24 * 3600 * 1000
    #expect(wait(judge(failure, ageMs: week - 1)) == .milliseconds(1))
    guard case .dead(let note) = judge(failure, ageMs: week).verdict else {
      Issue.record("seven days are the default"); return
    }
    #expect(note.error.contains("7 days"))
    #expect(wait(judge(failure, limits: RetryLimits(maxAgeMs: 0), ageMs: week * 9)) == .seconds(2))
    #expect(wait(judge(failure, limits: RetryLimits(maxAgeMs: .max), ageMs: week)) == .seconds(2))
  }

  @Test("a wait that Retry-After asks for ends at the expiry too")
  func ageBeforeRetryAfter() {
    let response = ResponseSummary(status: 429, retryAfter: "3000")
    let limits = RetryLimits(maxAgeMs: 60_000)
    #expect(wait(judge(.response(response), limits: limits, ageMs: 20_000)) == .seconds(40))
  }

  @Test("an error is at most 512 bytes, cut between characters")
  func longErrors() {
    let detail = String(repeating: "é", count: 400)
    guard case .retry(_, let note) = judge(.failure(.tls, detail: detail)).verdict else {
      Issue.record("not retried"); return
    }
    #expect(note.error == String(repeating: "é", count: 256))
  }
}
