/// What confirms a hit of the UUID index, for the latest messages; older ones are read from disk.
struct RecentMessages {
  struct Entry {
    var sequence: Sequence
    var key: UUIDKey
    var contentHash: UInt64
    var acceptedAtMs: UInt64
  }

  private static let capacity: UInt64 = 4096
  private var ring: [Entry?] = Array(repeating: nil, count: Int(capacity))

  subscript(sequence: Sequence) -> Entry? {
    guard let entry = ring[Int(sequence % Self.capacity)], entry.sequence == sequence else {
      return nil
    }
    return entry
  }

  mutating func insert(_ entry: Entry) { ring[Int(entry.sequence % Self.capacity)] = entry }
}
