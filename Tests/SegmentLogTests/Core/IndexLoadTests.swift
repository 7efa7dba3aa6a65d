import Testing

@testable import SegmentLog

@Suite("Filling the UUID index at a start")
struct IndexLoadTests {
  /// Segments of different kinds: large ones, one with a bad frame, a compacted one.
  private func log() throws -> (log: TestLog, records: [NewRecord]) {
    let log = try TestLog(segmentSize: 1 << 20)
    var records: [NewRecord] = []
    for segment in 0..<6 {
      if segment > 0 { try log.rotate() }
      for frame in 0..<5 {
        let first = (segment * 5 + frame) * 400 + 1
        let new = (first..<first + 400).map { TestLog.record($0, to: "http://b\(frame):80") }
        try log.store(new)
        records += new
      }
    }
    // Of the second and third segment little lives: they are compacted.
    try log.end((2001...5900).map { UInt64($0) }, attempts: 2, status: 201)
    try log.end([7000], .dead, attempts: 9, status: 410, error: "410 Gone")
    try log.rotate()
    try log.prepare()
    try log.settle()
    #expect(log.cold == [1])
    return (log, records)
  }

  @Test("several files at once, or one after the other: the same state and the same report")
  func parallel() throws {
    let (log, records) = try log()
    let offset = try #require(log.core.state.segments.first?.marks.last?.offset)
    log.disk.flip(FileNames.segment(1), bit: (Int(offset) + 100) * 8)
    let alone = log.disk.clone(seed: 7)
    let (core, report) = try LogCore.open(disk: alone, options: log.options, nowMs: log.nowMs)
    #expect(report.checkpoint != nil)
    #expect(report.damage.map(\.file) == [FileNames.segment(1)])
    // The bad frame held 400, and of what has ended a thousand are remembered.
    let known = records.filter { core.lookup(key: $0.key, uuid: $0.uuid) != nil }
    #expect(known.count == records.count - 400 - 3900 + 1000)
    let text = StateDump.text(of: core, on: alone, known: records)
    #expect(text.contains("waiting for http://b4:80: "))
    var options = log.options
    options.readsInParallel = true
    for seed in 1...5 as ClosedRange<UInt64> {
      let disk = log.disk.clone(seed: seed)
      let (core, found) = try LogCore.open(disk: disk, options: options, nowMs: log.nowMs)
      #expect(StateDump.text(of: core, on: disk, known: records) == text)
      #expect(found.damage == report.damage)
      #expect(found.notes == report.notes)
    }
  }

  @Test("a file that can't be read ends the start, whichever thread meets it")
  func unreadable() throws {
    let (log, _) = try log()
    log.options.readsInParallel = true
    for segment in [1, 4] as [UInt64] {
      let disk = log.disk.clone(seed: segment)
      disk.inject(
        SimFault(.read, file: FileNames.segment(segment), nth: 3, code: 5, staysBroken: true))
      let error = #expect(throws: LogError.self) {
        _ = try LogCore.open(disk: disk, options: log.options, nowMs: log.nowMs)
      }
      #expect(error.map { "\($0)" }?.contains(FileNames.segment(segment)) == true)
    }
  }
}
