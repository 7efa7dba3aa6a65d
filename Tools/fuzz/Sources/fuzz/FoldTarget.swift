@testable import SegmentLog

/// A whole log, its frames folded as a start does: the input says which segments and frames there are
/// and which numbers stand in them; every checksum is right.
enum FoldTarget {
  static func run(_ bytes: UnsafeRawBufferPointer) {
    var script = FoldScript(ByteReader(bytes))
    let log = script.log()
    log.use(looksInto: script.looksInto)
  }
}

/// Reads the input. Where it ends, so does the log.
private struct FoldScript {
  private var input: ByteReader
  private var forgery = LogForgery()
  private var header = LogForgery.header()
  private var frame = LogForgery.Frame(number: 1, base: 1, committedAtMs: 1)
  private(set) var looksInto = false

  init(_ input: ByteReader) { self.input = input }

  mutating func log() -> LogForgery {
    do {
      looksInto = try input.byte() & 7 == 0
      for _ in 0..<64 {
        let tag = try input.byte()
        switch tag & 7 {
        case 0: try segment(.wal)
        case 1: try segment(.cold)
        case 2: try file()
        default: try append(tag)
        }
      }
    } catch {}
    return forgery
  }

  /// The next one; which of its numbers are others than they would be is said by the bits of two
  /// bytes.
  private mutating func segment(_ kind: SegmentHeader.Kind) throws {
    let bits = try input.little(UInt16.self)
    var totals = Totals()
    totals.accepted = frame.base &- 1
    let before = header
    header = LogForgery.header(kind == .cold ? 1 : before.id &+ 1)
    header.kind = kind
    header.firstSequence = frame.base
    header.firstFrameNumber = frame.number
    header.id = try changed(header.id, bits, 0)
    header.firstSequence = try changed(header.firstSequence, bits, 1)
    header.createdMs = try changed(header.createdMs, bits, 2)
    header.firstFrameNumber = try changed(header.firstFrameNumber, bits, 3)
    totals.accepted = try changed(totals.accepted, bits, 4)
    totals.delivered = try changed(totals.delivered, bits, 5)
    totals.dead = try changed(totals.dead, bits, 6)
    totals.cancelled = try changed(totals.cancelled, bits, 7)
    header.totals = totals
    if bits & 0x100 != 0 {
      var predecessor = SegmentHeader.Predecessor(
        id: before.id, durableLength: FormatLimits.firstFrameOffset,
        lastSequence: frame.base &- 1, lastFrameCRC: 0)
      predecessor.id = try changed(predecessor.id, bits, 9)
      predecessor.durableLength = try changed(predecessor.durableLength, bits, 10)
      predecessor.lastSequence = try changed(predecessor.lastSequence, bits, 11)
      header.predecessor = predecessor
    }
    forgery.begin(header)
    if bits & 0x1000 != 0 { frame.base = header.firstSequence }
    if kind == .cold { header = before }
  }

  /// What an operator is said to have given up.
  private mutating func acceptedDamage() throws {
    let (one, other) = (try number(2), try number(3))
    var damage = Damage(
      kind: .frame, file: FileNames.segment(try number(1)), offset: try number(8192),
      end: try number(8292), reason: "forged", lost: min(one, other)...max(one, other))
    damage.ended = try number(0)
    damage.unnamed = try number(0)
    var accepted = AcceptedDamage(store: LogForgery.store)
    accepted.add([damage], lost: try number(1), nowMs: try number(1))
    forgery.add(FileNames.acceptedDamage, accepted.encoded())
  }

  private mutating func file() throws {
    let names = [
      FileNames.acceptedDamage, FileNames.checkpoint(1), FileNames.dedup(1), FileNames.segment(2),
      FileNames.segment(1 << 61), FileNames.checkpoint(.max), FileNames.cold(2),
    ]
    let choice = try input.byte()
    if choice >= 0x80 { return try acceptedDamage() }
    let name = names[Int(choice) % names.count]
    forgery.add(name, Array(try input.take(UInt64(try input.byte()))))
  }

  private mutating func append(_ tag: UInt8) throws {
    let bits = UInt16(try input.byte())
    var next = frame
    next.number = try changed(next.number, bits, 0)
    next.base = try changed(next.base, bits, 1)
    next.committedAtMs = try changed(next.committedAtMs, bits, 2)
    next.syncedUpTo = try changed(next.syncedUpTo, bits, 3)
    next.directory = try directory(tag, bits, next.base)
    forgery.append(next)
    // What follows goes on from here, or from where it was.
    if bits & 0x80 == 0 { frame = next }
    frame.number = frame.number &+ 1
  }

  private mutating func directory(
    _ tag: UInt8, _ bits: UInt16, _ base: Sequence
  ) throws -> [UInt8] {
    switch tag & 7 {
    case 3: return Array(try input.take(UInt64(try input.byte())))
    case 4:
      let count = Int(try input.byte() & 15)
      defer { frame.base = base &+ UInt64(count) }
      return LogForgery.messages(
        count, startMs: bits & 0x10 != 0 ? try number(1) : nil,
        maxAgeMs: bits & 0x20 != 0 ? try number(1) : nil)
    case 5:
      return LogForgery.attempt(
        try number(base &- 1), base: base, delayMs: bits & 0x10 != 0 ? try number(1) : 1)
    case 6:
      let kind = OutcomeKind.allCases[Int(try input.byte()) % 3]
      return LogForgery.outcome(kind, try number(base &- 1), base: base)
    default:
      if bits & 0x10 != 0 { return LogForgery.lost(try number(1)) }
      let record = CompactionRecord(
        cold: try number(1), dedup: try number(0), copied: try number(0),
        remembered: try number(0),
        inputs: [.init(kind: bits & 0x20 == 0 ? .wal : .cold, id: try number(1))])
      return LogForgery.compaction(record)
    }
  }

  private mutating func changed(
    _ value: UInt64, _ bits: UInt16, _ bit: UInt16
  ) throws -> UInt64 {
    bits >> bit & 1 == 1 ? try number(value) : value
  }

  /// One that is near another, at an edge, or any.
  private mutating func number(_ usual: UInt64) throws -> UInt64 {
    let byte = try input.byte()
    switch byte {
    case 0..<0x40: return usual &+ UInt64(byte) &- 0x20
    case 0x40..<0x80: return UInt64.max &- UInt64(byte & 0x3F)
    case 0x80..<0xC0: return (1 << UInt64(byte & 0x3F)) &- 1
    case 0xC0..<0xFE: return 1 << UInt64(byte & 0x3F)
    default: return try input.little(UInt64.self)
    }
  }
}
