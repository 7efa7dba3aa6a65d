@testable import SegmentLog

/// A script: the same operations each time, so that something can go wrong at every single place.
extension LogRun {
  static let scriptLength = 200
  /// So many operations follow on what went wrong.
  private static let stepsAfterwards = 20

  /// All of it, with everything checked at the end. `each` is shown the run before each operation.
  mutating func runScript(each: (LogRun) throws -> Void = { _ in }) throws {
    try each(self)
    try start()
    while scriptLeft > 0 {
      try scriptStep()
      try each(self)
    }
    try endScript()
  }

  /// From here until some operations after that which was to go wrong did.
  mutating func runUntilAfterFault() throws {
    if core == nil { try start() }
    var left = Self.stepsAfterwards
    while scriptLeft > 0 && left > 0 {
      try scriptStep()
      if !disk.hasFaults { left -= 1 }
    }
    try endScript()
  }

  private mutating func endScript() throws {
    try commit()
    try deliverCheckpoint()
    try deliverCopied()
    disk.clearFaults()
    try startTwice()
    isScript = false
    try check("at the end")
  }

  private mutating func scriptStep() throws {
    scriptLeft -= 1
    nowMs += UInt64(int(0...900))
    switch int(1...100) {
    case ...30: try enqueue()
    case ...50: try change()
    case ...72: try commit()
    case ...79: try tick()
    case ...86: try prepare()
    case ...93: try writeCheckpoint()
    case ...96: try copyForward()
    case ...97: try compact()
    default: try sealAndStart()
    }
  }

  /// A run of its own that goes on from here, on a disk of its own; nil while something is under way
  /// that can't be had twice.
  func fork() throws -> LogRun? {
    var copy = self
    copy.disk = disk.clone(seed: 1)
    guard let core else { return scriptLeft == Self.scriptLength ? copy : nil }
    guard frame.isEmpty, !core.hasStaged, job == nil, checkpoint == nil, copied == nil else {
      return nil
    }
    var active = core.active
    active.file = try copy.disk.open(FileNames.segment(core.active.id), .readWrite)
    let start = RecoveredLog(
      state: core.state, active: active, salts: core.salts,
      nextFrameNumber: core.nextFrameNumber, report: core.recovered, checkpoints: core.checkpoints)
    let other = LogCore(disk: copy.disk, options: options, start: start, nowMs: nowMs)
    other.dropDueAtMs = core.dropDueAtMs
    other.copying = core.copying
    other.failedWrites = core.failedWrites
    other.preparation = core.preparation
    if case .ready(var file) = core.preparation {
      file.file = try copy.disk.open(file.name, .readWrite)
      other.preparation = .ready(file)
    }
    copy.core = other
    return copy
  }
}
