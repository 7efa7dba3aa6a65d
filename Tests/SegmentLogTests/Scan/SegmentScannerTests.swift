import Testing

@testable import SegmentLog

@Suite("Scanning a segment")
struct SegmentScannerTests {
  /// Three frames of two messages each, and a witness when asked for.
  private func segment(witness: Bool = false, footer: Bool = false) -> SegmentBuilder {
    var segment = SegmentBuilder()
    for frame in 0..<3 {
      let records = (0..<2).map {
        segment.record(frame * 2 + $0, payload: String(repeating: "abc \(frame) ", count: 40))
      }
      segment.append { encoder in
        if frame == 0 { encoder.define(destination: 0, origin: "http://b:80") }
        for record in records { encoder.append(record, destination: 0) }
      }
    }
    if witness { segment.append() }
    if footer { segment.append(.footer) }
    return segment
  }

  private func disk(_ segment: SegmentBuilder, zeros: Int = 4096) -> SimDisk {
    let disk = SimDisk()
    segment.put(on: disk, zeros: zeros)
    return disk
  }

  @Test("an intact segment ends where its zeros begin; only its last records are unproven")
  func intact() throws {
    let segment = segment()
    let result = try scan(disk(segment))
    #expect(result.sequences == [1, 2, 3, 4, 5, 6])
    #expect(result.invalid.isEmpty)
    #expect(result.end == UInt64(segment.bytes.count))
    #expect(!result.verdict.hasDamage && result.verdict.torn == nil)
    #expect(result.verdict.unprovenFrom == segment.offsets[2])
    #expect(result.verdict.provenUpTo == segment.offsets[2])
    #expect(result.verdict.lastFrameCRC == segment.lastFrameCRC)
    #expect(result.verdict.nextSequence == 7)
  }

  @Test("a witness proves the records before it")
  func witness() throws {
    let segment = segment(witness: true)
    let result = try scan(disk(segment))
    #expect(result.verdict.unprovenFrom == nil)
    #expect(result.verdict.provenUpTo == segment.offsets[3])
    #expect(!result.verdict.isSealed)
  }

  @Test("a footer seals: everything is proven, and bytes behind it are damage")
  func footer() throws {
    let segment = segment(footer: true)
    let result = try scan(disk(segment, zeros: 0))
    #expect(result.verdict.isSealed && !result.verdict.hasDamage)
    #expect(result.verdict.provenUpTo == UInt64(segment.bytes.count))
    let disk = SimDisk()
    disk.put(FileNames.segment(1), segment.bytes + [1, 2, 3])
    #expect(try scan(disk).verdict.hasDamage)
  }

  @Test("a segment cut at any byte has a torn tail and no damage, and keeps what is whole before")
  func everyTruncation() throws {
    let segment = segment()
    let borders = segment.offsets + [UInt64(segment.bytes.count)]
    for length in 8192..<segment.bytes.count {
      let disk = SimDisk()
      disk.put(FileNames.segment(1), Array(segment.bytes[..<length]))
      let result = try scan(disk)
      let whole = borders.lastIndex { $0 <= UInt64(length) }!
      #expect(result.frames.count == whole)
      #expect(!result.verdict.hasDamage)
      #expect((result.verdict.torn == nil) == borders.contains(UInt64(length)), "length \(length)")
    }
  }

  @Test("a frame that is wrong before others is damage: its messages are named, the rest is read")
  func damageInTheMiddle() throws {
    let segment = segment()
    let disk = disk(segment)
    disk.flip(FileNames.segment(1), bit: (Int(segment.offsets[1]) + 70) * 8)
    let result = try scan(disk)
    #expect(result.sequences == [1, 2, 5, 6])
    let finding = try #require(result.verdict.damage.first)
    #expect(finding.offset == segment.offsets[1])
    #expect(finding.end == segment.offsets[2])
    #expect(finding.lost == 3...4)
    #expect(result.verdict.damage.count == 1)
  }

  @Test("a bad block costs its messages only, and its valid head still proves what is before")
  func badBlock() throws {
    let segment = segment()
    let disk = disk(segment)
    disk.flip(FileNames.segment(1), bit: (segment.bytes.count - 1) * 8)
    let result = try scan(disk)
    #expect(result.frames.count == 3)
    #expect(result.frames[2].badBlocks == [0])
    #expect(!result.verdict.hasDamage)
    #expect(result.verdict.torn?.kind == .block(0))
    #expect(result.verdict.torn?.lost == 5...6)
    #expect(result.verdict.provenUpTo == segment.offsets[2])
    #expect(result.verdict.validEnd == segment.offsets[2])
  }

  @Test("a bad block that a later frame proves is damage")
  func provenBadBlock() throws {
    let segment = segment(witness: true)
    let disk = disk(segment)
    disk.flip(FileNames.segment(1), bit: (Int(segment.offsets[3]) - 1) * 8)
    let result = try scan(disk)
    #expect(result.verdict.damage.map(\.kind) == [.block(0)])
    #expect(result.verdict.damage.first?.lost == 5...6)
    #expect(result.verdict.torn == nil)
  }

  @Test("frames that were synced together prove those before them when something is wrong there")
  func syncedTogether() throws {
    // Frames that are logged again are written one after the other before the file gets its name.
    var segment = SegmentBuilder()
    for number in 1...3 {
      let record = segment.record(number)
      segment.append(syncedUpTo: 8192) { $0.append(record, destination: 0) }
    }
    #expect(try scan(disk(segment)).verdict.unprovenFrom == 8192)
    let disk = disk(segment)
    disk.flip(FileNames.segment(1), bit: (8192 + 70) * 8)
    let verdict = try scan(disk).verdict
    #expect(verdict.damage.map(\.lost) == [1...1])
    #expect(verdict.torn == nil)
    #expect(verdict.unprovenFrom == segment.offsets[1])
  }

  @Test("what the successor calls void is not looked at")
  func successorCuts() throws {
    let segment = segment()
    let cut = SegmentHeader.Predecessor(
      id: 1, durableLength: segment.offsets[2], lastSequence: 4, lastFrameCRC: 0)
    let result = try scan(disk(segment), successor: cut)
    #expect(result.sequences == [1, 2, 3, 4])
    #expect(!result.verdict.hasDamage && result.verdict.unprovenFrom == nil)
    let damaged = disk(segment)
    damaged.flip(FileNames.segment(1), bit: (Int(segment.offsets[2]) + 3) * 8)
    #expect(try scan(damaged, successor: cut).verdict == result.verdict)
  }

  @Test("bytes that the successor counts on and that are missing or zero are damage")
  func successorMissesBytes() throws {
    let segment = segment()
    let whole = SegmentHeader.Predecessor(
      id: 1, durableLength: UInt64(segment.bytes.count), lastSequence: 6, lastFrameCRC: 0)
    for zeros in [0, 4096] {
      let disk = SimDisk()
      let kept = Array(segment.bytes[..<Int(segment.offsets[2])])
      disk.put(FileNames.segment(1), kept + [UInt8](repeating: 0, count: zeros))
      let verdict = try scan(disk, successor: whole).verdict
      #expect(verdict.damage.map(\.lost) == [5...6])
    }
  }

  @Test("the way on is found over damage of any length, across the borders of reads")
  func resyncOverLargeDamage() throws {
    let segment = segment()
    let saltBytes = withUnsafeBytes(of: segment.header.salt.littleEndian) { Array($0) }
    for length in [1, 7, 63, 1 << 20, (1 << 20) - 17, (1 << 20) + 5, 2 << 20] {
      var garbage = [UInt8](repeating: 0x41, count: length)
      // Salts without a frame must not mislead.
      for place in stride(from: 20, to: length - 8, by: 250_000) {
        garbage.replaceSubrange(place..<place + 8, with: saltBytes)
      }
      let at = Int(segment.offsets[1])
      let disk = SimDisk()
      disk.put(
        FileNames.segment(1), Array(segment.bytes[..<at]) + garbage + Array(segment.bytes[at...]))
      let result = try scan(disk)
      #expect(result.sequences == [1, 2, 3, 4, 5, 6], "\(length)")
      #expect(result.invalid.map(\.end) == [UInt64(at + length)])
      #expect(result.verdict.damage.count == 1)
    }
  }

  @Test("a copy of an earlier frame inside of damage is not taken for a frame")
  func copiedFrame() throws {
    let segment = segment()
    let copy = Array(segment.bytes[Int(segment.offsets[0])..<Int(segment.offsets[1])])
    let at = Int(segment.offsets[1])
    let disk = SimDisk()
    disk.put(
      FileNames.segment(1),
      Array(segment.bytes[..<at]) + [1] + copy + Array(segment.bytes[at...]))
    #expect(try scan(disk).sequences == [1, 2, 3, 4, 5, 6])
  }

  @Test("zeroed sectors never pass silently", arguments: [false, true])
  func zeroedSectors(closed: Bool) throws {
    let segment = segment(witness: true)
    let successor = closed ? segment.successor().header.predecessor : nil
    let first = 8192 / 512
    for sector in first..<(segment.bytes.count + 511) / 512 {
      let disk = SimDisk()
      var bytes = segment.bytes
      let range = sector * 512..<min(bytes.count, sector * 512 + 512)
      bytes.replaceSubrange(range, with: repeatElement(0, count: range.count))
      disk.put(FileNames.segment(1), bytes)
      let verdict = try scan(disk, successor: successor).verdict
      #expect(verdict.hasDamage || (!closed && verdict.torn != nil), "sector \(sector)")
    }
  }

  @Test("a frame of a later version is named; an ignorable one is stepped over")
  func laterFrameTypes() throws {
    for (type, problem) in [(UInt8(3), FrameError.unknownFrameType(3)), (0x83, nil)] {
      let segment = SegmentBuilder()
      let frame = forgeFrame(
        directory: [1, 2, 3], type: type, records: 9, salt: segment.header.salt)
      let disk = SimDisk()
      disk.put(FileNames.segment(1), segment.bytes + frame)
      let result = try scan(disk)
      #expect(result.frames.map(\.problem) == [problem])
      #expect(result.verdict.damage.map(\.kind) == (problem == nil ? [] : [.directory]))
      #expect(result.invalid.isEmpty)
    }
  }

  @Test("frames larger than a read are given whole")
  func largeFrames() throws {
    var segment = SegmentBuilder()
    var source = RandomRecords(seed: 1)
    let big = (0..<3 << 20).map { _ in UInt8.random(in: 0...255, using: &source.random) }
    var record = segment.record(1)
    record.payload = big
    for _ in 0..<2 { segment.append { $0.append(record, destination: 0) } }
    let disk = disk(segment)
    let file = try disk.open(FileNames.segment(1), .readOnly)
    let scanner = try SegmentScanner(file: file, header: segment.header)
    for offset in segment.offsets {
      guard case .frame(let frame) = try scanner.next() else { Issue.record("no frame"); return }
      #expect(frame.offset == offset)
      #expect(frame.badBlocks.isEmpty)
      let whole = try scanner.withFrame { Array($0) }
      #expect(whole == Array(segment.bytes[Int(offset)..<Int(frame.end)]))
    }
  }

  @Test("a read error ends the scan and is not taken for damage")
  func readError() throws {
    let disk = disk(segment())
    let file = try disk.open(FileNames.segment(1), .readOnly)
    let scanner = try SegmentScanner(file: file, header: SegmentBuilder().header)
    disk.inject(SimFault(.read, code: 5))
    #expect(throws: DiskError.self) { _ = try scanner.next() }
  }
}
