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
