import Glibc

/// The checkpoints of a directory: the two newest that can be believed, and what is wrong with the
/// others.
struct LogCheckpoints: Sendable {
  /// Newest first, at most two.
  private(set) var believed: [Checkpoint] = []
  private(set) var problems: [ChainProblem] = []
  private(set) var bytes: UInt64 = 0
  private(set) var count = 0
  /// The highest segment that one of them was written at, whether it can be believed or not: the log
  /// went that far.
  private(set) var reached: UInt64 = 0

  static let none = LogCheckpoints()
  private init() {}

  /// `chain`: the segments, which have the last word.
  init(_ names: [String], _ chain: LogChain, on disk: any Disk) {
    guard let store = chain.identity?.store ?? chain.files.first?.header.store else { return }
    for number in CheckpointReader.numbers(in: names) {
      let file = FileNames.checkpoint(number)
      do throws(CheckpointError) {
        bytes += try Self.size(file, disk)
        count += 1
        let checkpoint = try CheckpointReader.read(number, on: disk, store: store)
        reached = max(reached, checkpoint.position.segment)
        try Self.compare(checkpoint, chain, disk)
        if believed.count < 2 { believed.append(checkpoint) }
      } catch {
        // A running server keeps the two newest.
        if case .disk(let failure) = error, failure.code == ENOENT { continue }
        problems.append(.unusable(file: file, reason: error.description))
      }
    }
  }

  private static func size(_ name: String, _ disk: any Disk) throws(CheckpointError) -> UInt64 {
    do throws(DiskError) {
      let file = try disk.open(name, .readOnly)
      defer { file.close() }
      return try file.size()
    } catch {
      throw .disk(error)
    }
  }

  /// A file that is missing is named as such, not as a fault of the checkpoint that needs it.
  private static func compare(
    _ checkpoint: Checkpoint, _ chain: LogChain, _ disk: any Disk
  ) throws(CheckpointError) {
    let position = checkpoint.position
    guard let last = chain.lastID, last >= position.segment else {
      throw .disagrees(
        "it was written at \(FileNames.segment(position.segment)), and the log ends before that")
    }
    for segment in checkpoint.segments {
      guard let file = chain.segments.first(where: { $0.id == segment.id }) else { continue }
      try compare(segment, file, isLast: segment.id == position.segment)
    }
    guard position.frameOffset > 0,
      let file = chain.segments.first(where: { $0.id == position.segment })
    else { return }
    try compare(position, file, disk)
  }

  private static func compare(
    _ segment: SegmentState, _ file: SegmentFile, isLast: Bool
  ) throws(CheckpointError) {
    guard segment.salt == 0 || segment.salt == file.header.salt else {
      throw .disagrees("\(file.name) is another file than it was")
    }
    guard segment.damage == nil else { return }
    guard file.size >= segment.end else {
      throw .disagrees("\(file.name) ends at \(file.size), before offset \(segment.end)")
    }
    guard let length = file.successor?.durableLength else { return }
    guard isLast ? length >= segment.end : length == segment.end else {
      throw .disagrees(
        "\(file.name) ends at offset \(length), not at \(segment.end), says its successor")
    }
  }

  private static func compare(
    _ position: LogPosition, _ file: SegmentFile, _ disk: any Disk
  ) throws(CheckpointError) {
    let frame: FrameReader.Frame
    do {
      let open = try disk.open(file.name, .readOnly)
      defer { open.close() }
      frame = try FrameReader(file: open, salt: file.header.salt).frame(at: position.frameOffset)
    } catch {
      throw .disagrees("\(file.name) at offset \(position.frameOffset): \(error)")
    }
    guard frame.head.crc == position.frameCRC,
      frame.offset + UInt64(frame.head.totalLength) == position.offset
    else {
      throw .disagrees(
        "\(file.name) holds another frame at offset \(position.frameOffset) than it did")
    }
  }
}

extension LogChain {
  /// The highest id of a segment that stands, usable or not.
  var lastID: UInt64? { segmentIDs.last }

  /// Ascending.
  var segmentIDs: [UInt64] {
    (segments.map(\.id) + unusable.filter { $0.kind == .wal }.map(\.id)).sorted()
  }

  /// Segments that should stand and don't. What a checkpoint does not need was dropped; without one
  /// nothing may be missing in between.
  var missing: [ClosedRange<UInt64>] {
    let ids = segmentIDs
    var missing: [ClosedRange<UInt64>] = []
    let from = checkpoint?.position.segment ?? 1
    for (before, after) in zip(ids, ids.dropFirst()) where after - before > 1 && after > from {
      let first = max(before + 1, from)
      if first < after { missing.append(first...after - 1) }
    }
    let last = ids.last ?? max(checkpoints.reached, 1) - 1
    if last < checkpoints.reached { missing.append(last + 1...checkpoints.reached) }
    guard let checkpoint else { return missing }
    let standing = Set(ids)
    for id in checkpoint.neededSegments.keys.sorted().reversed() where !standing.contains(id) {
      if !missing.contains(where: { $0.contains(id) }) { missing.insert(id...id, at: 0) }
    }
    return missing
  }

  var missingColds: [UInt64] {
    guard let checkpoint else { return [] }
    let standing = Set(colds.map(\.id) + unusable.filter { $0.kind == .cold }.map(\.id))
    return checkpoint.neededColds.subtracting(standing).sorted()
  }

  /// Whether every segment that ever was stands, so that they tell everything without a checkpoint.
  var isWhole: Bool {
    guard segments.first?.id == 1, colds.isEmpty else { return false }
    return segments.count == Int(clamping: segments.last?.id ?? 0)
  }
}
