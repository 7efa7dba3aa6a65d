import HeapModule

/// When to look at which destination again. Entries are not removed when they lose their meaning;
/// whoever is woken looks whether there is a reason.
struct WakeList {
  /// Times in nanoseconds: a `Duration` takes twice as much.
  private struct Wake: Comparable {
    var time: Int64
    var destination: UInt32
    static func < (a: Wake, b: Wake) -> Bool { a.time < b.time }
  }

  private static let never = Int64.max

  private var heap: Heap<Wake> = []
  /// The time that counts, by destination.
  private var registered: [Int64] = []
  private var registeredCount = 0

  var earliest: Duration? { heap.min.map { .nanoseconds($0.time) } }

  /// An earlier registration stays: it costs one look too many, not one per change of the time.
  mutating func register(_ destination: Int, at time: Duration) {
    let time = CompactTime.nanoseconds(time)
    if destination >= registered.count { makeRoom(for: destination) }
    if registered[destination] <= time { return }
    set(destination, time)
    heap.insert(Wake(time: time, destination: UInt32(destination)))
    if heap.count > 2 * registeredCount + 1024 { rebuild() }
  }

  mutating func forget(_ destination: Int) {
    if destination < registered.count { set(destination, Self.never) }
  }

  mutating func popDue(at now: Duration) -> Int? {
    let now = CompactTime.nanoseconds(now)
    while let first = heap.min, first.time <= now {
      heap.removeMin()
      let destination = Int(first.destination)
      guard registered[destination] == first.time else { continue }
      set(destination, Self.never)
      return destination
    }
    dropStale()
    return nil
  }

  private mutating func set(_ destination: Int, _ time: Int64) {
    if registered[destination] != Self.never { registeredCount -= 1 }
    if time != Self.never { registeredCount += 1 }
    registered[destination] = time
  }

  private mutating func makeRoom(for destination: Int) {
    if destination >= registered.capacity { registered.reserveCapacity(destination * 9 / 8 + 8) }
    while registered.count <= destination { registered.append(Self.never) }
  }

  private mutating func dropStale() {
    while let first = heap.min, registered[Int(first.destination)] != first.time {
      heap.removeMin()
    }
  }

  private mutating func rebuild() {
    heap = Heap(
      registered.enumerated().compactMap { destination, time in
        time == Self.never ? nil : Wake(time: time, destination: UInt32(destination))
      })
  }
}
