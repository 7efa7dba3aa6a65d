import Testing

@testable import SegmentLog

@Suite("Dedup files")
struct DedupFileTests {
  private static let store = StoreUUID(high: 7, low: 8)
  private static let name = FileNames.dedup(3)

  private func entries(_ count: Int, seed: UInt64 = 1) -> [DedupEntry] {
    var random = RandomRecords(seed: seed)
    var sequence: Sequence = 0
    var atMs: UInt64 = 1_700_000_000_000
    return (0..<count).map { _ in
      sequence += UInt64(random.chance(80) ? 1 : random.int(1...1 << 30))
      atMs += UInt64(random.int(0...500))
      return DedupEntry(
        sequence: sequence, key: UUIDKey(high: random.random.next(), low: random.random.next()),
        contentHash: random.random.next(), acceptedAtMs: atMs, status: UInt16(random.int(0...599)),
        attempts: UInt32(random.int(0...70_000)))
    }
  }

  @discardableResult
  private func write(_ entries: [DedupEntry], on disk: SimDisk) throws -> DedupHeader {
    var writer = DedupWriter(
      file: try disk.open(Self.name, .createNew), id: 3, store: Self.store, createdMs: 5)
    for entry in entries { try writer.append(entry) }
    return try writer.finish()
  }

  private func open(_ disk: SimDisk, id: UInt64 = 3) throws -> DedupFile {
    try DedupFile(id: id, store: Self.store, on: disk)
  }

  @Test("every entry is found by its sequence, and no other", arguments: [1, 2, 139, 141, 5000])
  func find(count: Int) throws {
    let disk = SimDisk()
    let all = entries(count)
    let header = try write(all, on: disk)
    let file = try open(disk)
    #expect(file.header == header)
    #expect(header.count == UInt64(count))
    #expect(header.firstAcceptedMs == all[0].acceptedAtMs)
    #expect(header.lastAcceptedMs == all[count - 1].acceptedAtMs)
    let sequences = Set(all.map(\.sequence))
    for entry in all {
      #expect(try file.entry(entry.sequence) == entry)
      if !sequences.contains(entry.sequence + 1) {
        #expect(try file.entry(entry.sequence + 1) == nil)
      }
    }
    #expect(try file.entry(0) == nil)
    #expect(try file.entry(.max) == nil)
    var read: [DedupEntry] = []
    #expect(try file.forEach { read.append($0) }.unreadable == 0)
    #expect(read == all)
  }

  @Test("an entry takes less than 32 bytes")
  func size() throws {
    let disk = SimDisk()
    let header = try write(
      (1...10_000).map { number in
        DedupEntry(
          sequence: UInt64(number), key: UUIDKey(high: 1, low: 2), contentHash: 3,
          acceptedAtMs: 1_700_000_000_000 + UInt64(number), status: 200, attempts: 1)
      }, on: disk)
    #expect(header.fileSize < 10_000 * 32)
  }

  @Test("one bit costs a page at most, and never gives a wrong entry")
  func everyBit() throws {
    let disk = SimDisk()
    let all = entries(200)
    try write(all, on: disk)
    let bytes = try #require(disk.contents(Self.name))
    // All of the first bytes of each page, and of its end; a sample of the rest.
    for byte in bytes.indices where byte % 4096 < 32 || byte % 4096 >= 4088 || byte % 37 == 0 {
      disk.flip(Self.name, bit: byte * 8 + byte % 8)
      defer { disk.put(Self.name, bytes) }
      let file = try open(disk)
      var read: [DedupEntry] = []
      let (unreadable, _) = try file.forEach { read.append($0) }
      #expect(unreadable == (byte / 4096 == 0 || byte / 4096 == bytes.count / 4096 - 1 ? 0 : 1))
      #expect(read.allSatisfy { all.contains($0) })
      #expect(read.count >= all.count - 150)
      if let found = try? file.entry(all[20].sequence) { #expect(found == all[20]) }
    }
  }

  @Test("a file that was cut short is refused")
  func truncations() throws {
    let disk = SimDisk()
    try write(entries(300), on: disk)
    let bytes = try #require(disk.contents(Self.name))
    for length in stride(from: 0, to: bytes.count, by: 97) {
      disk.put(Self.name, Array(bytes[..<length]))
      #expect(throws: DedupError.self) { _ = try open(disk) }
    }
    disk.put(Self.name, bytes + [0])
    #expect(throws: DedupError.self) { _ = try open(disk) }
  }

  @Test("a file of another id or store, or of a later version, is named")
  func others() throws {
    let disk = SimDisk()
    try write(entries(3), on: disk)
    let bytes = try #require(disk.contents(Self.name))
    disk.put(FileNames.dedup(4), bytes)
    #expect(throws: DedupError.otherFile("holds dedup file 3")) { _ = try open(disk, id: 4) }
    #expect {
      _ = try DedupFile(id: 3, store: StoreUUID(high: 1, low: 1), on: disk)
    } throws: {
      if case DedupError.otherFile = $0 { true } else { false }
    }
    var later = bytes
    // Alone it would be a flipped bit.
    for page in [0, bytes.count - 4096] {
      later[page + 8] = 2
      later[page + 200] ^= 1
    }
    disk.put(Self.name, later)
    #expect(throws: DedupError.otherVersion(2)) { _ = try open(disk) }
  }

  @Test("pages in each other's places are not believed")
  func swappedPages() throws {
    let disk = SimDisk()
    let all = entries(400)
    try write(all, on: disk)
    var bytes = try #require(disk.contents(Self.name))
    let first = Array(bytes[4096..<8192])
    bytes.replaceSubrange(4096..<8192, with: bytes[8192..<12288])
    bytes.replaceSubrange(8192..<12288, with: first)
    disk.put(Self.name, bytes)
    let file = try open(disk)
    var read: [DedupEntry] = []
    #expect(try file.forEach { read.append($0) }.unreadable == 1)
    for entry in all {
      if let found = try? file.entry(entry.sequence) { #expect(found == entry) }
    }
  }

  @Test("bytes that nobody vouches for never crash a reader", arguments: 0..<4)
  func fuzz(part: Int) throws {
    var random = RandomRecords(seed: UInt64(part))
    let disk = SimDisk()
    let all = entries(100, seed: UInt64(part))
    try write(all, on: disk)
    let bytes = try #require(disk.contents(Self.name))
    for _ in 0..<300 {
      var changed = bytes
      let page = random.int(0...bytes.count / 4096 - 1)
      for _ in 0..<random.int(1...6) {
        let place = random.chance(70) ? random.int(4...120) : random.int(0...4091)
        changed[page * 4096 + place] = random.chance(30) ? 0xff : UInt8(random.int(0...255))
      }
      seal(&changed, page: page)
      disk.put(Self.name, changed)
      guard let file = try? open(disk) else { continue }
      _ = try file.forEach { _ in }
      for entry in all.prefix(10) { _ = try? file.entry(entry.sequence) }
    }
  }

  /// Makes the page's checksum right again.
  private func seal(_ bytes: inout [UInt8], page: Int) {
    let start = page * 4096
    let isHeader = page == 0 || page == bytes.count / 4096 - 1
    let covered = isHeader ? start..<start + 4092 : start + 4..<start + 4096
    let crc = Array(bytes[covered]).withBytes { Checksum.crc32($0) }
    let place = isHeader ? start + 4092 : start
    for index in 0..<4 { bytes[place + index] = UInt8(truncatingIfNeeded: crc >> (8 * index)) }
  }
}
