@testable import SegmentLog

/// The directory of a stopped log after random operations, and what is true of it.
struct DirectoryWorld {
  let disk: SimDisk
  var options: LogOptions
  let nowMs: UInt64
  let model: LogModel
  /// In which file each live message stands.
  private(set) var files: [Sequence: String] = [:]
  /// The checkpoint that knows of everything; nil when none does.
  private(set) var whole: String?
  /// Every file with its bytes.
  private(set) var contents: [String: [UInt8]] = [:]

  init(seed: UInt64, steps: Int) throws {
    var run = LogRun(seed: seed)
    try run.start()
    for _ in 0..<steps { try run.step() }
    try run.crashAndCheck()
    run.disk.clearFaults()
    run.disk.setCapacity(.max)
    if run.chance(75) {
      run.nowMs += 60_000
      try run.writeCheckpoint()
      try run.deliverCheckpoint()
    }
    guard let core = run.core else { throw RunFailure(description: "no log") }
    for (sequence, message) in run.model.messages where message.isLive {
      guard let holder = core.state.holder(of: sequence) else { continue }
      files[sequence] = core.state[holder].file
    }
    if run.chance(50) {
      try core.seal(nowMs: run.nowMs)
    } else {
      run.nowMs += 2000
      try core.tick(nowMs: run.nowMs)
    }
    run.disk.crash(keeping: .nothing)
    disk = run.disk
    options = run.options
    nowMs = run.nowMs
    model = run.model
    for name in try disk.list() {
      if let bytes = disk.contents(name) { contents[name] = bytes }
    }
    if let newest = CheckpointReader.numbers(in: names).first,
      let checkpoint = try? CheckpointReader.read(newest, on: disk),
      checkpoint.counters.nextSequence == model.nextSequence,
      FileNames.segment(checkpoint.position.segment) == segments.last
    {
      whole = checkpoint.file
    }
  }

  var names: [String] { contents.keys.sorted() }
  var segments: [String] { names.filter { FileNames.segmentID($0) != nil } }
  var checkpoints: [String] { names.filter { FileNames.checkpointNumber($0) != nil } }
  /// Files that messages or what is known of them stand in.
  var parts: [String] {
    names.filter { LogFile(name: $0) != nil || FileNames.checkpointNumber($0) != nil }
  }
}
