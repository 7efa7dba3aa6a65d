/// From a UUID's key to the sequences that may carry it: 16 bytes a message, whatever their number.
///
/// A slot holds 48 bits of the key and the sequence in 12 bytes; the shard comes from the key's other
/// half. A hit is only a hint and is confirmed on the whole key elsewhere. Slots aren't removed one by
/// one: what a slot means is read off the message's state, and what means nothing any more goes when
/// its shard needs room. One of 256 shards grows at a time, so that no accept waits for the whole
/// index to move.
struct UUIDIndex {
  /// In 32-bit parts, so that slots stand 12 bytes apart. All zero marks an empty place: no sequence
  /// is 0.
  private struct Slot {
    private var tagLow: UInt32 = 0
    private var tagAndSequenceHigh: UInt32 = 0
    private var sequenceLow: UInt32 = 0

    init() {}

    /// Both are cut to 48 bits: the log's sequences have no more (`FormatLimits.sequenceMax`).
    init(tag: UInt64, sequence: Sequence) {
      tagLow = UInt32(truncatingIfNeeded: tag)
      tagAndSequenceHigh =
        UInt32(truncatingIfNeeded: tag >> 32 & 0xffff) << 16
        | UInt32(truncatingIfNeeded: sequence >> 32 & 0xffff)
      sequenceLow = UInt32(truncatingIfNeeded: sequence)
    }

    var tag: UInt64 { UInt64(tagAndSequenceHigh >> 16) << 32 | UInt64(tagLow) }
    var sequence: Sequence {
      UInt64(tagAndSequenceHigh & 0xffff) << 32 | UInt64(sequenceLow)
    }
  }

  private struct Shard {
    var slots: [Slot] = []
    var used = 0

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

  private static let shardCount = 256
  /// The shards go in so many equal parts to threads that fill an index together.
  static let partCount = 16
  private var shards: [Shard]
  /// What `insert` of many saw: kept so that its look at their places isn't optimised away.
  private var seen: UInt64 = 0

  /// Holds no memory and takes nothing in: what stands for the index while it is worked on.
  static let placeholder = UUIDIndex(shards: [])

  init() { shards = Array(repeating: Shard(), count: Self.shardCount) }
  private init(shards: [Shard]) { self.shards = shards }

  var count: Int { shards.reduce(0) { $0 + $1.used } }
  var byteCount: Int {
    shards.reduce(0) { $0 + $1.slots.capacity * MemoryLayout<Slot>.stride }
  }

  /// Whether `insert` would have to make room first: at 85 % a search that finds nothing looks at 22
  /// slots, which are neighbours in memory.
  func isFull(for key: UUIDKey) -> Bool {
    let shard = shards[Self.shard(key)]
    return (shard.used + 1) * 20 > shard.slots.count * 17
  }

  mutating func insert(_ key: UUIDKey, _ sequence: Sequence) {
    if isFull(for: key) { makeRoom(for: key) { _ in false } }
    shards[Self.shard(key)].put(Slot(tag: Self.tag(key), sequence: sequence))
  }

  struct Entry: Sendable {
    var key: UUIDKey
    var sequence: Sequence
  }

  /// So many at once fit into a processor's cache together with their places.
  static let batchMax = 512

  /// Many at once. Their places lie anywhere in memory, so all are looked at before the first one is
  /// taken: then the processor waits for many answers of the memory at a time, not for each in turn.
  mutating func insert(_ batch: [Entry]) {
    for entry in batch {
      let shard = Self.shard(entry.key)
      guard !shards[shard].slots.isEmpty else { continue }
      seen ^= shards[shard].slots[shards[shard].home(Self.tag(entry.key))].sequence
    }
    for entry in batch { insert(entry.key, entry.sequence) }
  }

  /// Room for `count` messages in an index that is empty, so that filling it moves little.
  mutating func reserve(_ count: Int) {
    for shard in shards.indices {
      let slots = Self.size(ofShard: shard, holding: count / Self.shardCount)
      shards[shard].slots = Array(repeating: Slot(), count: slots)
    }
  }

  /// Rebuilds the key's shard, larger where that is needed; `isStale` says of a sequence that nobody
  /// will ask for it again.
  mutating func makeRoom(for key: UUIDKey, _ isStale: (Sequence) -> Bool) {
    let shard = Self.shard(key)
    var kept = shards[shard].slots
    kept.removeAll { $0.sequence == 0 || isStale($0.sequence) }
    var fresh = Shard()
    fresh.slots = Array(repeating: Slot(), count: Self.size(ofShard: shard, holding: kept.count))
    for slot in kept { fresh.put(slot) }
    shards[shard] = fresh
  }

  /// Shards grow by a fifth, each at a number of its own: they hold much the same number of slots, so
  /// with one rule for all they would all be nearly full, then all be nearly a third empty. Spread out
  /// they take 15.5 bytes a message together at any time.
  private static func size(ofShard shard: Int, holding count: Int) -> Int {
    // In 256ths of a slot.
    var size = 20 << 8 + shard * 4
    while (count + 1) * 5 << 8 > size * 4 { size += size / 5 }
    return size >> 8
  }

  private static func shard(_ key: UUIDKey) -> Int { Int(truncatingIfNeeded: key.high >> 56) }
  static func part(_ key: UUIDKey) -> Int { shard(key) / (shardCount / partCount) }
  private static func tag(_ key: UUIDKey) -> UInt64 { key.low & 0xffff_ffff_ffff }

  /// The sequences that may carry this key, in no order.
  func candidates(_ key: UUIDKey) -> [Sequence] {
    let shard = shards[Self.shard(key)]
    guard shard.used > 0 else { return [] }
    let tag = Self.tag(key)
    var found: [Sequence] = []
    var index = shard.home(tag)
    while true {
      let slot = shard.slots[index]
      if slot.sequence == 0 { return found }
      if slot.tag == tag { found.append(slot.sequence) }
      index += 1
      if index == shard.slots.count { index = 0 }
    }
  }

  /// Moves the shards of one part into an index that holds nothing else.
  mutating func takePart(_ part: Int) -> UUIDIndex {
    var taken = UUIDIndex()
    taken.swapPart(part, with: &self)
    return taken
  }

  mutating func swapPart(_ part: Int, with other: inout UUIDIndex) {
    let count = Self.shardCount / Self.partCount
    for shard in part * count..<(part + 1) * count { swap(&shards[shard], &other.shards[shard]) }
  }
}
