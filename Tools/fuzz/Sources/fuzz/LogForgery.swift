@testable import SegmentLog

/// A log with any numbers in it and every checksum right: what no disk makes, but somebody who writes
/// files could. The engine's tests use it through a symbolic link.
struct LogForgery {
  static let store = StoreUUID(high: 1, low: 2)
  static let salt: UInt64 = 0x0123_4567_89ab_cdef

  /// What a frame says, and its directory.
  struct Frame {
    var number: UInt64
    var base: Sequence
    var committedAtMs: UInt64
    var syncedUpTo: UInt64 = .max
    var directory: [UInt8] = []
  }

  private(set) var files: [String: [UInt8]] = [:]
  private var last: String?

  init() {
    files[FileNames.identity] = Array(StoreIdentity(store: Self.store).json.utf8)
  }

  /// A header that is right as the first of a log.
  static func header(_ id: UInt64 = 1) -> SegmentHeader {
    SegmentHeader(
      id: id, firstSequence: 1, createdMs: 1, store: store, salt: salt, firstFrameNumber: 1,
      totals: Totals(), predecessor: nil)
  }

  /// The frames that follow stand in it.
  mutating func begin(_ header: SegmentHeader, named id: UInt64? = nil) {
    let name = FileNames.segment(header.kind, id ?? header.id)
    files[name] = header.encodedArea()
    last = name
  }

  mutating func append(_ frame: Frame) {
    guard let last, let directory = Self.records(in: frame.directory) else { return }
    var out = ByteWriter(capacity: FrameHead.size + frame.directory.count)
    let head = FrameHead(
      totalLength: UInt32(FrameHead.size + frame.directory.count), crc: 0,
      type: FrameKind.data.rawValue, flags: 0, salt: Self.salt, frameNumber: frame.number,
      baseSequence: frame.base, committedAtMs: frame.committedAtMs, syncedUpTo: 0,
      directoryLength: UInt32(frame.directory.count), recordCount: directory)
    head.append(to: &out)
    out.append(frame.directory)
    FrameHead.finish(
      &out, prefixLength: FrameHead.size + frame.directory.count, syncedUpTo: frame.syncedUpTo)
    files[last, default: []] += Array(out.bytes)
  }

  mutating func add(_ name: String, _ bytes: [UInt8]) { files[name] = bytes }

  /// How many records the sections say they hold; nil when these are no sections.
  private static func records(in directory: [UInt8]) -> UInt32? {
    directory.withUnsafeBytes { bytes in
      var input = ByteReader(bytes)
      var records: UInt64 = 0
      do throws(ByteReader.Failure) {
        while !input.isAtEnd {
          let section = try input.byte()
          let count = try input.varint()
          _ = try input.take(try input.varint())
          let counted: Set<UInt8> = [
            SectionType.messages, SectionType.attempts, SectionType.outcomes, SectionType.control,
            SectionType.compacted, SectionType.sparseMessages, SectionType.waits,
          ]
          if counted.contains(section) { records = records &+ count }
        }
      } catch {
        return nil
      }
      return UInt32(exactly: records)
    }
  }

  // MARK: Sections

  static func section(_ type: UInt8, _ count: Int, _ body: (inout ByteWriter) -> Void) -> [UInt8] {
    var content = ByteWriter()
    body(&content)
    var out = ByteWriter()
    out.append(type)
    out.append(varint: UInt64(count))
    out.append(varint: UInt64(content.count))
    return Array(out.bytes) + Array(content.bytes)
  }

  /// Messages without bodies, to destination 0, and what that is.
  static func messages(_ count: Int, startMs: UInt64? = nil, maxAgeMs: UInt64? = nil) -> [UInt8] {
    section(SectionType.destinations, 1) { out in
      out.append(varint: 0)
      out.append(varint: 8)
      out.append(Array("http://b".utf8))
    }
      + section(SectionType.messages, count) { out in
        for index in 0..<count {
          // A packed UUID; a delay, and an age.
          out.append(1 | (startMs == nil ? 0 : 2) | (maxAgeMs == nil ? 0 : 8))
          out.append(varint: 0)
          out.append(varint: 0)
          for _ in 0..<5 { out.append(little: UInt64(index)) }
          if let startMs { out.append(varint: startMs) }
          if let maxAgeMs { out.append(varint: maxAgeMs) }
        }
      }
  }

  static func attempt(_ sequence: Sequence, base: Sequence, delayMs: UInt64 = 1) -> [UInt8] {
    section(SectionType.attempts, 1) { out in
      append(sequence, base, to: &out)
      for number in [1, delayMs, 503] { out.append(varint: number) }
    }
  }

  static func outcome(_ kind: OutcomeKind, _ sequence: Sequence, base: Sequence) -> [UInt8] {
    section(SectionType.outcomes, 1) { out in
      out.append(kind.rawValue)
      out.append(varint: 200)
      out.append(varint: 1)
      append(sequence, base, to: &out)
      out.append(varint: 1)
    }
  }

  static func lost(_ count: UInt64) -> [UInt8] {
    section(SectionType.control, 1) { out in
      let control = ControlRecord.lost(count)
      out.append(varint: UInt64(control.kind))
      out.append(varint: UInt64(control.bytes.count))
      out.append(control.bytes)
    }
  }

  static func compaction(_ record: CompactionRecord) -> [UInt8] {
    section(SectionType.compacted, 1) { record.encode(into: &$0) }
  }

  private static func append(_ sequence: Sequence, _ base: Sequence, to out: inout ByteWriter) {
    let difference = Int64(bitPattern: sequence &- base)
    out.append(varint: UInt64(bitPattern: difference << 1 ^ difference >> 63))
  }

  // MARK: Use

  /// Does with the log what a server and its tools do. Whatever is in it: it is refused, or named as
  /// damage, or gone on with.
  func use(nowMs: UInt64 = 1_700_000_000_000, looksInto: Bool = true) {
    let disk = DryDisk(over: MemoryDisk(files))
    start(on: disk, nowMs: nowMs)
    // What that start left.
    start(on: disk, nowMs: nowMs)
    if looksInto { look(into: MemoryDisk(files)) }
  }

  private func start(on disk: DryDisk, nowMs: UInt64) {
    var options = LogOptions(segmentSize: 64 << 10, newStore: Self.store, saltSeed: 7)
    options.readsInParallel = false
    options.onDamage = .proceed
    guard let (core, _) = try? LogCore.open(disk: disk, options: options, nowMs: nowMs) else {
      return
    }
    do {
      _ = core.overview()
      let record = NewRecord(
        uuid: [0x61], key: UUIDKey(high: 9, low: 9), contentHash: 1, destination: "http://b",
        payload: [1])
      _ = core.stage([record], nowMs: nowMs)
      _ = try core.commit(nowMs: nowMs)
      for backlog in core.destinationsWithPending() {
        _ = core.walkPlan(destination: backlog.origin, after: 0, limit: 10)
      }
      try core.checkBodies()
      _ = core.stage([
        .attempt(
          AttemptRecord(
            sequence: max(core.state.nextSequence, 2) - 1, count: 1, delayMs: .max, status: 500,
            error: ""))
      ])
      _ = try core.commit(nowMs: nowMs)
      if let job = core.checkpointWanted(nowMs: nowMs &+ 60_000) {
        try core.checkpointed(job.run(on: disk), nowMs: nowMs &+ 60_000)
      }
      _ = core.nextTickDueMs(nowMs: nowMs)
      try core.tick(nowMs: nowMs)
      _ = try core.acceptDamage(nowMs: nowMs)
      _ = core.compactionPlan(isCommand: true, nowMs: nowMs)
      try core.seal(nowMs: nowMs)
    } catch {}
  }

  /// As log-inspect does.
  private func look(into disk: MemoryDisk) {
    _ = try? LogSurvey(of: disk)
    _ = try? LogAudit(of: disk)
    _ = try? LogStats(of: disk)
    if let chain = try? LogChain.read(disk) {
      _ = LogRecords(chain, on: disk).forEach({ _, _ in }, write: { _ in true })
    }
    let tail = LogTail(disk, sinceMs: 0)
    _ = try? tail.poll { _ in }
  }
}
