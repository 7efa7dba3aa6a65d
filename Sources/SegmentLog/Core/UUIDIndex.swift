/// From a UUID's key to the sequences that may carry it: 16 bytes a message.
///
/// A slot holds 64 bits of the key and the sequence; the shard comes from the key's other half. A hit
/// is only a hint and is confirmed on the whole key elsewhere. Slots aren't removed one by one: what a
/// slot means is read off the message's state, and what means nothing any more goes when its shard
/// needs room. One of 256 shards grows at a time, so that no accept waits for the whole index to move.
struct UUIDIndex {
  private struct Slot {
    var tag: UInt64 = 0
    /// 0 marks an empty place.
    var sequence: Sequence = 0
  }

  private struct Shard {
    var slots: [Slot] = []
    var used = 0

    /// Not a power of two: growing by a half keeps the load between 0.58 and 0.875.
    func home(_ tag: UInt64) -> Int {
      Int(
        truncatingIfNeeded: (tag &* 0x9e37_79b9_7f4a_7c15).multipliedFullWidth(
          by: UInt64(slots.count)
        ).high)
    }

    mutating func put(_ slot: Slot) {
      var index = home(slot.tag)
      while slots[index].sequence != 0 {
        index += 1
        if index == slots.count { index = 0 }
      }
      slots[index] = slot
      used += 1
    }
  }

  private var shards: [Shard]

  /// Holds no memory and takes nothing in: what stands for the index while it is worked on.
  static let placeholder = UUIDIndex(shards: [])

  init() { shards = Array(repeating: Shard(), count: 256) }
  private init(shards: [Shard]) { self.shards = shards }

  var count: Int { shards.reduce(0) { $0 + $1.used } }

  /// Whether `insert` would have to make room first.
  func isFull(for key: UUIDKey) -> Bool {
    let shard = shards[Self.shard(key)]
    return (shard.used + 1) * 8 > shard.slots.count * 7
  }

  mutating func insert(_ key: UUIDKey, _ sequence: Sequence) {
    if isFull(for: key) { makeRoom(for: key) { _ in false } }
    shards[Self.shard(key)].put(Slot(tag: key.low, sequence: sequence))
  }

  /// Room for `count` messages in an index that is empty, so that filling it moves little.
  mutating func reserve(_ count: Int) {
    guard count > 4096 else { return }
    // Keys are spread evenly; a shard that gets more than its share grows.
    let slots = (count / 256 + count / 2048) * 8 / 7 + 16
    for shard in shards.indices {
      shards[shard].slots = Array(repeating: Slot(), count: slots)
    }
  }

  /// Grows the key's shard; `isStale` says of a sequence that nobody will ask for it again.
  mutating func makeRoom(for key: UUIDKey, _ isStale: (Sequence) -> Bool) {
    let shard = Self.shard(key)
    var kept = shards[shard].slots.filter { $0.sequence != 0 }
    kept.removeAll { isStale($0.sequence) }
    var fresh = Shard()
    fresh.slots = Array(repeating: Slot(), count: max(16, (kept.count + 1) * 3 / 2))
    for slot in kept { fresh.put(slot) }
    shards[shard] = fresh
  }

  private static func shard(_ key: UUIDKey) -> Int { Int(truncatingIfNeeded: key.high >> 56) }

  /// The sequences that may carry this key, in no order.
  func candidates(_ key: UUIDKey) -> [Sequence] {
    let shard = shards[Self.shard(key)]
    guard shard.used > 0 else { return [] }
    var found: [Sequence] = []
    var index = shard.home(key.low)
    while shard.slots[index].sequence != 0 {
      if shard.slots[index].tag == key.low { found.append(shard.slots[index].sequence) }
      index += 1
      if index == shard.slots.count { index = 0 }
    }
    return found
  }
}
