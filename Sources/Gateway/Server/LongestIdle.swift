import NIOCore

/// Finds the connection on which nothing has come for the longest time, again and again, without
/// keeping an order that every request would have to change: one look at all of them finds many, and
/// who was idle longest stays it until something comes.
struct LongestIdle<Key: Hashable> {
  private var candidates: [(key: Key, since: NIODeadline)] = []

  /// A sixteenth of all, a few at least: so a look at all of them is seldom.
  private static func share(of count: Int) -> Int { max(16, count / 16) }

  /// - Parameters:
  ///   - all: every connection that is meant.
  ///   - since: since when it is idle; nil = it is not, or it is gone.
  mutating func find(
    among all: some Collection<Key>, since: (Key) -> NIODeadline?
  ) -> (key: Key, since: NIODeadline)? {
    if let found = known(since) { return found }
    let idle = all.compactMap { key in since(key).map { (key: key, since: $0) } }
    // The longest one last, where it is taken from.
    candidates = Array(
      idle.sorted { $0.since > $1.since }.suffix(Self.share(of: idle.count)))
    return candidates.last
  }

  private mutating func known(_ since: (Key) -> NIODeadline?) -> (key: Key, since: NIODeadline)? {
    while let last = candidates.last {
      if since(last.key) == last.since { return last }
      candidates.removeLast()
    }
    return nil
  }
}
