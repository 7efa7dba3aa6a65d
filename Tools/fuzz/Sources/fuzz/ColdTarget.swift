@testable import SegmentLog

/// A cold segment, its frames forged as those of `SegmentTarget`: its messages only ascend.
enum ColdTarget {
  private static let id: UInt64 = 5
  private static let store = StoreUUID(high: 1, low: 2)

  static func run(_ bytes: UnsafeRawBufferPointer) {
    var header = SegmentHeader(
      id: id, firstSequence: 1, createdMs: 1, store: store, salt: FrameForgery.salt,
      firstFrameNumber: 1, totals: Totals(), predecessor: nil)
    header.kind = .cold
    let name = FileNames.segment(.cold, id)
    let disk = MemoryDisk(file: name, bytes: header.encodedArea() + FrameForgery.frames(bytes))
    var sequences: [Sequence] = []
    guard
      let found = try? ColdFile.read(
        name, id: id, store: store, on: disk,
        visit: { _, directory in sequences += directory.messages.map(\.sequence) },
        number: { number, _ in number })
    else { preconditionFailure("the header is good, and memory can't fail") }
    precondition(zip(sequences, sequences.dropFirst()).allSatisfy(<))
    precondition(found.segment.count <= sequences.count)
  }
}
