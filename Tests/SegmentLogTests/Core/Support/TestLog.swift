import Testing

@testable import SegmentLog

/// A log on a simulated disk, one step at a time.
final class TestLog {
  let disk: SimDisk
  var options: LogOptions
  var nowMs: UInt64 = 1_700_000_000_000
  private(set) var core: LogCore
  private(set) var report: RecoveryReport

  init(
    disk: SimDisk = SimDisk(seed: 1), segmentSize: UInt64 = 64 << 10,
    dedupWindowMs: UInt64 = 86_400_000, dedupMax: Int = 1000, recentMax: Int = 1000,
    onDamage: LogOptions.OnDamage = .drain
  ) throws {
    self.disk = disk
    options = LogOptions(
      segmentSize: segmentSize, dedupWindowMs: dedupWindowMs, dedupMax: dedupMax,
      recentMax: recentMax,
      onDamage: onDamage, newStore: StoreUUID(high: 77, low: 88), saltSeed: 5)
    options.readsInParallel = false
    (core, report) = try LogCore.open(disk: disk, options: options, nowMs: nowMs)
  }

  /// The process starts anew on what the disk holds now.
  func restart() throws {
    options.saltSeed += 1
    (core, report) = try LogCore.open(disk: disk, options: options, nowMs: nowMs)
  }

  func cutPower() throws {
    disk.cutPower()
    try restart()
  }

  static func record(
    _ number: Int, to destination: String = "http://b:80", start: RecordStart = .atOnce,
    content: UInt64 = 0, payload: [UInt8]? = nil
  ) -> NewRecord {
    NewRecord(
      uuid: Array("m-\(number)".utf8),
      key: UUIDKey(high: UInt64(number) &* 0x9e37_79b9_7f4a_7c15, low: UInt64(number)),
      contentHash: UInt64(number) + content * 1000, destination: destination, start: start,
      payload: payload ?? Array("{\"number\":\(number)}".utf8))
  }

  /// Stores messages with these numbers in one frame; returns their sequences.
  @discardableResult
  func store(_ numbers: Int..., to destination: String = "http://b:80") throws -> [Sequence] {
    try store(numbers.map { Self.record($0, to: destination) })
  }

  @discardableResult
  func store(_ records: [NewRecord]) throws -> [Sequence] {
    let staged = core.stage(records, nowMs: nowMs)
    guard case .taken(let admissions, _) = staged else {
      throw RunFailure(description: "staged \(staged)")
    }
    _ = try commit()
    return admissions.map { admission in
      switch admission {
      case .stored(let sequence), .duplicate(let sequence): sequence
      }
    }
  }

  @discardableResult
  func commit() throws -> Commit {
    guard case .durable(let commit) = try core.commit(nowMs: nowMs) else {
      throw RunFailure(description: "no space")
    }
    return commit
  }

  func end(
    _ sequences: [Sequence], _ kind: OutcomeKind = .delivered, attempts: UInt32 = 1,
    status: UInt16 = 200, error: String = ""
  ) throws {
    try change(
      sequences.map {
        .outcome(
          OutcomeRecord(
            sequence: $0, kind: kind, attempts: attempts, status: status, error: error))
      })
  }

  func retry(
    _ sequence: Sequence, count: UInt32, delayMs: UInt32, status: UInt16 = 503, error: String = ""
  ) throws {
    try change([
      .attempt(
        AttemptRecord(
          sequence: sequence, count: count, delayMs: delayMs, status: status, error: error))
    ])
  }

  private func change(_ changes: [StateChange]) throws {
    let staged = core.stage(changes)
    guard case .taken(changes.count, [], _) = staged else {
      throw RunFailure(description: "staged \(staged)")
    }
    try commit()
  }

  /// Goes on in a new segment.
  func rotate() throws { #expect(try core.rotate(room: 0, nowMs: nowMs)) }

  func prepare() throws {
    guard let job = core.preparationWanted(nowMs: nowMs) else { return }
    core.prepared(job.run(on: disk), nowMs: nowMs)
  }

  /// Writes a checkpoint when one is due, as the writer would.
  @discardableResult
  func checkpoint() throws -> Bool {
    guard let job = core.checkpointWanted(nowMs: nowMs) else { return false }
    try core.checkpointed(job.run(on: disk), nowMs: nowMs)
    return true
  }

  /// The process dies while message 2 is being committed: its frame stands there, and not as it was
  /// written. Returns the file.
  func tearTail() throws -> [UInt8] {
    let end = core.active.offset
    disk.stop(afterChanges: 1)
    _ = core.stage([Self.record(2, payload: noise(3000, seed: 1))], nowMs: nowMs)
    #expect(throws: LogFailure.self) { try commit() }
    disk.crash(keeping: .everything)
    var bytes = try #require(disk.contents(segmentFile(1)))
    bytes[Int(end) + 1500] ^= 1
    disk.put(segmentFile(1), bytes)
    return bytes
  }

  /// Runs the compaction that is due, as the writer would.
  @discardableResult
  func copyForward() throws -> Bool {
    guard let job = core.compactionWanted(nowMs: nowMs) else { return false }
    try core.compacted(job.run(on: disk, pacer: Unpaced()), nowMs: nowMs)
    return true
  }

  /// Upkeep until nothing is due within a minute.
  func settle(compacts: Bool = true) throws {
    let end = nowMs + 60_000
    if !compacts { core.copying.mayPlan = false }
    while let due = core.nextTickDueMs(nowMs: nowMs), due <= end {
      nowMs = max(nowMs, due)
      try core.tick(nowMs: nowMs)
      try prepare()
      if compacts { try copyForward() }
      try checkpoint()
      if !compacts { core.copying.mayPlan = false }
    }
  }

  var checkpoints: [UInt64] {
    ((try? disk.list())?.compactMap(FileNames.checkpointNumber) ?? []).sorted()
  }

  func lookup(_ number: Int) -> RecordStatus? {
    let record = Self.record(number)
    return core.lookup(key: record.key, uuid: record.uuid)
  }

  /// The payload as text; nil when it can't be read.
  func payload(_ sequence: Sequence) -> String? {
    LogReader(disk: disk).payloads(at: core.locate([sequence]))[0].map {
      String(decoding: $0, as: UTF8.self)
    }
  }

  /// What waits for a destination, page by page.
  func walk(_ destination: String = "http://b:80", page: Int = 100) -> [Sequence] {
    let reader = LogReader(disk: disk)
    var after: Sequence = 0
    var found: [Sequence] = []
    while true {
      let plan = core.walkPlan(destination: destination, after: after, limit: page)
      found += reader.entries(of: plan).map(\.sequence)
      guard let next = plan.next else { return found }
      after = next
    }
  }

  var segments: [UInt64] { (try? disk.list())?.compactMap(FileNames.segmentID) ?? [] }
  var cold: [UInt64] { (try? disk.list())?.compactMap(FileNames.coldID) ?? [] }
  var dedups: [UInt64] { (try? disk.list())?.compactMap(FileNames.dedupID) ?? [] }
  func segmentFile(_ id: UInt64) -> String { FileNames.segment(id) }
}
