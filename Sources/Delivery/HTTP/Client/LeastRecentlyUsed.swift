/// A bounded set of things that are expensive to make, kept for their next user. What is in use
/// stays; beyond `capacity` the unused one that was used longest ago goes.
struct LeastRecentlyUsed<Key: Hashable, Value> {
  private struct Entry {
    var value: Value
    var users: Int
    var lastUse: UInt64
  }

  private let capacity: Int
  private var entries: [Key: Entry] = [:]
  private var uses: UInt64 = 0

  init(capacity: Int) { self.capacity = capacity }

  var count: Int { entries.count }

  /// The value of `key`, made when there is none, and what had to go for it. To be given back with
  /// `release`.
  mutating func lease(_ key: Key, make: () -> Value) -> (value: Value, evicted: Value?) {
    uses += 1
    if var entry = entries[key] {
      entry.users += 1
      entry.lastUse = uses
      entries[key] = entry
      return (entry.value, nil)
    }
    let evicted = entries.count >= capacity ? evictOne() : nil
    let value = make()
    entries[key] = Entry(value: value, users: 1, lastUse: uses)
    return (value, evicted)
  }

  mutating func release(_ key: Key) { entries[key]?.users -= 1 }

  mutating func removeAll() -> [Value] {
    defer { entries = [:] }
    return entries.values.map(\.value)
  }

  private mutating func evictOne() -> Value? {
    let unused = entries.lazy.filter { $0.value.users == 0 }
    guard let oldest = unused.min(by: { $0.value.lastUse < $1.value.lastUse }) else { return nil }
    return entries.removeValue(forKey: oldest.key)?.value
  }
}
