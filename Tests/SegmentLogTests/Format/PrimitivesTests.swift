import Testing

@testable import SegmentLog

@Suite("Numbers, names and blocks")
struct PrimitivesTests {
  @Test("varints and zigzags come back, the largest included")
  func numbers() throws {
    let values: [UInt64] = [0, 1, 127, 128, 300, 1 << 32, .max - 1, .max]
    let signed: [Int64] = [0, -1, 1, .min, .max, -300]
    var out = ByteWriter(capacity: 1)
    for value in values { out.append(varint: value) }
    for value in signed { out.append(zigzag: value) }
    out.append(little: UInt32(0x0102_0304))
    var input = ByteReader(out.bytes)
    for value in values { #expect(try input.varint() == value) }
    for value in signed { #expect(try input.zigzag() == value) }
    #expect(try input.little(UInt32.self) == 0x0102_0304)
    #expect(input.isAtEnd)
  }

  @Test("a reader never goes beyond its bytes, and refuses varints of more than 64 bits")
  func borders() throws {
    func read<R>(_ bytes: [UInt8], _ body: (inout ByteReader) throws -> R) throws -> R {
      try bytes.withUnsafeBytes { buffer in
        var input = ByteReader(buffer)
        return try body(&input)
      }
    }
    #expect(throws: ByteReader.Failure.endOfBytes(offset: 0)) { try read([]) { try $0.byte() } }
    #expect(throws: ByteReader.Failure.self) { try read([]) { try $0.varint() } }
    #expect(throws: ByteReader.Failure.self) { try read([0x80]) { try $0.varint() } }
    #expect(throws: ByteReader.Failure.self) { try read([1, 2, 3]) { try $0.little(UInt32.self) } }
    for length in [4, UInt64.max] {
      #expect(throws: ByteReader.Failure.self) {
        try read([1, 2, 3]) { input in try input.take(length).count }
      }
    }
    let ones = [UInt8](repeating: 0xff, count: 9)
    #expect(try read(ones + [1]) { try $0.varint() } == .max)
    #expect(throws: ByteReader.Failure.varintTooLong(offset: 0)) {
      try read(ones + [2]) { try $0.varint() }
    }
    #expect(throws: ByteReader.Failure.varintTooLong(offset: 0)) {
      try read(ones + [0x81, 1]) { try $0.varint() }
    }
  }

  @Test("the checksum is zlib's, and can be continued")
  func checksum() {
    let bytes = Array("123456789".utf8)
    bytes.withUnsafeBytes { all in
      #expect(Checksum.crc32(all) == 0xcbf4_3926)
      let first = Checksum.crc32(UnsafeRawBufferPointer(rebasing: all[..<4]))
      #expect(
        Checksum.crc32(UnsafeRawBufferPointer(rebasing: all[4...]), seed: first) == 0xcbf4_3926)
    }
  }

  @Test("a block comes back from deflate, stream after stream, and what doesn't fit is said")
  func deflate() throws {
    let deflater = Deflater()
    let inflater = Inflater()
    var source = RandomRecords(seed: 9)
    for _ in 0..<50 {
      let raw = source.payload(max: 100_000) + [1]
      var stored = [UInt8](repeating: 0, count: raw.count + 200)
      let length = try raw.withBytes { bytes in
        try #require(stored.withMutableBytes { deflater.compress(bytes, into: $0) })
      }
      let exact = Array(stored[..<length])
      var back = [UInt8](repeating: 0, count: raw.count)
      #expect(
        exact.withBytes { bytes in back.withMutableBytes { inflater.decompress(bytes, into: $0) } })
      #expect(back == raw)
      var short = [UInt8](repeating: 0, count: length - 1)
      #expect(
        raw.withBytes { bytes in short.withMutableBytes { deflater.compress(bytes, into: $0) } }
          == nil)
      let extra = exact + [0]
      #expect(
        !extra.withBytes { bytes in back.withMutableBytes { inflater.decompress(bytes, into: $0) } }
      )
    }
  }

  @Test("only the lower-case form of a UUID is packed, and comes back byte by byte")
  func packedUUID() throws {
    let text = "2313a6a1-b522-4a32-81f8-58324925dea1"
    #expect(try #require(PackedUUID(text)).description == text)
    for other in [
      text.uppercased(), String(text.dropLast()), text + "0",
      "2313a6a1b522-4a32-81f8-58324925dea1-",
      "2313a6a1-b522-4a32-81f8-58324925deag", "", "urn:uuid:2313a6a1-b522-4a32-81f8-58324925",
    ] {
      #expect(PackedUUID(other) == nil, "\(other)")
    }
  }

  @Test("a segment's name is its id in 16 hex digits, and nothing else is one")
  func names() {
    for id in [0, 1, 255, UInt64.max] {
      #expect(FileNames.segmentID(FileNames.segment(id)) == id)
    }
    #expect(FileNames.segment(255) == "wal-00000000000000ff.seg")
    for name in [
      "wal-00000000000000FF.seg", "wal-ff.seg", "wal-00000000000000ff.seg.tmp",
      "cold-00000000000000ff.seg", "wal-+0000000000000ff.seg", "next.tmp", "",
    ] {
      #expect(FileNames.segmentID(name) == nil, "\(name)")
    }
  }
}
