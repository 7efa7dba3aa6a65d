/// Decides what the end of an attempt means: delivered, dead, or when to try again.
///
/// Success is 200 to 299. `permanentStatuses`, `conditionalStatuses` under their conditions,
/// `webhook-delivery: abort-message` and a blocked address are dead. What we could not attempt
/// ourselves is put back and charged nothing. Everything else is retried until a limit of age or
/// attempts, whichever comes first. What reaches its age while it waits is found by the schedule (see
/// `AgeMarks`).
package struct RetryPolicy: Sendable, Equatable {
  /// Dead at once, whoever says it.
  package var permanentStatuses: Set<UInt16> = [410, 415, 422]
  /// Dead when they can't be the word of a proxy in front of a receiver that is not set up yet: see
  /// `isFinal`.
  package var conditionalStatuses: Set<UInt16> = [400, 405, 413, 414, 431, 501, 505]
  /// The first wait; it doubles with each failed attempt.
  package var initial: Duration = .seconds(2)
  /// The longest wait, also for what `Retry-After` asks.
  package var cap: Duration = .seconds(3600)
  /// The longest time for which `Retry-After` silences a whole destination.
  package var holdCap: Duration = .seconds(60)
  /// Age at which a message that still fails is dead, milliseconds; 0 = never.
  package var maxAgeMs: UInt64 = 7 * 24 * 3600 * 1000
  /// Attempts after which a message that still fails is dead; 0 = unlimited.
  package var maxAttempts: UInt32 = 0

  /// After an attempt that could not be made for want of our own means. It doesn't grow: the message
  /// is charged nothing, and a try costs little.
  static let shortageWait: Duration = .seconds(1)

  package init() {}

  /// - Parameters:
  ///   - endedAtMs: the log's time when the attempt ended.
  ///   - wallMs: the wall clock then, which a date in `Retry-After` is measured by; nil: the same.
  package func judge(
    _ result: AttemptResult, of attempt: AttemptContext, endedAtMs: UInt64, wallMs: UInt64? = nil,
    using random: inout some RandomNumberGenerator
  ) -> Judgement {
    switch result {
    case .interrupted:
      return Judgement(.interrupted, DestinationSignal(.neutral))
    case .unavailable:
      // The hold keeps a long queue from going round and round meanwhile.
      return Judgement(
        .postponed(after: Self.shortageWait),
        DestinationSignal(.neutral, hold: Self.shortageWait))
    case .response(let response) where (200...299).contains(response.status):
      return Judgement(
        .delivered(AttemptNote(status: response.status)), DestinationSignal(.success))
    case .response(let response):
      return judge(
        response, of: attempt, endedAtMs: endedAtMs, wallMs: wallMs ?? endedAtMs, using: &random)
    case .failure(.blocked, let detail):
      let note = AttemptNote.dead(
        status: 0, "blocked address" + (detail.isEmpty ? "" : ": ") + detail)
      return Judgement(.dead(note), DestinationSignal(.neutral))
    case .failure(let kind, let detail):
      let note = AttemptNote(status: 0, sentence: detail.isEmpty ? kind.sentence : detail)
      let verdict = retryOrGiveUp(
        attempt, note: note, atLeast: .zero, endedAtMs: endedAtMs, using: &random)
      return Judgement(verdict, DestinationSignal(health(of: kind)))
    }
  }

  /// What is recorded of a message that ends without an attempt.
  package func note(of end: Expired) -> AttemptNote {
    switch end.cause {
    case .age: expiry(of: end.message)
    case .endedTheProcess:
      .dead(
        status: 0,
        "ended the process: it ended by itself each time while this message was being attempted")
    }
  }

  private func expiry(of message: Waiting) -> AttemptNote {
    let age = Duration.clamped(milliseconds: message.maxAgeMs ?? maxAgeMs).inWords
    guard message.attempts > 0 else {
      return .dead(status: 0, "expired: older than \(age) before it was tried")
    }
    let count = message.attempts == 1 ? "1 attempt" : "\(message.attempts) attempts"
    let last = message.lastStatus == 0 ? "without an answer" : sentence(message.lastStatus)
    return .dead(
      status: message.lastStatus, "expired: older than \(age) after \(count), the last: \(last)")
  }

  private func judge(
    _ response: ResponseSummary, of attempt: AttemptContext, endedAtMs: UInt64, wallMs: UInt64,
    using random: inout some RandomNumberGenerator
  ) -> Judgement {
    let status = response.status
    let asked = response.retryAfter.flatMap { RetryAfter.wait($0, nowMs: wallMs) }
    let signal = DestinationSignal(
      health(of: status),
      hold: status == 429 || status == 503 ? asked.map { min($0, holdCap) } : nil,
      asksMessage: asked != nil)
    if response.abortMessage {
      let note = AttemptNote.dead(
        status: status, "the receiver refused it for good, HTTP \(status)")
      return Judgement(.dead(note), signal)
    }
    if isFinal(status, of: attempt) {
      let reason = Self.explained("HTTP \(status) is permanent", response)
      return Judgement(.dead(.dead(status: status, reason)), signal)
    }
    // Being limited is no failure of the message: it keeps its place in its schedule.
    var attempt = attempt
    if status == 429, attempt.spared < .max { attempt.spared += 1 }
    let verdict = retryOrGiveUp(
      attempt,
      note: AttemptNote(status: status, sentence: Self.explained(sentence(status), response)),
      atLeast: asked ?? .zero, endedAtMs: endedAtMs, using: &random)
    return Judgement(verdict, signal)
  }

  private static func explained(_ sentence: String, _ response: ResponseSummary) -> String {
    response.meaning.map { "\(sentence): \($0)" } ?? sentence
  }

  /// Those about the size of this message when it got the same one the last time, too: one that was
  /// left over on a connection is not given twice. The others when the destination was seen to work
  /// an hour ago: what it says then it means.
  private func isFinal(_ status: UInt16, of attempt: AttemptContext) -> Bool {
    if permanentStatuses.contains(status) { return true }
    guard conditionalStatuses.contains(status) else { return false }
    return Self.aboutSize.contains(status)
      ? attempt.lastStatus == status : attempt.destinationIsProven
  }

  private static let aboutSize: Set<UInt16> = [413, 414, 431]

  private func health(of status: UInt16) -> DestinationSignal.Health {
    switch status {
    case 429: .limited
    case ..<500: .answered
    case 500, 501: .failed
    default: .trouble
    }
  }

  private func health(of failure: FailureKind) -> DestinationSignal.Health {
    switch failure {
    case .dns, .connect, .tls: .unreachable
    case .timeout, .protocol, .closed: .trouble
    case .blocked: .neutral
    }
  }

  private func sentence(_ status: UInt16) -> String {
    switch status {
    case 100...199: "HTTP \(status) as the final answer"
    case 300...399: "HTTP \(status) (redirects are not followed)"
    default: "HTTP \(status)"
    }
  }

  private func retryOrGiveUp(
    _ attempt: AttemptContext, note: AttemptNote, atLeast asked: Duration, endedAtMs: UInt64,
    using random: inout some RandomNumberGenerator
  ) -> Verdict {
    let attemptsLimit = attempt.limits.maxAttempts ?? maxAttempts
    if attemptsLimit != 0, attempt.number >= attemptsLimit {
      let count = attempt.number == 1 ? "1 attempt" : "\(attempt.number) attempts"
      return .dead(.dead(status: note.status, "\(count), the last: \(note.error)"))
    }
    var wait = max(scheduled(attempt, using: &random), min(asked, cap))
    let ageLimit = attempt.limits.maxAgeMs ?? maxAgeMs
    if let expiry = AgeLimit.expiryMs(ageFromMs: attempt.ageFromMs, limitMs: ageLimit) {
      guard endedAtMs < expiry else {
        let age = Duration.clamped(milliseconds: ageLimit).inWords
        return .dead(.dead(status: note.status, "older than \(age), the last: \(note.error)"))
      }
      // The last attempt is made at the expiry, not given up for lack of a later one.
      wait = min(wait, .clamped(milliseconds: expiry - endedAtMs))
    }
    return .retry(after: wait, note)
  }

  /// Wait n of the message's own schedule (its last one repeats), else initial × 2^(n-1) up to the
  /// cap; plus 0 to 10 % so that what failed together does not come back together.
  private func scheduled(
    _ attempt: AttemptContext, using random: inout some RandomNumberGenerator
  ) -> Duration {
    let failures = max(Int(attempt.number) - Int(attempt.spared), 1)
    let base: Duration
    if let own = attempt.limits.scheduleMs, let last = own.last {
      base = .milliseconds(Int64(failures <= own.count ? own[failures - 1] : last))
    } else {
      // 2^30 times a millisecond is beyond any cap that makes sense; it can't overflow.
      base = min(initial * (1 << min(failures - 1, 30)), cap)
    }
    // 0 to 1000 ten-thousandths. One number from the generator, without rejecting any: the bias is
    // 2^-54, and a generator that always says the same can't hold us up.
    let jitter = random.next().multipliedFullWidth(by: 1001).high
    return base + base * Int64(jitter) / 10_000
  }
}

extension AttemptNote {
  /// The longest error that is kept, bytes of UTF-8 (see `error`).
  private static let errorBytesMax = 512

  init(status: UInt16, sentence: String) {
    self.init(status: status, error: Self.cut(sentence))
  }

  static func dead(status: UInt16, _ reason: String) -> AttemptNote {
    AttemptNote(status: status, sentence: reason)
  }

  private static func cut(_ text: String) -> String {
    guard text.utf8.count > errorBytesMax else { return text }
    var kept = ""
    var bytes = 0
    for scalar in text.unicodeScalars {
      bytes += UTF8.width(scalar)
      if bytes > errorBytesMax { break }
      kept.unicodeScalars.append(scalar)
    }
    return kept
  }
}

extension FailureKind {
  /// For a failure that came without words of its own.
  var sentence: String {
    switch self {
    case .dns: "the name could not be resolved"
    case .connect: "the connection could not be made"
    case .tls: "the TLS handshake failed"
    case .timeout: "no answer in time"
    case .protocol: "the answer was not HTTP"
    case .closed: "the connection was closed before an answer"
    case .blocked: "blocked address"
    }
  }
}

extension Duration {
  /// The largest unit that divides it, for a sentence: "7 days", "90 seconds", "1500 ms".
  var inWords: String {
    let ms = millisecondsRoundedUp
    let units: [(UInt64, String)] = [
      (86_400_000, "day"), (3_600_000, "hour"), (60_000, "minute"), (1000, "second"),
    ]
    for (size, name) in units where ms >= size && ms % size == 0 {
      return "\(ms / size) \(name)\(ms / size == 1 ? "" : "s")"
    }
    return "\(ms) ms"
  }
}
