import SegmentLog

extension SegmentLogStore {
  /// From memory where they are new, else read in order on the reader's thread.
  package func bodies(_ refs: [MessageRef]) async throws(StoreError) -> [Message?] {
    var messages = feed.cached(refs).enumerated().map { at, record in
      record.flatMap { refs[at].lane == Self.grant.lane ? message($0, refs[at]) : nil }
    }
    let missing = refs.indices.filter { messages[$0] == nil && refs[$0].lane == Self.grant.lane }
      .sorted { refs[$0].number < refs[$1].number }
    guard !missing.isEmpty else { return messages }
    let read = try await records(missing.map { refs[$0].number })
    for (at, record) in zip(missing, read) {
      messages[at] = record.flatMap { message($0, refs[at]) }
    }
    return messages
  }

  package func pending(
    _ grant: LaneGrant, origin: Origin, after: Cursor?, limit: Int
  ) async throws(StoreError) -> PendingPage {
    try check(grant)
    let limit = min(max(limit, 1), Self.longestPage)
    var (plan, entries) = try await page(of: origin, after: after, limit: limit)
    // A compaction may have moved some of them between the plan and the read.
    if entries.count < plan.entries.count {
      (plan, entries) = try await page(of: origin, after: after, limit: limit)
    }
    let nowMs = clock.logMs()
    return PendingPage(
      entries: entries.map { PendingEntry($0, origin: origin, nowMs: nowMs, clock) },
      next: plan.next.map { Cursor(value: $0) }, upTo: plan.upTo)
  }

  private func page(
    of origin: Origin, after: Cursor?, limit: Int
  ) async throws(StoreError) -> (WalkPlan, [WalkEntry]) {
    try await asking { () async throws(LogRejection) in
      let plan = try await log.ask {
        $0.walkPlan(destination: origin.description, after: after?.value ?? 0, limit: limit)
      }
      guard !plan.entries.isEmpty else { return (plan, []) }
      return (plan, try await log.read { $0.entries(of: plan) })
    }
  }

  package func backlog(of origin: Origin?) async throws(StoreError) -> Backlog {
    let name = origin?.description
    let (waiting, entries) = try await asking { () async throws(LogRejection) in
      let (waiting, plan) = try await log.ask {
        (
          $0.waiting(destination: name),
          $0.walkPlan(destination: name, after: 0, limit: Self.oldestLooked)
        )
      }
      return (waiting, try await log.read { $0.entries(of: plan) })
    }
    let nowMs = clock.logMs()
    let ages = entries.map { $0.start.startMs(acceptedAtMs: $0.acceptedAtMs, clock) }
    let oldest = ages.filter { $0 <= nowMs }.min()
    return Backlog(waiting: waiting, oldestFromMs: oldest.map(clock.wallMs(ofLogMs:)))
  }

  /// How many of those that were accepted first are looked at for the oldest one: some may be
  /// delayed.
  private static let oldestLooked = 64

  package func lookup(uuid: String) async throws(StoreError) -> MessageStatus? {
    let bytes = Array(uuid.utf8)
    let key = UUIDKey(store: storeUUID, messageUUID: bytes)
    var (status, record, note) = try await look(key, bytes)
    // A compaction may have moved it between the two.
    if status?.lacks(record) == true { (status, record, note) = try await look(key, bytes) }
    guard var status else { return nil }
    if status.lacks(record) { status.isUnreadable = true }
    return MessageStatus(
      status, uuid: uuid, payload: record?.payload, lastError: note ?? "", clock)
  }

  private func look(
    _ key: UUIDKey, _ uuid: [UInt8]
  ) async throws(StoreError) -> (RecordStatus?, StoredRecord?, String?) {
    try await asking { () async throws(LogRejection) in
      let status = try await log.ask { $0.lookup(key: key, uuid: uuid) }
      guard let status else { return (nil, nil, nil) }
      return try await log.read { reader in
        (
          status, status.isUnreadable ? nil : reader.records(at: [status.location])[0],
          status.note.flatMap { reader.note(at: $0) }
        )
      }
    }
  }

  /// Entries in one page.
  private static let longestPage = 4_096

  /// Ascending sequences; nil where a message has ended or can't be read.
  private func records(_ sequences: [Sequence]) async throws(StoreError) -> [StoredRecord?] {
    try await asking { () async throws(LogRejection) in
      let places = try await log.ask { $0.locate(sequences) }
      let records = try await log.read { $0.records(at: places) }
      guard zip(places, records).contains(where: { $0 != nil && $1 == nil }) else { return records }
      // A compaction may have moved some of them between the two.
      let newPlaces = try await log.ask { $0.locate(sequences) }
      return try await log.read { $0.records(at: newPlaces) }
    }
  }

  private func message(_ record: NewRecord, _ ref: MessageRef) -> Message? {
    message(
      StoredRecord(
        uuid: record.uuid, start: record.start, maxAgeMs: record.maxAgeMs,
        maxAttempts: record.maxAttempts, payload: record.payload), ref)
  }

  private func message(_ record: StoredRecord, _ ref: MessageRef) -> Message? {
    do {
      var message = try MessagePayload.decode(
        record.payload, uuid: String(decoding: record.uuid, as: UTF8.self),
        origin: Origin(normalised: ""), start: Message.Start(record.start),
        maxAgeMs: record.maxAgeMs, maxAttempts: record.maxAttempts)
      // The log's frames name destinations by number; the URL says the same.
      message.origin = try Origin(url: message.url)
      return message
    } catch {
      logger.error(
        "a stored message can't be decoded",
        metadata: ["number": .stringConvertible(ref.number), "reason": "\(error)"])
      return nil
    }
  }
}

extension RecordStatus {
  /// It has not ended, and what was read of it is not there.
  fileprivate func lacks(_ record: StoredRecord?) -> Bool {
    record == nil && location != nil && !isUnreadable && (state == .pending || state == .dead)
  }
}

extension MessageStatus {
  fileprivate init(
    _ status: RecordStatus, uuid: String, payload: [UInt8]?, lastError: String,
    _ clock: any Clock
  ) {
    let summary = payload.flatMap { bytes in
      bytes.withUnsafeBytes { try? MessagePayload.summary(of: $0) }
    }
    let (state, nextAttemptAtMs) = Self.state(status, clock)
    self.init(
      ref: SegmentLogStore.ref(status.sequence), uuid: uuid, state: state, url: summary?.url,
      method: summary?.method, attempts: status.attempts, lastStatus: status.lastStatus,
      lastError: lastError,
      nextAttemptAtMs: status.isUnreadable ? nil : nextAttemptAtMs.map(clock.wallMs(ofLogMs:)),
      acceptedAtMs: status.acceptedAtMs == 0 ? 0 : clock.wallMs(ofLogMs: status.acceptedAtMs))
    isUnreadable = status.isUnreadable
  }

  /// The time is the log's.
  private static func state(_ status: RecordStatus, _ clock: any Clock) -> (State, UInt64?) {
    let nowMs = clock.logMs()
    switch status.state {
    case .delivered: return (.delivered, nil)
    case .dead: return (.dead, nil)
    case .cancelled: return (.cancelled, nil)
    case .pending: break
    }
    if let retry = status.retry {
      let leftMs = retry.remainingMs(nowMs: nowMs)
      return (.retrying, leftMs == 0 ? retry.dueAtMs : nowMs + leftMs)
    }
    let startMs = status.start.startMs(acceptedAtMs: status.acceptedAtMs, clock)
    return startMs > nowMs ? (.scheduled, startMs) : (.ready, nil)
  }
}
