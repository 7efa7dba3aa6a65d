import Testing

@testable import SegmentLog

@Suite("The bytes of a checkpoint")
struct CheckpointFormatTests {
  @Test("what is written is read back", arguments: 1...30 as ClosedRange<UInt64>)
  func roundTrip(seed: UInt64) throws {
    let disk = SimDisk(seed: 1)
    let checkpoint = SampleCheckpoint.random(
      seed: seed, segments: Int(seed % 7) + 1, messagesMax: seed % 5 == 0 ? 3000 : 60,
      hasCold: seed % 3 > 0)
    _ = try SampleCheckpoint.write(checkpoint, to: disk)
    let read = try CheckpointReader.read(checkpoint.number, on: disk, store: checkpoint.store)
    #expect(SampleCheckpoint.dump(read) == SampleCheckpoint.dump(checkpoint))
    #expect(read.needs == checkpoint.needs)
  }

  @Test("large tables stand in many chunks of at most 64 KiB")
  func chunks() throws {
    let disk = SimDisk(seed: 1)
    var checkpoint = SampleCheckpoint.random(seed: 1, segments: 2, messagesMax: 10)
    let message = checkpoint.segments[1].first
    var random = SplitMix64(seed: 3)
    var segment = checkpoint.segments.removeLast()
    for _ in 0..<300_000 { segment.append(place: 0) }
    for sequence in message..<segment.next where random.next() & 1 == 0 {
      guard segment.isLive(sequence), checkpoint.attempts[sequence] == nil else { continue }
      segment.end(sequence, EndingKind(kind: .delivered, status: 200, attempts: 1))
      checkpoint.counters.totals.delivered += 1
    }
    checkpoint.segments.append(segment)
    checkpoint.counters.nextSequence = segment.next
    checkpoint.counters.totals.accepted += 300_000
    let name = try SampleCheckpoint.write(checkpoint, to: disk)
    #expect((disk.contents(name)?.count ?? 0) > 70_000)
    let read = try CheckpointReader.read(checkpoint.number, on: disk)
    #expect(read.segments[1].live == segment.live)
    #expect(read.segments[1].endings == segment.endings)
  }

  @Test("every flipped bit is refused")
  func everyBit() throws {
    let disk = SimDisk(seed: 1)
    let checkpoint = SampleCheckpoint.random(seed: 5, segments: 3, messagesMax: 20, hasCold: true)
    let name = try SampleCheckpoint.write(checkpoint, to: disk)
    let bytes = try #require(disk.contents(name))
    for bit in 0..<(bytes.count * 8) {
      disk.flip(name, bit: bit)
      #expect(throws: CheckpointError.self, "bit \(bit)") {
        try CheckpointReader.read(checkpoint.number, on: disk)
      }
      disk.put(name, bytes)
    }
  }

  @Test("every other length is refused")
  func everyLength() throws {
    let disk = SimDisk(seed: 1)
    let checkpoint = SampleCheckpoint.random(seed: 6, segments: 2, messagesMax: 20)
    let name = try SampleCheckpoint.write(checkpoint, to: disk)
    let bytes = try #require(disk.contents(name))
    for length in 0..<bytes.count {
      disk.put(name, Array(bytes[..<length]))
      #expect(throws: CheckpointError.self, "length \(length)") {
        try CheckpointReader.read(checkpoint.number, on: disk)
      }
    }
    disk.put(name, bytes + [0])
    #expect(throws: CheckpointError.self) { try CheckpointReader.read(checkpoint.number, on: disk) }
  }

  /// Whoever can write a file can make its checksums right.
  @Test("no bytes with right checksums bring the reader down", arguments: 0..<8)
  func rightChecksums(part: Int) throws {
    let disk = SimDisk(seed: 1)
    let checkpoint = SampleCheckpoint.random(seed: 9, segments: 2, messagesMax: 12)
    let name = try SampleCheckpoint.write(checkpoint, to: disk)
    let bytes = try #require(disk.contents(name))
    var random = SplitMix64(seed: UInt64(part) + 1)
    var accepted = 0
    for _ in 0..<1500 {
      disk.put(name, Self.forge(bytes, &random))
      guard let read = try? CheckpointReader.read(checkpoint.number, on: disk) else { continue }
      accepted += 1
      // Whatever was let in can be used.
      var state = LogState(read, LogOptions(newStore: SampleCheckpoint.store, saltSeed: 1))
      _ = read.segmentTable
      for sequence in 1..<min(read.counters.nextSequence, 50) {
        if state.state(of: sequence) == .pending {
          state.apply(
            outcome: DirectoryOutcome(
              sequence: sequence, kind: .delivered, status: 200, attempts: 1), note: nil)
        }
      }
    }
    #expect(accepted > 0)
  }

  /// Changes some raw bytes of one chunk and makes all checksums right again.
  private static func forge(_ bytes: [UInt8], _ random: inout SplitMix64) -> [UInt8] {
    var chunks: [(head: [UInt8], raw: [UInt8])] = []
    var offset = CheckpointFormat.headerSize
    while offset < bytes.count {
      let head = Array(bytes[offset..<offset + 16])
      let (raw, stored) = head.withBytes {
        (
          Int($0.littleInteger(at: 4, as: UInt32.self)),
          Int($0.littleInteger(at: 8, as: UInt32.self))
        )
      }
      let body = Array(bytes[offset + 16..<offset + 16 + stored])
      var content = body
      if stored < raw {
        content = [UInt8](repeating: 0, count: raw)
        _ = content.withMutableBytes { target in
          body.withBytes { Inflater().decompress($0, into: target) }
        }
      }
      chunks.append((head, content))
      offset += 16 + stored
    }
    let victim = Int.random(in: 0..<chunks.count - 1, using: &random)
    for _ in 0..<Int.random(in: 1...3, using: &random) {
      let index = Int.random(in: 0..<chunks[victim].raw.count, using: &random)
      chunks[victim].raw[index] =
        Bool.random(using: &random)
        ? UInt8.random(in: 0...255, using: &random)
        : chunks[victim].raw[index] ^ 1 << UInt8.random(in: 0..<8, using: &random)
    }
    var out = Array(bytes[..<CheckpointFormat.headerSize])
    for (index, chunk) in chunks.enumerated() {
      var raw = chunk.raw
      if index == chunks.count - 1 {
        var end = ByteWriter()
        end.append(little: UInt64(chunks.count - 1))
        end.append(little: out.withBytes { Checksum.crc32($0) })
        raw = Array(end.bytes)
      }
      var head = ByteWriter()
      head.append(Array(chunk.head[..<4]))
      head.append(little: UInt32(raw.count))
      head.append(little: UInt32(raw.count))
      let crc = raw.withBytes { Checksum.crc32($0, seed: Checksum.crc32(head.bytes)) }
      head.append(little: crc)
      out += Array(head.bytes) + raw
    }
    return out
  }

  @Test("another version is refused by name, and so are a foreign store and a wrong name")
  func versions() throws {
    let disk = SimDisk(seed: 1)
    let checkpoint = SampleCheckpoint.random(seed: 5, segments: 1, messagesMax: 5)
    let name = try SampleCheckpoint.write(checkpoint, to: disk)
    let bytes = try #require(disk.contents(name))
    var other = bytes
    // Alone it would be a flipped bit.
    other[8] = 2
    other[30] ^= 1
    disk.put(name, other)
    #expect(throws: CheckpointError.otherVersion(major: 2, minor: 0)) {
      try CheckpointReader.read(checkpoint.number, on: disk)
    }
    disk.put(FileNames.checkpoint(2000), bytes)
    #expect(throws: CheckpointError.otherNumber(found: checkpoint.number)) {
      try CheckpointReader.read(2000, on: disk)
    }
    disk.put(name, bytes)
    let stranger = StoreUUID(high: 1, low: 1)
    #expect(
      throws: CheckpointError.otherStore(found: SampleCheckpoint.store, expected: stranger)
    ) {
      try CheckpointReader.read(checkpoint.number, on: disk, store: stranger)
    }
  }

  @Test("what doesn't fit together is a contradiction")
  func contradictions() throws {
    let good = SampleCheckpoint.random(seed: 11, segments: 3, messagesMax: 30)
    #expect(good.contradiction == nil)
    var bad = good
    bad.counters.totals.dead += 1
    #expect(bad.contradiction?.contains("dead") == true)
    bad = good
    bad.segments.swapAt(0, 1)
    #expect(bad.contradiction != nil)
    bad = good
    bad.destinations = []
    #expect(bad.contradiction?.contains("not defined") == true)
    bad = good
    bad.position.offset += 1
    #expect(bad.contradiction?.contains("position") == true)
    bad = good
    bad.counters.nextSequence -= 1
    #expect(bad.contradiction != nil)
    bad = good
    bad.attempts[good.counters.nextSequence + 5] = AttemptState(
      sequence: good.counters.nextSequence + 5)
    #expect(bad.contradiction?.contains("does not live") == true)
  }
}
