import Testing

@testable import SegmentLog

@Suite("Saving what segments without a usable header hold")
struct LogAdoptionTests {
  private func saved(_ disk: SimDisk) throws -> [Sequence] {
    let chain = try LogChain.read(disk).adopting(on: disk)
    return LogRecords(chain, on: disk).inOrder().records.map(\.sequence)
  }

  @Test("both copies of a header gone: the frames carry the salt themselves", arguments: [1, 2])
  func header(id: UInt64) throws {
    let disk = SampleLog().disk()
    for byte in [50, 4096 + 50] { disk.flip(FileNames.segment(id), bit: byte * 8) }
    #expect(try saved(disk) == [1, 2, 3, 4, 5, 6])
    // The first frame gone too: from the next one on.
    let first = id == 1 ? SampleLog().first.offsets[0] : SampleLog().second.offsets[0]
    disk.flip(FileNames.segment(id), bit: (Int(first) + 20) * 8)
    #expect(try saved(disk) == (id == 1 ? [5, 6] : [1, 2, 3, 4]))
  }

  @Test("the same of a compacted segment, and the accounting closes")
  func cold() throws {
    let log = try TestLog(segmentSize: 16 << 10)
    for first in [1, 3] {
      try log.store(first, first + 1)
      try log.end([UInt64(first)])
      try log.rotate()
    }
    try log.store(5)
    try log.settle()
    let name = try FileNames.cold(#require(log.cold.first))
    for byte in [50, 4096 + 50] { log.disk.flip(name, bit: byte * 8) }
    #expect(try LogChain.read(log.disk).problems.count == 1)
    #expect(try saved(log.disk) == [2, 4, 5])
    let audit = try LogAudit(of: log.disk)
    #expect(audit.closes && audit.accepted == 5 && audit.pending == 3)
    // Under another's name.
    log.disk.put(FileNames.cold(7), try #require(log.disk.contents(name)))
    log.disk.remove(name)
    #expect(try saved(log.disk) == [2, 4, 5])
  }

  @Test("a segment under another's name is read by its own number, and a copy of one once")
  func renamed() throws {
    let sample = SampleLog()
    let swapped = sample.disk()
    swapped.put(FileNames.segment(1), sample.second.bytes)
    swapped.put(FileNames.segment(2), sample.first.bytes)
    #expect(try saved(swapped) == [1, 2, 3, 4, 5, 6])
    let copied = sample.disk()
    copied.put(FileNames.segment(7), sample.first.bytes)
    #expect(try saved(copied) == [1, 2, 3, 4, 5, 6])
  }

  @Test("a segment of another store stays out, and one that holds nothing is no trouble")
  func foreign() throws {
    let sample = SampleLog()
    let disk = sample.disk()
    var header = sample.second.header
    header.store.low ^= 1
    var bytes = sample.second.bytes
    bytes.replaceSubrange(0..<8192, with: header.encodedArea())
    disk.put(FileNames.segment(2), bytes)
    disk.put(FileNames.segment(3), [UInt8](repeating: 0x44, count: 700_000))
    disk.put(FileNames.segment(4), [])
    #expect(try saved(disk) == [1, 2, 3, 4])
  }
}
