import Testing

@testable import SegmentLog

@Suite("Following a log")
struct LogTailTests {
  private func events(_ tail: LogTail) throws -> [LogEvent] {
    var events: [LogEvent] = []
    while try tail.poll({ events.append($0) }) {}
    return events
  }

  /// Into the file that stands there, as its writer does.
  private func write(_ bytes: ArraySlice<UInt8>, to disk: SimDisk) throws {
    let file = try disk.open(FileNames.segment(1), .readWrite)
    _ = try bytes.withUnsafeBytes { try file.write($0, at: 0) }
  }

  private func text(_ event: LogEvent) -> String {
    let name = event.uuid.isEmpty ? "?" : event.uuid.suffix(9)
    switch event.kind {
    case .accepted: return "accepted \(event.sequence) \(name)"
    case .attempt(let attempt): return "attempt \(attempt.count) of \(event.sequence) \(name)"
    case .ended(let outcome): return "\(outcome.kind) \(event.sequence) \(name)"
    }
  }

  @Test("from the beginning it tells everything once, with names and errors")
  func whole() throws {
    let events = try events(LogTail(SampleLog().disk(), sinceMs: 0))
    #expect(
      events.map(text) == [
        "accepted 1 000000001", "accepted 2 000000002", "accepted 3 order_3-A",
        "accepted 4 000000004", "attempt 1 of 2 000000002", "attempt 1 of 4 000000004",
        "delivered 1 000000001", "dead 2 000000002", "cancelled 3 order_3-A",
        "accepted 5 000000005", "accepted 6 000000006", "delivered 5 000000005",
      ])
    #expect(events[4].error == "503 Service Unavailable")
    #expect(events.allSatisfy { $0.destination == "http://b:8080" })
  }

  @Test("it begins at the end, and goes on as frames and segments come, over zeros and torn bytes")
  func grows() throws {
    var log = SegmentBuilder()
    let record = log.record(1)
    log.append { encoder in
      encoder.define(destination: 1, origin: "http://b:80")
      encoder.append(record, destination: 1)
    }
    let disk = SimDisk()
    log.put(on: disk, zeros: 4000)
    let tail = LogTail(disk)
    #expect(try events(tail).isEmpty)
    let before = log.bytes.count
    log.append { $0.append(record, destination: 1) }
    // The half of a frame is none yet.
    try write(log.bytes[..<(before + 50)], to: disk)
    #expect(try events(tail).isEmpty)
    try write(log.bytes[...], to: disk)
    #expect(try events(tail).map(text) == ["accepted 2 000000001"])

    var next = log.successor()
    next.append { encoder in
      encoder.define(destination: 1, origin: "http://b:80")
      encoder.append(record, destination: 1)
      encoder.append(
        OutcomeRecord(sequence: 1, kind: .delivered, attempts: 1, status: 200), previousNote: nil)
    }
    next.put(on: disk)
    // The end of a message that was accepted before anybody looked.
    #expect(
      try events(tail).map(text) == ["accepted 3 000000001", "delivered 1 000000001"])
    #expect(try events(tail).isEmpty)
  }

  @Test("what is damaged or dropped meanwhile is stepped over")
  func gaps() throws {
    let sample = SampleLog()
    let disk = sample.disk()
    disk.flip(FileNames.segment(1), bit: (Int(sample.first.offsets[1]) + 20) * 8)
    #expect(
      try events(LogTail(disk, sinceMs: 0)).map(text) == [
        "accepted 1 000000001", "accepted 2 000000002", "accepted 3 order_3-A",
        "accepted 4 000000004", "dead 2 000000002", "cancelled 3 order_3-A",
        "accepted 5 000000005", "accepted 6 000000006", "delivered 5 000000005",
      ])
    let dropped = sample.disk()
    try dropped.unlink(FileNames.segment(1))
    #expect(try events(LogTail(dropped, sinceMs: 0)).count == 3)
  }

  @Test("from a time on it tells what happened since, whenever the message came")
  func since() throws {
    let events = try events(LogTail(SampleLog().disk(), sinceMs: 1_700_000_000_025))
    #expect(
      events.map(text) == [
        "dead 2 000000002", "cancelled 3 order_3-A", "accepted 5 000000005",
        "accepted 6 000000006", "delivered 5 000000005",
      ])
  }

  @Test("a start may take the last segment's place: it goes on in that one and repeats nothing")
  func replaced() throws {
    let log = try TestLog()
    try log.store(1)
    let tail = LogTail(log.disk, sinceMs: 0)
    #expect(try events(tail).map(\.sequence) == [1])
    log.nowMs += 5
    try log.restart()
    #expect(log.segments == [1])
    #expect(log.report.reloggedFrames == 1)
    #expect(try events(tail).isEmpty)
    try log.store(2)
    try log.end([1])
    #expect(try events(tail).map(\.sequence) == [2, 1])
    #expect(try events(tail).isEmpty)
  }

  @Test("an empty directory is waited for")
  func empty() throws {
    let disk = SimDisk()
    let tail = LogTail(disk, sinceMs: 0)
    #expect(try events(tail).isEmpty)
    SampleLog().put(on: disk)
    #expect(try events(tail).count == 12)
  }
}
