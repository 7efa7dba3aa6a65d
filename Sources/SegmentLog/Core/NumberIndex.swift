/// Finds the number of what has a key: a hash table of the numbers alone, at most 7 bytes each.
///
/// The keys stand where the numbers lead, in an array of their owner, who compares and hashes them.
/// (A dictionary keeps a copy of each key, and after it grew has room for twice as many.)
package struct NumberIndex: Sendable {
  /// Number + 1; 0 marks an empty place.
  private var slots: [UInt32] = []
  package private(set) var count = 0

  package init() {}

  package func find(hash: Int, _ isIt: (UInt32) -> Bool) -> UInt32? {
    guard count > 0 else { return nil }
    var place = home(hash)
    while slots[place] != 0 {
      if isIt(slots[place] - 1) { return slots[place] - 1 }
      place = next(place)
    }
    return nil
  }

  /// A number that is not in it. `hashOf` gives the hash of one that is.
  package mutating func insert(_ number: UInt32, hash: Int, hashOf: (UInt32) -> Int) {
    if (count + 1) * 5 > slots.count * 4 { grow(hashOf) }
    put(number + 1, hash: hash)
    count += 1
  }

  package mutating func remove(_ number: UInt32, hash: Int, hashOf: (UInt32) -> Int) {
    guard count > 0 else { return }
    var place = home(hash)
    while slots[place] != number + 1 {
      if slots[place] == 0 { return }
      place = next(place)
    }
    slots[place] = 0
    count -= 1
    // What stands behind in the same run may have been pushed past the hole: put it anew.
    place = next(place)
    while slots[place] != 0 {
      let moved = slots[place]
      slots[place] = 0
      put(moved, hash: hashOf(moved - 1))
      place = next(place)
    }
  }

  private mutating func grow(_ hashOf: (UInt32) -> Int) {
    let old = slots
    slots = Array(repeating: 0, count: max(16, old.count + old.count / 4))
    for slot in old where slot != 0 { put(slot, hash: hashOf(slot - 1)) }
  }

  private mutating func put(_ slot: UInt32, hash: Int) {
    var place = home(hash)
    while slots[place] != 0 { place = next(place) }
    slots[place] = slot
  }

  private func home(_ hash: Int) -> Int {
    Int(UInt64(truncatingIfNeeded: hash).multipliedFullWidth(by: UInt64(slots.count)).high)
  }

  private func next(_ place: Int) -> Int { place + 1 == slots.count ? 0 : place + 1 }
}
