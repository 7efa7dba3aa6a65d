import Testing

@testable import SegmentLog

@Suite("The segment header")
struct SegmentHeaderTests {
  private var header: SegmentHeader {
    var totals = Totals()
    totals.accepted = 10
    totals.delivered = 5
    totals.dead = 2
    totals.cancelled = 1
    return SegmentHeader(
      id: 7, firstSequence: 11, createdMs: 1_700_000_000_000, store: SegmentBuilder.store,
      salt: 0xfeed_beef_0102_0304, firstFrameNumber: 99, totals: totals,
      predecessor: .init(id: 6, durableLength: 12_345, lastSequence: 10, lastFrameCRC: 5))
  }

  private func find(_ area: [UInt8]) throws -> SegmentHeader.Found {
    try area.withBytes { (bytes) throws(SegmentHeaderError) in try SegmentHeader.find(in: bytes) }
  }

  @Test("it comes back as it was written, with a predecessor and without")
  func roundTrip() throws {
    #expect(try find(header.encodedArea()) == .init(header: header, damagedCopy: nil))
    var first = header
    first.predecessor = nil
    #expect(try find(first.encodedArea()).header == first)
  }

  @Test("no flipped bit costs more than one of the copies")
  func everyBit() throws {
    let area = header.encodedArea()
    for copy in 0..<2 {
      for bit in 0..<SegmentHeader.size * 8 {
        var damaged = area
        damaged[copy * 4096 + bit / 8] ^= 1 << UInt8(bit % 8)
        #expect(try find(damaged) == .init(header: header, damagedCopy: copy), "bit \(bit)")
      }
    }
  }

  @Test("with both copies damaged it is refused, whatever the length of the file")
  func bothDamaged() throws {
    var area = header.encodedArea()
    area[30] ^= 1
    area[4096 + 100] ^= 1
    #expect(throws: SegmentHeaderError.self) { try find(area) }
    for length in 0..<SegmentHeader.size {
      #expect(throws: SegmentHeaderError.self) { try find(Array(area[..<length])) }
    }
  }

  @Test("a short file with one copy is enough")
  func shortFile() throws {
    let area = Array(header.encodedArea()[..<SegmentHeader.size])
    #expect(try find(area) == .init(header: header, damagedCopy: 1))
  }

  @Test("another format version is refused by name, with and without a right checksum")
  func otherVersion() throws {
    var area = header.encodedArea()
    for copy in [0, 4096] { area[copy + 8] = 2 }
    #expect(throws: SegmentHeaderError.otherVersion(major: 2, minor: 0)) { try find(area) }
    #expect("\(SegmentHeaderError.otherVersion(major: 2, minor: 0))".contains("2.0"))
  }

  /// Changes both copies and makes their checksums right again.
  private func forged(_ change: (inout [UInt8]) -> Void) -> [UInt8] {
    var copy = header.encoded()
    change(&copy)
    let crc = copy[..<156].withUnsafeBytes { Checksum.crc32($0) }
    withUnsafeBytes(of: crc.littleEndian) { copy.replaceSubrange(156..<160, with: $0) }
    var area = header.encodedArea()
    for start in [0, 4096] { area.replaceSubrange(start..<start + 160, with: copy) }
    return area
  }

  @Test("incompatible features are refused by name, compatible ones and higher minors are read")
  func features() throws {
    #expect(throws: SegmentHeaderError.unknownFeatures(4)) { try find(forged { $0[20] = 4 }) }
    #expect(try find(forged { $0[16] = 4 }).header.compatibleFeatures == 4)
    #expect(try find(forged { $0[10] = 9 }).header.minor == 9)
  }

  @Test(
    "impossible values with a right checksum are refused",
    arguments: [12, 24, 25, 26, 28, 88 + 7, 96 + 7, 120 + 1])
  func impossible(offset: Int) {
    // One byte is enough to break each of these fields.
    let area = forged { $0[offset] ^= 0x80 }
    #expect(throws: SegmentHeaderError.self) { try find(area) }
  }

  @Test("garbage is no segment")
  func garbage() {
    var source = SplitMix64(seed: 5)
    for length in [0, 1, 15, 16, 159, 160, 4096, 4100, 8192] {
      let bytes = (0..<length).map { _ in UInt8.random(in: 0...255, using: &source) }
      #expect(throws: SegmentHeaderError.notASegment) { try find(bytes) }
    }
  }
}
