extension Recovery {
  /// Fills the UUID index from the heads and directories of what stands before the position, several
  /// files at once. What is damaged there is found out on the way; that of bodies only as far as
  /// checking them keeps nobody waiting, otherwise when they are read.
  mutating func loadIndex() throws(LogError) {
    state.reserveIndex()
    let bytes = state.holders.reduce(0) { $0 + (state[$1].count > 0 ? state[$1].end : 0) }
    let holders = state.holders.filter {
      state[$0].count > 0 && state[$0].salt != 0 && gone[state[$0].logFile] == nil
    }
    let loads = holders.map { holder in
      IndexLoad(
        of: state[holder], state.memory(of: state[holder]),
        checksBodies: bytes <= Self.checkedBytesMax)
    }
    let index = SharedUUIDIndex(&state.index)
    let disk = disk
    let results = FilePass.run(loads, inParallel: options.readsInParallel) { load in
      Result { () throws(DiskError) in try load.run(disk, index) }
    }
    index.giveBack(to: &state.index)
    // In the order of the files, whichever was done first.
    for (holder, result) in zip(holders, results) {
      do throws(DiskError) { apply(try result.get(), to: holder) } catch { throw .disk(error) }
    }
  }

  private mutating func apply(_ found: IndexLoad.Found, to holder: Holder) {
    for mark in found.marks {
      state[holder].insertMark(offset: mark.offset, sequence: mark.sequence)
    }
    for message in found.recent { state.remember(message) }
    if let stray = found.stray { contradiction = "\(state[holder].file) holds message \(stray)" }
    if let bodies = found.bodies {
      note(found.verdict, bodies, of: holder)
    } else {
      note(found.verdict, of: holder, whole: found.whole)
      note(further: found, of: holder)
    }
  }

  /// A fifth of a second for zlib's CRC.
  private static let checkedBytesMax: UInt64 = 256 << 20

  /// Names what wasn't named when the checkpoint was written.
  private mutating func note(
    _ verdict: SegmentVerdict, of holder: Holder, whole: Set<Sequence>
  ) {
    let file = state[holder].file
    for finding in verdict.damage {
      // Also of what is named already: a running log that names it has its messages wait on.
      if let lost = finding.lost { state.lose(lost, in: holder, except: whole) }
      if report.damage.contains(where: { $0.file == file && $0.offset == finding.offset }) {
        continue
      }
      note(damage: Damage(finding, in: file))
      quarantine.append(Quarantine.Item(file: file, offset: finding.offset, end: finding.end))
      state[holder].damage = finding.cause.description
    }
  }

  /// What is damaged beyond the places that are listed, in one.
  private mutating func note(further found: IndexLoad.Found, of holder: Holder) {
    guard found.verdict.furtherDamage > 0, let last = found.verdict.damage.last else { return }
    let file = state[holder].file
    let lost = found.lost.filter { state[holder].isLive($0) }
    for sequence in lost { state.lose(sequence...sequence, in: holder, except: []) }
    var damage = Damage(
      file: file, offset: last.end, end: max(last.end, state[holder].end),
      reason: "\(found.verdict.furtherDamage) more damaged places behind it are not listed",
      lost: nil)
    if let first = lost.first, let last = lost.last { damage.lost = first...last }
    if !report.damage.contains(where: { $0.file == file && $0.offset == last.end }) {
      note(damage: damage)
    }
  }

  /// The same of a cold segment, where the gaps between sequences say nothing: what it should hold
  /// does.
  private mutating func note(_ verdict: SegmentVerdict, _ bodies: BodyCheck, of holder: Holder) {
    let file = state[holder].file
    for sequence in bodies.unreadable {
      state.lose(sequence...sequence, in: holder, except: [])
    }
    var found = bodies.damage
    for finding in verdict.damage + (verdict.torn.map { [$0] } ?? [])
    where !found.contains(where: { $0.offset == finding.offset }) {
      var damage = Damage(finding, in: file)
      damage.lost = nil
      found.append(damage)
    }
    for damage in found {
      if let index = report.damage.firstIndex(where: {
        $0.file == file && $0.offset == damage.offset
      }) {
        name(damage, at: index)
        continue
      }
      note(damage: damage)
      if let offset = damage.offset, let end = damage.end, offset < end {
        quarantine.append(Quarantine.Item(file: file, offset: offset, end: end))
      }
      state[holder].damage = damage.reason
    }
  }

  /// The place is named already, perhaps without the messages that stood there.
  private mutating func name(_ damage: Damage, at index: Int) {
    guard report.damage[index].lost == nil, damage.lost != nil else { return }
    report.damage[index].lost = damage.lost
    report.damage[index].end = damage.end
    report.damage[index].uuids = damage.uuids
  }
}
