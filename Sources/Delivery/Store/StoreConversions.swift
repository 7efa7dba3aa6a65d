import SegmentLog

extension NewRecord {
  /// What the log keeps of a message; its key and hash are computed here, on the caller's thread.
  init(_ message: Message, in store: StoreUUID) {
    let uuid = Array(message.uuid.utf8)
    self.init(
      uuid: uuid, key: UUIDKey(store: store, messageUUID: uuid),
      contentHash: message.contentHash, destination: message.origin.description,
      start: RecordStart(message.start), maxAgeMs: message.limits.maxAgeMs,
      maxAttempts: message.limits.maxAttempts, payload: MessagePayload.encode(message))
  }
}

extension RecordStart {
  init(_ start: Message.Start) {
    switch start {
    case .atOnce: self = .atOnce
    case .delay(let milliseconds): self = .delay(milliseconds)
    case .notBefore(let unixMs): self = .notBefore(unixMs)
    }
  }

  /// The log's time before which the message is not tried, ms.
  func startMs(acceptedAtMs: UInt64, _ clock: any Clock) -> UInt64 {
    switch self {
    case .atOnce: acceptedAtMs
    case .delay(let delayMs): acceptedAtMs.addingCapped(delayMs)
    case .notBefore(let unixMs): max(acceptedAtMs, clock.logMs(ofWallMs: unixMs))
    }
  }

  func due(acceptedAtMs: UInt64, nowMs: UInt64) -> PendingEntry.Due {
    switch self {
    case .atOnce: .now
    case .delay(let delayMs):
      .remaining(untilMs: acceptedAtMs.addingCapped(delayMs), ofMs: delayMs, nowMs: nowMs)
    case .notBefore(let unixMs): .at(unixMs: unixMs)
    }
  }
}

extension Message.Start {
  init(_ start: RecordStart) {
    switch start {
    case .atOnce: self = .atOnce
    case .delay(let milliseconds): self = .delay(milliseconds: milliseconds)
    case .notBefore(let unixMs): self = .notBefore(unixMs: unixMs)
    }
  }
}

extension PendingEntry {
  init(_ arrival: LogArrival, committedAtMs: UInt64, _ clock: any Clock) {
    let record = arrival.record
    self.init(
      ref: MessageRef(lane: SegmentLogStore.grant.lane, number: arrival.sequence),
      origin: Origin(normalised: record.destination),
      ageFromMs: record.start.startMs(acceptedAtMs: committedAtMs, clock),
      acceptedAtMs: committedAtMs,
      due: record.start.due(acceptedAtMs: committedAtMs, nowMs: committedAtMs),
      maxAttempts: record.maxAttempts, maxAgeMs: record.maxAgeMs)
  }

  init(_ entry: WalkEntry, origin: Origin, nowMs: UInt64, _ clock: any Clock) {
    self.init(
      ref: MessageRef(lane: SegmentLogStore.grant.lane, number: entry.sequence), origin: origin,
      ageFromMs: entry.start.startMs(acceptedAtMs: entry.acceptedAtMs, clock),
      acceptedAtMs: entry.acceptedAtMs, attempts: entry.attempts, lastStatus: entry.lastStatus,
      due: Self.due(entry, nowMs: nowMs),
      maxAttempts: entry.maxAttempts, maxAgeMs: entry.maxAgeMs)
  }

  private static func due(_ entry: WalkEntry, nowMs: UInt64) -> Due {
    guard let retry = entry.retry else {
      return entry.start.due(acceptedAtMs: entry.acceptedAtMs, nowMs: nowMs)
    }
    let leftMs = retry.remainingMs(nowMs: nowMs)
    return leftMs == 0 ? .now : .after(milliseconds: leftMs)
  }
}

extension StateChange {
  init(_ change: Change) {
    switch change {
    case .finish(let ref, let ending):
      self = .outcome(
        OutcomeRecord(
          sequence: ref.number, kind: OutcomeKind(ending.kind), attempts: ending.attempts,
          status: ending.result.status, error: ending.result.error))
    case .retry(let ref, let attempts, let delayMs, let result):
      self = .attempt(
        AttemptRecord(
          sequence: ref.number, count: attempts, delayMs: delayMs, status: result.status,
          error: result.error))
    }
  }
}

extension OutcomeKind {
  init(_ kind: Ending.Kind) {
    self =
      switch kind {
      case .delivered: .delivered
      case .dead: .dead
      case .cancelled: .cancelled
      }
  }
}

extension StoreCounts {
  init(_ totals: Totals) {
    self.init(
      accepted: totals.accepted, delivered: totals.delivered, dead: totals.dead,
      cancelled: totals.cancelled, pending: totals.pending)
  }
}

extension UInt64 {
  /// A time that is too large is never reached, which is what such a delay means.
  func addingCapped(_ other: UInt64) -> UInt64 {
    let (sum, overflow) = addingReportingOverflow(other)
    return overflow ? .max : sum
  }
}
