/// The names of a `Header` so far, to find one that is given twice, in whatever case.
///
/// Names are told apart by a hash whose seed is this process's own, so that each one is read once:
/// whoever writes the names can't choose them so that all have to be compared with all.
struct HeaderNames {
  private var known: [(hash: Int, name: JSONString)] = []
  /// Of one name with another, byte by byte; only twins ask for one.
  private(set) var comparisons = 0

  var count: Int { known.count }

  /// False when it was in already.
  mutating func insert(_ name: JSONString, in cursor: JSONCursor) -> Bool {
    cursor.withBytes(name) { bytes in
      let hash = Self.hash(bytes)
      for other in known where other.hash == hash {
        comparisons += 1
        if cursor.withBytes(other.name, { Self.areTwins($0, bytes) }) { return false }
      }
      known.append((hash, name))
      return true
    }
  }

  private static func hash(_ name: UnsafeBufferPointer<UInt8>) -> Int {
    var hasher = Hasher()
    var word: UInt64 = 0
    for (index, byte) in name.enumerated() {
      word = word << 8 | UInt64(lowercased(byte))
      if index & 7 == 7 { hasher.combine(word) }
    }
    hasher.combine(word)
    hasher.combine(name.count)
    return hasher.finalize()
  }

  private static func areTwins(
    _ one: UnsafeBufferPointer<UInt8>, _ other: UnsafeBufferPointer<UInt8>
  ) -> Bool {
    one.count == other.count
      && one.elementsEqual(other) { lowercased($0) == lowercased($1) }
  }
}
