@testable import SegmentLog

/// A small store with records of every kind, as a stopped process leaves it, and what is true of it.
struct RotWorld: Sendable {
  enum Ending: String, Sendable, CaseIterable {
    /// Power was lost a while after the last frame.
    case cut
    /// A clean stop.
    case sealed
    /// A frame was lost once, and given up since.
    case accepted
    /// What lives was moved into a cold segment, and what was delivered is remembered in a dedup file.
    case compacted
  }

  /// What is true of a message; the payload only of those that have not ended.
  struct Truth: Equatable {
    var state: RecordStatus.State?
    var payload: String?
  }

  /// How each message ended that did.
  static let ends: [Sequence: RecordStatus.State] = [2: .delivered, 3: .dead, 4: .cancelled]

  let disk: SimDisk
  let options: LogOptions
  let nowMs: UInt64
  let truth: [Sequence: Truth]
  let totals: Totals
  /// Which messages share a frame.
  let frames: [ClosedRange<Sequence>]
  let names: [String]

  static let all: [Ending: RotWorld] = Dictionary(
    uniqueKeysWithValues: Ending.allCases.map { ending in
      do { return (ending, try RotWorld(ending)) } catch { fatalError("\(error)") }
    })

  private init(_ ending: Ending) throws {
    let log = try TestLog(segmentSize: 12 << 10)
    try log.store(1, 2)
    try log.retry(1, count: 1, delayMs: 2000, error: "refused")
    try log.rotate()
    try log.store(3, to: "http://c:80")
    _ = log.core.stage([
      .outcome(OutcomeRecord(sequence: 2, kind: .delivered, attempts: 1, status: 200)),
      .outcome(OutcomeRecord(sequence: 3, kind: .dead, attempts: 1, status: 410, error: "gone")),
    ])
    try log.store(4, 5)
    try log.end([4], .cancelled, attempts: 0, status: 0)
    var frames: [ClosedRange<Sequence>] = [1...2, 3...3, 4...5]
    if ending == .accepted {
      let offset = try scan(log.disk, id: 2).frames[0].offset
      log.disk.crash(keeping: .everything)
      log.disk.flip(log.segmentFile(2), bit: (Int(offset) + 80) * 8)
      try log.restart()
      _ = try log.core.acceptDamage(nowMs: log.nowMs)
      try log.store(6)
      frames.append(6...6)
    }
    if ending == .compacted {
      try log.rotate()
      try log.settle()
      // In one frame of the cold segment.
      frames = [1...5]
    }
    if ending == .sealed {
      try log.core.seal(nowMs: log.nowMs)
    } else {
      log.nowMs += 2000
      try log.core.tick(nowMs: log.nowMs)
    }
    log.disk.cutPower()
    disk = log.disk
    options = log.options
    nowMs = log.nowMs
    self.frames = frames
    names = try log.disk.list().filter { log.disk.contents($0) != nil }
    let copy = log.disk.clone(seed: 1)
    let (core, _) = try LogCore.open(disk: copy, options: options, nowMs: nowMs)
    truth = Self.truth(core, copy)
    totals = core.totals
  }

  func contents(_ name: String) -> [UInt8] { disk.contents(name) ?? [] }

  static func truth(_ core: LogCore, _ disk: SimDisk) -> [Sequence: Truth] {
    let reader = LogReader(disk: disk)
    var truth: [Sequence: Truth] = [:]
    for sequence in 1..<min(core.state.nextSequence, 100) {
      var one = Truth(state: core.state.state(of: sequence))
      if let location = core.locate([sequence])[0] {
        one.payload =
          reader.payloads(at: [location])[0].map { String(decoding: $0, as: UTF8.self) }
          ?? "unreadable"
      }
      truth[sequence] = one
    }
    return truth
  }

  /// Where frames of the last segment end.
  var bordersOfLast: [Int] {
    guard let name = names.last(where: { FileNames.segmentID($0) != nil }),
      let id = FileNames.segmentID(name), let scanned = try? scan(disk, id: id)
    else { return [] }
    return [Int(FormatLimits.firstFrameOffset)] + scanned.frames.map { Int($0.end) }
  }

  var lastSegment: String { names.last { FileNames.segmentID($0) != nil } ?? "" }
}
