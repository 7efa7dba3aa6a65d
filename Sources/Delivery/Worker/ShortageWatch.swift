/// Counts the attempts that were put back because this machine ran out of something, and says when
/// that is worth a line: a shortage ends many attempts a second.
struct ShortageWatch {
  /// At most one line for each kind within it.
  private static let lineEvery: Duration = .seconds(10)

  /// Since the start.
  private(set) var counts: [OwnShortage: UInt64] = [:]
  private var said: [OwnShortage: (at: Duration, count: UInt64)] = [:]

  /// - Returns: how many were put back since the last line of this kind, when one is due.
  mutating func happened(_ kind: OwnShortage, at now: Duration) -> UInt64? {
    let count = counts[kind, default: 0] + 1
    counts[kind] = count
    let last = said[kind]
    if let last, now - last.at < Self.lineEvery { return nil }
    said[kind] = (now, count)
    return count - (last?.count ?? 0)
  }
}
