/// The heaviest of many names, in bounded memory: when there are too many the lightest half is let
/// go. A name whose share of the whole is more than 1/`namesMax` stays, however many there are.
struct TopCounter: Sendable {
  struct Entry: Sendable {
    var messages: UInt64 = 0
    var payloadBytes: UInt64 = 0

    mutating func add(_ other: Entry) {
      messages += other.messages
      payloadBytes += other.payloadBytes
    }
  }
  static let namesMax = 8192

  private var entries: [String: Entry] = [:]
  /// Whether names were let go: counts are lower bounds then.
  private(set) var isPartial = false

  mutating func add(_ name: String, _ entry: Entry) {
    entries[name, default: Entry()].add(entry)
    guard entries.count > Self.namesMax else { return }
    isPartial = true
    let kept = entries.sorted { $0.value.messages > $1.value.messages }.prefix(Self.namesMax / 2)
    entries = Dictionary(uniqueKeysWithValues: kept.map { ($0.key, $0.value) })
  }

  /// By messages, then by name.
  func top(_ count: Int) -> [(name: String, entry: Entry)] {
    let sorted = entries.sorted {
      ($1.value.messages, $0.key) < ($0.value.messages, $1.key)
    }
    return sorted.prefix(count).map { ($0.key, $0.value) }
  }

  var count: Int { entries.count }
}
