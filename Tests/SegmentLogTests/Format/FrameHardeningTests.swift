import Testing

@testable import SegmentLog

@Suite("Frames that nobody vouches for")
struct FrameHardeningTests {
  private let salt: UInt64 = 5

  private func frame(_ bytes: [UInt8]) throws -> (FrameReader, FrameReader.Frame) {
    let disk = SimDisk()
    disk.put("f", bytes)
    let reader = FrameReader(file: try disk.open("f", .readOnly), salt: salt)
    return (reader, try reader.frame(at: 0))
  }

  private func forge(_ directory: [UInt8], blocks: [UInt8] = [], records: UInt32 = 0) -> [UInt8] {
    forgeFrame(directory: directory, blocks: blocks, records: records, salt: salt)
  }

  private func blockTable(_ entries: [(raw: UInt64, stored: UInt64, crc: UInt32)]) -> [UInt8] {
    var body = ByteWriter()
    for entry in entries {
      body.append(varint: entry.raw)
      body.append(varint: entry.stored)
      body.append(little: entry.crc)
    }
    return section(7, count: UInt64(entries.count), Array(body.bytes))
  }

  private func crc(_ bytes: [UInt8]) -> UInt32 { bytes.withBytes { Checksum.crc32($0) } }

  private func isBadDirectory(_ error: any Error) -> Bool {
    if case FrameError.badDirectory = error { true } else { false }
  }

  private func expectBadDirectory(_ directory: [UInt8], blocks: [UInt8] = [], records: UInt32 = 0) {
    #expect { try frame(forge(directory, blocks: blocks, records: records)) } throws: {
      isBadDirectory($0)
    }
  }

  @Test("an unknown ignorable section is stepped over, another one is named")
  func unknownSections() throws {
    let (_, known) = try frame(forge(section(0x90, count: 3, [1, 2, 3])))
    #expect(known.directory.messages.isEmpty)
    #expect(known.directory.hasUnknownSections)
    for type in [UInt8(10), 11, 0x7f] {
      #expect(throws: FrameError.unknownSection(type)) {
        try frame(forge(section(type, count: 1, [1])))
      }
    }
  }

  @Test("a section that stands twice, counts that are too high and lengths that are too long")
  func badSections() {
    let control = section(5, count: 1, [1, 0])
    expectBadDirectory(control + control, records: 2)
    for type in [UInt8(1), 2, 3, 4, 5, 6, 7, 8, 9, 0x81] {
      expectBadDirectory(section(type, count: 200, [UInt8](repeating: 1, count: 150)), records: 200)
      expectBadDirectory(section(type, count: .max, [1, 1]), records: 1)
      expectBadDirectory(section(type, count: 1, [1, 1], length: 1 << 40), records: 1)
      expectBadDirectory(section(type, count: 1, [1, 1], length: .max), records: 1)
      expectBadDirectory(section(type, count: 0, [9]), records: 0)
    }
    expectBadDirectory([1])
    expectBadDirectory([1, 0xff])
    expectBadDirectory([UInt8](repeating: 0xff, count: 30))
  }

  @Test("the head's count of records must be right")
  func recordCount() {
    expectBadDirectory(section(5, count: 1, [1, 0]), records: 2)
  }

  @Test("impossible heads are refused before anything is allocated")
  func badHeads() throws {
    for (total, directory) in [
      (63, 0), (UInt32.max, 0), (33 << 20, 0), (64, 1), (100, 37), (64, .max),
    ]
      as [(UInt32, UInt32)]
    {
      let bytes = forgeFrame(
        directory: [], records: 0, salt: salt, totalLength: total, directoryLength: directory)
      #expect { try frame(bytes) } throws: { error in
        if case FrameError.badLength = error { true } else { false }
      }
    }
    // As long as allowed, but the file is not.
    let long = forgeFrame(
      directory: [], records: 0, salt: salt, totalLength: 32 << 20, directoryLength: 20 << 20)
    #expect { try frame(long) } throws: { error in
      if case FrameError.cutShort = error { true } else { false }
    }
  }

  @Test("a block must inflate to exactly what the table promises")
  func inflateExactly() throws {
    let raw = [UInt8](repeating: 7, count: 1000)
    var stored = [UInt8](repeating: 0, count: 900)
    let length = try raw.withBytes { source in
      try #require(stored.withMutableBytes { Deflater().compress(source, into: $0) })
    }
    stored.removeLast(900 - length)
    for (promised, isRight) in [(1000, true), (999, false), (1001, false), (10_000, false)] {
      let control = section(5, count: 0, [])
      let bytes = forge(
        control + blockTable([(UInt64(promised), UInt64(length), crc(stored))]), blocks: stored)
      let (reader, found) = try frame(bytes)
      if isRight {
        #expect(try reader.block(0, of: found) == raw)
      } else {
        #expect(throws: FrameError.badBlock(block: 0)) { try reader.block(0, of: found) }
      }
    }
  }

  @Test("a promise that deflate can't keep is refused without allocating for it")
  func inflateBomb() {
    let bytes: [UInt8] = [1, 2, 3]
    for raw in [5000, 1 << 25, (1 << 25) + 1, 1 << 32, .max] as [UInt64] {
      expectBadDirectory(blockTable([(raw, 3, crc(bytes))]), blocks: bytes)
    }
    expectBadDirectory(blockTable([(2, 3, crc(bytes))]), blocks: bytes)
    expectBadDirectory(blockTable([(0, 0, 0)]))
  }

  @Test("blocks must fill the frame, and payloads the blocks")
  func places() throws {
    let bytes: [UInt8] = [1, 2, 3]
    expectBadDirectory(blockTable([(3, 3, crc(bytes))]), blocks: bytes + [4])
    expectBadDirectory(blockTable([(4, 4, crc(bytes))]), blocks: bytes)
    func message(_ length: UInt8) -> [UInt8] {
      section(2, count: 1, [1, 0, length] + [UInt8](repeating: 5, count: 40))
    }
    expectBadDirectory(message(3), records: 1)
    expectBadDirectory(
      message(2) + blockTable([(3, 3, crc(bytes))]), blocks: bytes, records: 1)
    expectBadDirectory(
      message(4) + blockTable([(3, 3, crc(bytes))]), blocks: bytes, records: 1)
    let good = forge(message(3) + blockTable([(3, 3, crc(bytes))]), blocks: bytes, records: 1)
    let (reader, found) = try frame(good)
    #expect(try reader.payload(1, of: found) == bytes)
    #expect(try reader.payload(2, of: found) == nil)
  }

  @Test("notes must lie inside of their block")
  func notePlaces() {
    let bytes: [UInt8] = [1, 2, 3]
    let table = blockTable([(3, 3, crc(bytes))])
    for note in [[2, 1, 1, 0, 1, 0], [2, 1, 0, 3, 1, 0], [2, 1, 0, 0, 4, 0]] as [[UInt8]] {
      expectBadDirectory(table + section(0x81, count: 1, note), blocks: bytes)
    }
  }

  @Test("reserved fields of a message are stepped over")
  func reservedFields() throws {
    var entry: [UInt8] = [1 | 32 | 64 | 128, 0, 0] + [UInt8](repeating: 5, count: 40)
    entry += [1, 1, 1, 1] + [2] + [UInt8](repeating: 2, count: 8) + [3, 9, 9, 9]
    let (_, found) = try frame(forge(section(2, count: 1, entry), records: 1))
    #expect(found.directory.messages.count == 1)
    var overflow: [UInt8] = [1 | 64, 0, 0] + [UInt8](repeating: 5, count: 40)
    overflow += varint(.max)
    expectBadDirectory(section(2, count: 1, overflow), records: 1)
  }

  @Test("sequences neither overflow nor fall below 1")
  func sequences() {
    // Zigzag of Int64.min and of -1, from base 1.
    for difference in [UInt64.max, 1] {
      expectBadDirectory(
        section(3, count: 1, varint(difference) + [1, 0, 0]), records: 1)
    }
    let many = forgeFrame(
      directory: section(2, count: 1, [1, 0, 0] + [UInt8](repeating: 5, count: 40)), records: 1,
      salt: salt, baseSequence: .max)
    #expect { try frame(many) } throws: { isBadDirectory($0) }
  }

  @Test(
    "directories with random changes and a right checksum never crash a reader", arguments: 0..<4)
  func fuzz(part: Int) throws {
    var source = RandomRecords(seed: UInt64(part))
    let encoder = FrameEncoder()
    for round in 0..<1500 {
      let content = FrameContent.random(&source, baseSequence: 50, countMax: 5, payloadMax: 100)
      content.stage(into: encoder)
      _ = encoder.encode(salt: salt, frameNumber: 1, committedAtMs: 1)
      var bytes = encoder.withFrame(syncedUpTo: 8192) { Array($0) }
      let head = try bytes.withBytes { (raw) throws(FrameError) in
        try FrameHead.decode(raw, salt: salt)
      }
      for _ in 0..<source.int(1...4) where head.directoryLength > 0 {
        let place = source.int(64...head.prefixLength - 1)
        bytes[place] = source.chance(30) ? 0xff : UInt8(source.int(0...255))
      }
      var out = ByteWriter()
      out.append(bytes)
      FrameHead.finish(&out, prefixLength: head.prefixLength, syncedUpTo: 8192)
      do {
        let (reader, found) = try frame(Array(out.bytes))
        for index in found.directory.blocks.indices { _ = try? reader.block(index, of: found) }
        for message in found.directory.messages {
          _ = found.directory.uuid(of: message)
          _ = try? reader.payload(message.sequence, of: found)
        }
        for note in found.directory.notes { _ = try? reader.text(note, of: found) }
      } catch is FrameError {
        continue
      } catch {
        Issue.record("round \(round) of part \(part): \(error)")
      }
    }
  }
}
