/// The destinations of the messages that stand in the log: origin strings and their numbers.
///
/// A number isn't given anew while a segment stands that uses it, so that it means the same in all of
/// them.
struct DestinationTable {
  /// What a number read from disk may make the table grow to.
  static let numbersMax = 1 << 20

  private struct Entry {
    var origin: String
    /// Pending messages.
    var waiting: UInt64 = 0
    /// Segments (and the frame being built) that use the number.
    var uses = 0
  }

  private var entries: [Entry?] = []
  private var free: [UInt32] = []
  private var numbers = NumberIndex()

  var count: Int { numbers.count }

  func origin(_ id: UInt32) -> String? {
    Int(id) < entries.count ? entries[Int(id)]?.origin : nil
  }
  func id(_ origin: String) -> UInt32? {
    numbers.find(hash: origin.hashValue) { entries[Int($0)]?.origin == origin }
  }

  /// The number of an origin, and one more use of it.
  mutating func use(_ origin: String) -> UInt32 {
    if let id = id(origin) {
      use(again: id)
      return id
    }
    let id = free.popLast() ?? UInt32(entries.count)
    enter(origin, id)
    return id
  }

  /// As `use`, keeping the number that stands in the log when no other origin has it. `limit` bounds
  /// what a number read from disk may make the table grow to.
  mutating func use(_ origin: String, wanted: UInt32, limit: Int) -> UInt32 {
    guard id(origin) == nil, Int(wanted) < limit else { return use(origin) }
    while entries.count <= Int(wanted) {
      free.append(UInt32(entries.count))
      entries.append(nil)
    }
    guard let place = free.lastIndex(of: wanted) else { return use(origin) }
    free.remove(at: place)
    enter(origin, wanted)
    return wanted
  }

  private mutating func enter(_ origin: String, _ id: UInt32) {
    if Int(id) == entries.count {
      if entries.count == entries.capacity { entries.reserveCapacity(entries.count * 9 / 8 + 8) }
      entries.append(nil)
    }
    entries[Int(id)] = Entry(origin: origin, uses: 1)
    numbers.insert(
      id, hash: origin.hashValue, hashOf: { [entries] in entries[Int($0)]?.origin.hashValue ?? 0 })
  }

  mutating func use(again id: UInt32) { entries[Int(id)]?.uses += 1 }

  mutating func release(_ id: UInt32) {
    guard let entry = entries[Int(id)] else { return }
    if entry.uses > 1 {
      entries[Int(id)]?.uses -= 1
    } else {
      numbers.remove(
        id, hash: entry.origin.hashValue,
        hashOf: { [entries] in entries[Int($0)]?.origin.hashValue ?? 0 })
      entries[Int(id)] = nil
      free.append(id)
    }
  }

  mutating func addWaiting(_ id: UInt32, _ count: UInt64) { entries[Int(id)]?.waiting += count }
  mutating func removeWaiting(_ id: UInt32, _ count: UInt64) {
    entries[Int(id)]?.waiting -= count
  }
  func waiting(_ id: UInt32) -> UInt64 { entries[Int(id)]?.waiting ?? 0 }

  /// By number.
  var definitions: [DestinationDefinition] {
    entries.enumerated().compactMap { id, entry in
      entry.map { DestinationDefinition(id: UInt32(id), origin: $0.origin) }
    }
  }

  /// The numbers of destinations with pending messages.
  var withWaiting: [UInt32] {
    entries.indices.filter { (entries[$0]?.waiting ?? 0) > 0 }.map(UInt32.init)
  }
}
