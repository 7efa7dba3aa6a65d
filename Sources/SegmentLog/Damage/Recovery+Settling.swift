extension Recovery {
  /// Says what is really lost with each damage, and sets apart what an operator accepted before.
  ///
  /// To be called when everything is folded: only then is it known what had ended.
  mutating func settleDamage(store: StoreUUID) throws(LogError) {
    let accepted = try readAccepted(store)
    report.lost = accepted?.lost ?? 0
    countEnded()
    guard let accepted else {
      state.damage = report.damage
      return
    }
    report.acceptedDamage = report.damage.filter(accepted.covers)
    report.damage.removeAll(where: accepted.covers)
    state.damage = report.damage
    let damaged = Set(report.damage.map(\.file))
    for holder in state.holders where !damaged.contains(state[holder].file) {
      state[holder].damage = nil
    }
  }

  private mutating func readAccepted(_ store: StoreUUID) throws(LogError) -> AcceptedDamage? {
    do throws(AcceptedDamage.Failure) {
      return try AcceptedDamage.read(from: disk, of: store)
    } catch {
      if case .disk(let failure) = error { throw .disk(failure) }
      report.notes.append(error.description)
      return nil
    }
  }

  private mutating func countEnded() {
    let known = Set(state.holders.filter { state[$0].count > 0 }.map { state[$0].file })
    var outside: [Int] = []
    for index in report.damage.indices {
      guard let lost = report.damage[index].lost else { continue }
      let file = report.damage[index].file
      if [.missing, .header].contains(report.damage[index].kind), !known.contains(file) {
        outside.append(index)
        continue
      }
      let cold = state.cold.first { $0.file == file }
      report.damage[index].ended =
        cold.map { $0.countNotLost(in: lost, and: endsToCome) }
        ?? state.countEnded(in: lost, and: endsToCome)
    }
    // Of messages whose segment is gone only their number is known, where no header told it.
    guard standing == nil, outside.count == 1, let lost = report.damage[outside[0]].lost else {
      return
    }
    let stood = (lost.upperBound - lost.lowerBound).addingCapped(1)
    report.damage[outside[0]].ended = stood.subtractingCapped(state.counters.lostOutside)
  }
}

extension LogState {
  /// Of lost messages: those whose end stands in a frame that can be read, who are among `others`, or
  /// who stand in a cold segment besides.
  func countEnded(in lost: ClosedRange<Sequence>, and others: Set<Sequence>) -> UInt64 {
    var count: UInt64 = 0
    for segment in segments where segment.count > 0 {
      for index in segment.firstIndex(from: lost.lowerBound)..<segment.count {
        let sequence = segment.sequence(at: index)
        if sequence > lost.upperBound { break }
        if segment.hasEnding(at: index) || others.contains(sequence)
          || (!cold.isEmpty && !segment.isLive(at: index) && state(of: sequence) != nil)
        {
          count += 1
        }
      }
    }
    return count
  }
}

extension SegmentState {
  /// Of a stretch of numbers: how many don't mean a message that is lost here and has not ended.
  func countNotLost(in stretch: ClosedRange<Sequence>, and others: Set<Sequence>) -> UInt64 {
    let end = firstIndex(from: stretch.upperBound.addingCapped(1))
    let lost = (firstIndex(from: stretch.lowerBound)..<end).count { index in
      !isLive(at: index) && !hasEnding(at: index) && !others.contains(sequence(at: index))
    }
    let numbers = (stretch.upperBound - stretch.lowerBound).addingCapped(1)
    return numbers.subtractingCapped(UInt64(lost))
  }
}
