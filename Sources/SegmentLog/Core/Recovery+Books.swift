// The accounting of a full scan.
extension Recovery {
  /// What a segment's header says of everything before it, in the words of who wrote it: how many
  /// messages had ended, and where those stood that had not.
  mutating func adopt(_ header: SegmentHeader, _ listed: StandingFiles?) {
    standing = listed.map {
      Standing(segment: header.id, listed: $0, found: state.standing, lost: state.openLosses)
    }
    guard listed != nil else { return }
    state.adopt(header.totals)
  }

  /// The end of a full scan: what was accepted and has not ended has to stand somewhere. Where it does,
  /// segments that aren't there were dropped, and that is a note; the rest is lost. What lives here
  /// beyond that ended in segments that were dropped since, and comes back.
  mutating func closeBooks() {
    isScanning = false
    guard let file = firstFile else { return }
    if var standing {
      // Those whose records can't be read are in force as well.
      for record in coldRecords { standing.apply(record) }
      let here = Set(state.holders.map { state[$0].logFile })
      for record in unusedRecords.reversed() { standing.takeBack(record, to: here) }
      self.standing = standing
      report.repeated = state.reconcile(with: standing)
    }
    report.repeated.add(capped: state.takeBackEnds())
    noteRepeated()
    let later = UInt64(endsToCome.count { state.holder(of: $0) == nil }).addingCapped(givenUpAgain)
    let open = state.unnamedLosses
    var lost = open.subtractingCapped(later)
    state.openElsewhere(open)
    if let standing { nameMissing(standing.listed, &lost) }
    guard lost > 0, standing != nil || missing.isEmpty else { return }
    var damage = Damage(
      kind: .accounting, file: file, offset: nil,
      reason:
        "\(lost) messages that were accepted before it have neither ended nor stand anywhere: "
        + "older segments are missing, or acknowledgements were lost; finished and cancelled messages "
        + "may be delivered again", lost: nil)
    damage.unnamed = lost
    note(damage: damage)
  }

  private mutating func noteRepeated() {
    guard report.repeated > 0 else { return }
    report.notes.append(
      "\(report.repeated) messages are delivered again: they had ended, and which ones these were "
        + "stood in segments that are gone")
  }

  /// Of the files that aren't there, those with live messages are missing; the others were dropped.
  private mutating func nameMissing(_ standing: StandingFiles, _ lost: inout UInt64) {
    let here = Set(state.holders.filter { state[$0].salt != 0 }.map { state[$0].logFile })
    var missed = standing.live.filter { !here.contains($0.key) }
    // What had no header when the newest one was written, and lived nowhere, was given up or ended.
    for index in report.damage.indices where report.damage[index].kind == .header {
      guard let file = LogFile(name: report.damage[index].file), !here.contains(file) else {
        continue
      }
      if standing.live[file] == nil { report.damage[index].countLost(0) }
    }
    var explained: Set<Int> = []
    for index in Set(missing.values).sorted() where report.damage[index].kind == .missing {
      let ids = gaps[index] ?? 0..<0
      let files = missed.keys.filter {
        if case .wal(let id) = $0 { ids.contains(id) } else { false }
      }
      let live = min(lost, files.reduce(0) { $0.addingCapped(missed[$1] ?? 0) })
      for file in files {
        state.missing.add(file, min(live, missed[file] ?? 0))
        missed[file] = nil
      }
      lost -= live
      guard live > 0 else {
        report.notes.append(
          "\(report.damage[index].reason(ofDropped: ids)): nothing that waits stood there; attempts "
            + "that were recorded there are forgotten")
        report.forgetsAttempts = true
        explained.insert(index)
        continue
      }
      report.damage[index].countLost(live)
    }
    for (file, count) in missed.sorted(by: { $0.key.name < $1.key.name }) where lost > 0 {
      let live = min(lost, count)
      lost -= live
      state.missing.add(file, live)
      let known = report.damage.firstIndex { $0.file == file.name }
      if known == nil {
        note(
          damage: Damage(
            kind: .missing, file: file.name, offset: nil, reason: "\(file.name) is missing",
            lost: nil))
      }
      report.damage[known ?? report.damage.count - 1].countLost(live)
    }
    report.damage = report.damage.indices.filter { !explained.contains($0) }
      .map { report.damage[$0] }
  }
}

/// By the header of one segment and by what had been read up to it: how many messages lived in which
/// file. Compactions since then move both.
struct Standing {
  /// The one with that header.
  let segment: UInt64
  private(set) var listed: StandingFiles
  private(set) var found: StandingFiles
  /// And how many that were lost there had no end yet.
  private(set) var lost: StandingFiles

  init(segment: UInt64, listed: StandingFiles, found: StandingFiles, lost: StandingFiles) {
    self.segment = segment
    self.listed = listed
    self.found = found
    self.lost = lost
  }

  /// Whether the header tells of a file: of those of the log that were begun before.
  func covers(_ file: LogFile) -> Bool {
    if case .wal(let id) = file { id < segment } else { true }
  }

  mutating func apply(_ record: CompactionRecord) {
    let inputs = record.inputs.map(\.file)
    let output = record.cold.map { LogFile.cold($0) }
    listed.replace(inputs, by: output)
    found.replace(inputs, by: output)
    lost.replace(inputs, by: output)
  }

  /// The output isn't there: what it held stands in the inputs that are, together.
  mutating func takeBack(_ record: CompactionRecord, to here: Set<LogFile>) {
    let inputs = record.inputs.map(\.file).filter(here.contains)
    guard let first = inputs.first, let cold = record.cold, !here.contains(.cold(cold)) else {
      return
    }
    listed.replace(inputs + [.cold(cold)], by: first)
    found.replace(inputs, by: first)
    lost.replace(inputs, by: first)
  }
}

extension Damage {
  /// So many of the messages that stood there had not ended.
  fileprivate mutating func countLost(_ live: UInt64) {
    let stood = lost.map { $0.upperBound - $0.lowerBound + 1 } ?? 0
    ended = stood.subtractingCapped(live)
    unnamed = live.subtractingCapped(stood)
  }

  fileprivate func reason(ofDropped ids: Range<UInt64>) -> String {
    ids.count == 1
      ? "segment \(ids.lowerBound) was dropped"
      : "segments \(ids.lowerBound) to \(ids.upperBound - 1) were dropped"
  }
}

extension LogState {
  /// Where live messages stand: those up to the log's end, which a full scan's cold segments may lie
  /// beyond.
  var standing: StandingFiles {
    var standing = StandingFiles()
    for segment in segments { standing.add(segment.logFile, segment.liveCount) }
    for segment in cold {
      let live = segment.next <= nextSequence ? segment.liveCount : segment.live(to: nextSequence)
      standing.add(segment.logFile, live)
    }
    return standing
  }

  /// Where messages stand, or stood, that have not ended: what the header of a new segment says.
  var unended: StandingFiles {
    var unended = standing
    for (file, count) in openLosses.live { unended.add(file, count) }
    for (file, count) in missing.live { unended.add(file, count) }
    return unended
  }

  /// Where messages were lost that have not ended.
  var openLosses: StandingFiles {
    var lost = StandingFiles()
    for segment in segments + cold where segment.damage != nil {
      lost.add(segment.logFile, UInt64(openLosses(in: segment).count))
    }
    return lost
  }

  private var liveCount: UInt64 {
    segments.reduce(0) { $0 + $1.liveCount } + cold.reduce(0) { $0 + $1.liveCount }
  }

  mutating func adopt(_ totals: Totals) {
    counters.totals.accepted = totals.accepted
    counters.totals.delivered = totals.delivered
    counters.totals.cancelled = totals.cancelled
    openElsewhere(totals.accepted.subtractingCapped(totals.delivered + totals.cancelled))
  }

  /// Takes back as many ends as there were more messages found to live than were listed, and returns
  /// that. Of messages that were lost the list tells how many still lived.
  mutating func reconcile(with standing: Standing) -> UInt64 {
    var repeated: UInt64 = 0
    for holder in holders {
      let file = self[holder].logFile
      let found = standing.found.live[file] ?? 0
      let isDamaged = self[holder].damage != nil && standing.covers(file)
      let open = isDamaged ? openLosses(in: self[holder]) : []
      // What was lost and ended since had lived.
      let ended = (standing.lost.live[file] ?? 0).subtractingCapped(UInt64(open.count))
      let listed = (standing.listed.live[file] ?? 0).subtractingCapped(isDamaged ? ended : 0)
      repeated.add(capped: found.subtractingCapped(listed))
      guard isDamaged else { continue }
      if listed <= found {
        for sequence in open { self[holder].endLost(sequence) }
      } else {
        takeBack(UInt64(open.count).subtractingCapped(listed - found))
      }
    }
    takeBack(repeated)
    return repeated
  }

  /// Messages that stand in cold segments alone, beyond the log's end, were accepted.
  mutating func countBeyond() {
    counters.totals.accepted.add(capped: liveInCold(from: nextSequence, to: .max))
  }

  /// More live here than the totals have left to live: so many ends are taken back, and returned.
  mutating func takeBackEnds() -> UInt64 {
    let ended = totals.delivered.addingCapped(totals.cancelled)
    // What stands in cold segments alone, beyond the log's end, is counted when that is reached.
    let beyond = liveInCold(from: nextSequence, to: .max)
    let excess = liveCount.subtractingCapped(beyond)
      .subtractingCapped(totals.accepted.subtractingCapped(ended))
    takeBack(excess)
    return excess
  }

  private mutating func takeBack(_ count: UInt64) {
    let delivered = min(count, totals.delivered)
    let cancelled = min(count - delivered, totals.cancelled)
    counters.totals.delivered -= delivered
    counters.totals.cancelled -= cancelled
    counters.totals.accepted.add(capped: count - delivered - cancelled)
  }
}

extension SegmentState {
  /// Live messages below a number.
  fileprivate func live(to next: Sequence) -> UInt64 {
    UInt64((0..<firstIndex(from: next)).count { isLive(at: $0) })
  }

  /// It had ended; how isn't known.
  fileprivate mutating func endLost(_ sequence: Sequence) {
    end(sequence, EndingKind(kind: .delivered, status: 0, attempts: 0))
  }
}
