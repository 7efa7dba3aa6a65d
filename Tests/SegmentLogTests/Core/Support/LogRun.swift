@testable import SegmentLog

/// A difference between the log and the model, or something that must not be.
struct RunFailure: Error, CustomStringConvertible {
  var description: String
}

/// Drives a log with random operations beside a model, and crashes it.
///
/// A commit that fails leaves two models possible, with and without its frame; the next start decides.
struct LogRun {
  var random: SplitMix64
  var disk: SimDisk
  var options: LogOptions
  var core: LogCore?
  var model = LogModel()
  var frame = LogModel.Frame()
  /// Set while it isn't known whether the frame became durable.
  var possible: LogModel?
  var nowMs: UInt64 = 1_700_000_000_000
  var job: PreparationResult?
  /// A checkpoint that was written while the log went on, and that the log is yet to be told of.
  var checkpoint: CheckpointResult?
  /// A compaction that ran while the log went on, and that the log is yet to be told of.
  var copied: CompactionResult?
  var lastReport = RecoveryReport()
  /// Those that the log kept when it was last open.
  var keptCheckpoints: [UInt64] = []
  /// Keys with few different tags, so that hits have to be told apart.
  let hasCollisions: Bool
  var lastCommitMs: UInt64 = 0
  /// Nothing goes wrong by itself; what a crash leaves is given.
  var isScript = false
  var scriptKeeps: SimDisk.Kept? = .nothing
  /// Operations of the script that are yet to come.
  var scriptLeft = LogRun.scriptLength
  /// A twin that can't be read is not confirmed, so the message is new.
  var mayMissTwins = false

  /// The same operations whatever goes wrong.
  init(script seed: UInt64) {
    self.init(seed: seed)
    isScript = true
  }

  init(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    disk = SimDisk(seed: random.next())
    options = LogOptions(
      segmentSize: [16 << 10, 20 << 10, 32 << 10].randomElement(using: &random)!,
      dedupWindowMs: [20_000, 86_400_000].randomElement(using: &random)!,
      recentMax: [1, 8, 1000].randomElement(using: &random)!,
      newStore: StoreUUID(high: random.next(), low: random.next()), saltSeed: random.next())
    options.readsInParallel = false
    hasCollisions = Int.random(in: 0..<4, using: &random) == 0
    self.random = random
  }

  mutating func int(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }
  mutating func chance(_ percent: Int) -> Bool { int(1...100) <= percent }

  mutating func run(steps: Int) throws {
    try start()
    for _ in 0..<steps { try step() }
    try crashAndCheck()
  }

  mutating func step() throws {
    nowMs += UInt64(int(0...900))
    if disk.isStopped { return try crashAndCheck() }
    switch int(1...100) {
    case ...36: try enqueue()
    case ...57: try change()
    case ...74: try commit()
    case ...79: try tick()
    case ...83: try prepare()
    case ...87: try writeCheckpoint()
    case ...89: try copyForward()
    case ...90: try compact()
    case ...91: jumpClock()
    case ...92: limitSpace()
    case ...94: injectFault()
    case ...96: try sealAndStart()
    case 97 where !isScript: try rot()
    default: try crashAndCheck()
    }
  }
}

// MARK: Starting

extension LogRun {
  /// Opens the log, dying while it opens now and then, and finds out which model is true.
  mutating func start() throws {
    if let core { keptCheckpoints = core.checkpoints.kept.map(\.number) }
    core = nil
    job = nil
    checkpoint = nil
    copied = nil
    if !isScript { try damageCheckpoint() }
    options.saltSeed = random.next()
    while true {
      if !isScript, chance(15) { disk.stop(afterChanges: int(0...14)) }
      do {
        let (opened, report) = try LogCore.open(disk: disk, options: options, nowMs: nowMs)
        if disk.isStopped {
          crash()
          continue
        }
        if !isScript { disk.stop(afterChanges: 1 << 40) }
        if !report.damage.isEmpty { throw fail("damage: \(report)") }
        // One that can't be unlinked stays until the next start, and that is said.
        let orphan =
          isScript ? nil : LogCheck(core: opened, model: model, disk: disk).orphan()
        if let orphan, !report.notes.contains(where: { $0.contains("can't be unlinked") }) {
          throw fail("\(orphan) stands in the directory")
        }
        core = opened
        lastReport = report
        break
      } catch let error as LogError {
        guard case .disk(let cause) = error else { throw fail("start: \(error)") }
        if cause.isNoSpace {
          disk.setCapacity(.max)
        } else if disk.isStopped {
          crash()
        } else {
          // An injected error; they don't come back.
          disk.clearFaults()
          if isScript { crash() }
        }
      }
    }
    try resolve()
  }

  mutating func kept() -> SimDisk.Kept { [.nothing, .everything, .random, .random][int(0...3)] }

  private mutating func resolve() throws {
    guard let core else { return }
    if let possible {
      if LogCheck(core: core, model: possible, disk: disk).stateDifference() == nil {
        model = possible
      }
    }
    possible = nil
    frame = LogModel.Frame()
    try check("after the start (\(lastReport))")
    if !isScript {
      try startAgain(keeping: chance(50) ? .nothing : .everything)
    } else if chance(10) {
      try startTwice()
    }
    if !isScript, chance(15) { try startWithoutCheckpoints() }
  }

  /// A second start, from what is durable and from what is visible, finds the same.
  mutating func startTwice() throws {
    for kept in [SimDisk.Kept.nothing, .everything] { try startAgain(keeping: kept) }
  }

  private mutating func startAgain(keeping kept: SimDisk.Kept) throws {
    let copy = disk.clone(seed: random.next())
    copy.crash(keeping: kept)
    copy.setCapacity(.max)
    options.saltSeed = random.next()
    do {
      let (again, report) = try LogCore.open(disk: copy, options: options, nowMs: nowMs)
      if !report.damage.isEmpty { throw fail("damage at a second start: \(report.damage)") }
      if let difference = LogCheck(core: again, model: model, disk: copy).difference() {
        throw fail("second start: \(difference)")
      }
      if let orphan = LogCheck(core: again, model: model, disk: copy).orphan() {
        throw fail("second start: \(orphan) stands in the directory")
      }
    } catch let error as LogError {
      throw fail("second start: \(error)")
    }
  }

  /// In a script the disk must not notice: an error may wait for the next call.
  mutating func check(_ moment: String) throws {
    guard let core, !disk.isStopped else { return }
    let difference =
      isScript
      ? LogCheck(core: core, model: model, disk: disk.clone(seed: 1)).differenceByItself()
      : LogCheck(core: core, model: model, disk: disk).difference()
    if let difference { throw fail("\(moment): \(difference)") }
  }

  func fail(_ text: String) -> RunFailure { RunFailure(description: text) }

  mutating func crashAndCheck() throws {
    if !frame.isEmpty && possible == nil {
      // Nothing of it was written: it must not be there.
      frame = LogModel.Frame()
    }
    crash()
    try start()
  }

  private mutating func crash() {
    if isScript {
      if let scriptKeeps { disk.crash(keeping: scriptKeeps) } else { disk.restartKeepingCache() }
    } else if chance(25) {
      disk.restartKeepingCache()
    } else {
      disk.crash(keeping: kept())
    }
  }

  mutating func sealAndStart() throws {
    try commit()
    guard let core else { return }
    try deliverJob()
    try deliverCheckpoint()
    guard self.core != nil, core.failure == nil else { return }
    try deliverCopied()
    guard self.core === core, core.failure == nil else { return }
    do throws(LogFailure) { try core.seal(nowMs: nowMs) } catch { return try died(error) }
    if !isScript, !disk.isStopped { try checkTools() }
    try start()
  }

  /// After a clean stop the tools say what the engine says: nothing is wrong, the books close, and each
  /// message is what it is.
  private mutating func checkTools() throws {
    let stopped = disk.clone(seed: 1)
    let judgement = try LogJudgement(of: stopped)
    guard judgement.report?.damage == [], judgement.totals == model.totals else {
      throw fail("after a clean stop: \(judgement)")
    }
    var survey = try LogSurvey(of: stopped)
    survey.judge(by: judgement)
    // The footer may have failed to be written; then the last frames are unproven.
    let isSealed = judgement.report?.cleanStop == true
    let expected: LogSurvey.Problem.Severity = isSealed ? .accepted : .tornTail
    if let problem = survey.problems.first(where: {
      $0.severity > expected && !isOfOldCheckpoint($0)
    }) {
      throw fail("after a clean stop: \(problem)")
    }
    let audit = try LogAudit(of: stopped)
    guard audit.pending == model.totals.pending, audit.dead == model.totals.dead else {
      throw fail(
        "after a clean stop: \(audit.pending) pending and \(audit.dead) dead are counted, not "
          + "\(model.totals)")
    }
    var chain = try LogChain.read(stopped)
    chain.judge(by: judgement)
    let model = model
    for record in LogRecords(chain, on: stopped).inOrder().records {
      guard let message = model.messages[record.sequence] else { continue }
      guard record.state.name == "\(message.state)" else {
        throw fail("after a clean stop: message \(record.sequence) is listed as \(record.state)")
      }
    }
  }

  /// One that was damaged on purpose stays until two newer ones stand.
  private func isOfOldCheckpoint(_ problem: LogSurvey.Problem) -> Bool {
    problem.file.map { FileNames.checkpointNumber($0) != nil } ?? false
  }

  /// The log stopped itself; the process starts anew, with or without the machine.
  mutating func died(_ failure: LogFailure) throws {
    guard let core else { return }
    // From here on it must not do anything.
    if case .refused(.stopped) = core.stage([NewRecord](), nowMs: nowMs) {
    } else {
      throw fail("a stopped log takes messages")
    }
    disk.clearFaults()
    try crashAndCheck()
  }
}
