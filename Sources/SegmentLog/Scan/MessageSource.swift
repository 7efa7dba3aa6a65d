/// Gives the frames that hold a log's messages in the order of their sequences, in batches: the
/// segments one after the other, and in between what stands in cold segments. A message that stands
/// in both is given once.
final class MessageSource {
  private let range: Range<Sequence>
  private let makeCursor: (ArraySlice<SegmentFile>) -> MessageCursor
  private var cursors: [MessageCursor] = []
  /// Cold segments that don't begin yet, in the order in which they do.
  private var waiting: ArraySlice<(first: Sequence, segment: SegmentFile)>
  private var from: Sequence
  private var closedFailures: [DiskError] = []

  var failures: [DiskError] { closedFailures + cursors.flatMap(\.failures) }

  init(
    _ chain: LogChain, on disk: any Disk, range: Range<Sequence>, includesBodies: Bool,
    progress: @escaping PassProgress
  ) {
    self.range = range
    from = range.lowerBound
    let total = chain.fileBytes
    makeCursor = { files in
      MessageCursor(files, on: disk, includesBodies: includesBodies) { progress($0, total) }
    }
    waiting =
      chain.colds.map { (Self.firstSequence(of: $0, disk), $0) }
      .sorted { $0.0 < $1.0 }[...]
    // The next segment's first sequence says that all before lie below the range.
    let firsts = chain.segments.map(\.header.firstSequence)
    let start = firsts.lastIndex { $0 <= range.lowerBound } ?? 0
    let end = firsts.firstIndex { $0 >= range.upperBound } ?? firsts.count
    if start < end { add(chain.segments[start..<end]) }
  }

  /// A bound: its first frame has the lowest sequence as base.
  private static func firstSequence(of segment: SegmentFile, _ disk: any Disk) -> Sequence {
    guard let file = try? disk.open(segment.name, .readOnly) else { return 1 }
    defer { file.close() }
    let frame = try? FrameReader(file: file, salt: segment.header.salt)
      .frame(at: FormatLimits.firstFrameOffset)
    return frame?.head.baseSequence ?? 1
  }

  private func add(_ files: ArraySlice<SegmentFile>) {
    let cursor = makeCursor(files)
    cursor.skip(to: from)
    cursors.append(cursor)
  }

  func close() {
    for cursor in cursors { cursor.close() }
  }

  /// Up to so many bytes of frames; none at the end.
  func batches(of size: Int, upTo bytes: Int) -> [FrameBatch] {
    var batches: [FrameBatch] = []
    var total = 0
    while total < bytes, let (cursor, limit) = lowest(), let segment = cursor.segment {
      if batches.last?.segment.name != segment.name || (batches.last?.size ?? 0) >= size {
        batches.append(FrameBatch(segment, cursor.destinations))
      }
      let last = batches.count - 1
      let before = batches[last].size
      take(from: cursor, limit, into: &batches[last])
      total += batches[last].size - before
    }
    return batches
  }

  /// The cursor whose message comes next, and the first sequence that another one has.
  private func lowest() -> (MessageCursor, limit: Sequence)? {
    while true {
      closedFailures += cursors.filter { $0.next == nil }.flatMap(\.failures)
      cursors.removeAll { $0.next == nil }
      cursors.sort { ($0.next ?? .max) < ($1.next ?? .max) }
      let first = cursors.first?.next ?? .max
      if let cold = waiting.first, cold.first <= first, cold.first < range.upperBound {
        waiting.removeFirst()
        add([cold.segment])
        continue
      }
      guard let cursor = cursors.first, first < range.upperBound else { return nil }
      let others = min(
        cursors.dropFirst().first?.next ?? .max, waiting.first?.first ?? .max, range.upperBound)
      // One that stands in two files: the other one's turn comes behind it.
      return (cursor, max(others, first + 1))
    }
  }

  private func take(
    from cursor: MessageCursor, _ limit: Sequence, into batch: inout FrameBatch
  ) {
    guard let first = cursor.next else { return }
    let last = min(cursor.lastOfFrame, limit - 1)
    cursor.withFrame { bytes, offset in batch.append(bytes, at: offset, first...last) }
    from = last + 1
    for other in cursors where (other.next ?? .max) < from { other.skip(to: from) }
  }
}
