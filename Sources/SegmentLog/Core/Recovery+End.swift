/// What a checkpoint knows of a log that ends before it. It is only written of what is durable, so
/// the rest was lost.
struct KnownEnd {
  var position: LogPosition
  var nextSequence: Sequence
  var totals: Totals
  /// Of the last segment that stands: where it ended, as a successor would say it. nil when the
  /// checkpoint doesn't know that very file.
  var last: SegmentHeader.Predecessor?
}

extension Recovery {
  /// To be called with a checkpoint that the segments contradict.
  mutating func noteEnd(of number: UInt64, _ found: [FoundSegment], _ store: StoreUUID) {
    guard let checkpoint = try? CheckpointReader.read(number, on: disk, store: store),
      found.last.map({ $0.id <= checkpoint.position.segment }) ?? true,
      knownEnd.map({ $0.nextSequence < checkpoint.counters.nextSequence }) ?? true
    else { return }
    let position = checkpoint.position
    var known = KnownEnd(
      position: position, nextSequence: checkpoint.counters.nextSequence,
      totals: checkpoint.counters.totals)
    if let last = found.last {
      let image = checkpoint.segments.first { $0.id == last.id }
      if let image, let header = last.header, header.salt == image.salt {
        let isLast = last.id == position.segment
        let next = isLast ? known.nextSequence : image.count > 0 ? image.next : 1
        known.last = SegmentHeader.Predecessor(
          id: last.id, durableLength: image.end, lastSequence: next - 1, lastFrameCRC: 0)
      } else if last.id == position.segment {
        // Another file in its place: the checkpoint says nothing of it.
        return
      }
    }
    knownEnd = known
  }

  /// Everything is folded that stands there: what stood behind it is named, and none of its numbers
  /// is given again.
  mutating func loseEnd(after last: FoundSegment?) {
    guard let known = knownEnd else { return }
    nextFrameNumber = max(nextFrameNumber, known.position.nextFrameNumber)
    guard let last else {
      // As if it had stood there: the accounting finds what has not ended.
      state.begin(totals: known.totals, nextSequence: known.nextSequence)
      return
    }
    if last.id < known.position.segment {
      noteMissing(last.id + 1..<known.position.segment + 1)
      if known.nextSequence > state.nextSequence {
        report.damage[report.damage.count - 1].lost =
          state.nextSequence...(known.nextSequence - 1)
      }
    }
    guard known.nextSequence > state.nextSequence else { return }
    state.skipMissing(
      to: known.nextSequence,
      counted: known.totals.accepted.subtractingCapped(state.totals.accepted))
  }
}
