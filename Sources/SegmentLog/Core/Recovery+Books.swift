// The accounting at the end of a full scan.
extension Recovery {
  /// What was accepted and has not ended, by the totals in the headers and the frames behind them, has
  /// to stand somewhere. Where it does, segments that aren't there were dropped, and that is a note; the
  /// rest is lost.
  ///
  /// The ends of messages may have stood in dropped segments. So more may live here than the totals say:
  /// these are delivered again.
  mutating func closeBooks() {
    guard let file = firstFile else { return }
    let later = UInt64(endsToCome.count { state.holder(of: $0) == nil }).addingCapped(givenUpAgain)
    let lost = state.closeBooks(endedInGaps: endedInGaps, endedLater: later)
    let repeated = state.takeBackEnds()
    if repeated > 0 {
      report.repeated = repeated
      report.notes.append(
        "without a checkpoint it isn't known which \(repeated) of the messages here were delivered or "
          + "cancelled in segments that were dropped since: they are delivered again")
    }
    let gaps = Set(missing.values)
    if lost == 0 {
      takeForDropped(gaps)
    } else if gaps.isEmpty {
      var damage = Damage(
        kind: .accounting, file: file, offset: nil,
        reason: "\(lost) messages that were accepted before it have neither ended nor stand "
          + "anywhere: older segments are missing, or acknowledgements were lost; finished and "
          + "cancelled messages may be delivered again", lost: nil)
      damage.unnamed = lost
      note(damage: damage)
    }
  }

  private mutating func takeForDropped(_ gaps: Set<Int>) {
    let indices = gaps.filter { report.damage[$0].kind == .missing }
    // Beside other damage nobody knows what the totals would be without it.
    guard !indices.isEmpty, indices.count == report.damage.count else { return }
    for index in indices.sorted() {
      report.notes.append(
        "\(report.damage[index].file) and what followed it up to the next segment were dropped: "
          + "nothing that waits is missing")
    }
    report.damage = []
  }
}

extension LogState {
  private var liveCount: UInt64 {
    segments.reduce(0) { $0 + $1.liveCount } + cold.reduce(0) { $0 + $1.liveCount }
  }

  /// Counts as ended what ended in segments that aren't there; returns how many messages neither ended
  /// nor stand anywhere. `endedLater`: in frames that are yet to be folded.
  mutating func closeBooks(endedInGaps: Totals, endedLater: UInt64) -> UInt64 {
    var open = unnamedLosses.subtractingCapped(endedLater)
    let delivered = min(open, endedInGaps.delivered)
    open -= delivered
    let cancelled = min(open, endedInGaps.cancelled)
    open -= cancelled
    counters.totals.delivered.add(capped: delivered)
    counters.totals.cancelled.add(capped: cancelled)
    openElsewhere(open.addingCapped(endedLater))
    return open
  }

  /// More live here than the totals have left to live: so many ends are taken back, and returned.
  mutating func takeBackEnds() -> UInt64 {
    let ended = totals.delivered.addingCapped(totals.cancelled)
    let excess = liveCount.subtractingCapped(totals.accepted.subtractingCapped(ended))
    let delivered = min(excess, totals.delivered)
    let cancelled = min(excess - delivered, totals.cancelled)
    counters.totals.delivered -= delivered
    counters.totals.cancelled -= cancelled
    counters.totals.accepted.add(capped: excess - delivered - cancelled)
    return excess
  }
}
