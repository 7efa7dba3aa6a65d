// What a checkpoint knows of files that are gone: what lived in them is lost, by number, and everything
// else is as it says.
extension Recovery {
  /// To be called when the state is the checkpoint's.
  mutating func loseGone() {
    for holder in state.holders {
      guard let reason = gone[state[holder].logFile] else { continue }
      let segment = state[holder]
      if !report.damage.contains(where: { $0.file == segment.file && $0.kind == .missing }) {
        note(
          damage: Damage(
            kind: .missing, file: segment.file, offset: nil, reason: reason,
            lost: segment.stretchOfLive))
      }
      state[holder].damage = reason
      state[holder].fileBytes = 0
      guard segment.count > 0 else { continue }
      state.lose(segment.first...(segment.next - 1), in: holder, except: [])
    }
  }

  /// The segment that the checkpoint was written at is gone, and so is what may have stood behind it.
  mutating func lastGone(_ position: LogPosition) -> LastSegment {
    state.segments[state.segments.count - 1].close()
    report.cleanStop = false
    var last = LastSegment(
      found: FoundSegment(id: position.segment), durableEnd: position.offset, hasUnproven: false,
      unprovenEnd: 0, endsInZeros: false, isDamaged: true)
    last.lastFrameCRC = position.frameCRC
    last.nextSequence = state.nextSequence
    reserveNumbers()
    return last
  }

  /// How many messages stood behind what is known can't be told: so many numbers are left out that
  /// none is given twice. No file of the log is larger than the largest that it knows, or the next.
  mutating func reserveNumbers() {
    let largest = state.segments.reduce(options.segmentSize) { max($0, $1.fileBytes) }
    state.reserve(to: state.nextSequence + largest / Self.messageBytesMin)
    nextFrameNumber = nextFrameNumber.addingCapped(largest / UInt64(FrameHead.size))
  }
}

extension SegmentState {
  /// From the first to the last message that is pending or dead; nil without one.
  var stretchOfLive: ClosedRange<Sequence>? {
    guard let first = live.first(true, from: 0) else { return nil }
    var last = count - 1
    while !isLive(at: last) { last -= 1 }
    return sequence(at: first)...sequence(at: last)
  }
}
