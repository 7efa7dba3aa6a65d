import HeapModule

/// When to look at which destination again. Entries are not removed when they lose their meaning;
/// whoever is woken looks whether there is a reason.
struct WakeList {
  private struct Wake: Comparable {
    var time: Duration
    var destination: Int
    static func < (a: Wake, b: Wake) -> Bool { a.time < b.time }
  }

  private var heap: Heap<Wake> = []
  /// The time that counts, by destination.
  private var registered: [Int: Duration] = [:]

  var earliest: Duration? { heap.min?.time }

  /// An earlier registration stays: it costs one look too many, not one per change of the time.
  mutating func register(_ destination: Int, at time: Duration) {
    if let current = registered[destination], current <= time { return }
    registered[destination] = time
    heap.insert(Wake(time: time, destination: destination))
    if heap.count > 4 * registered.count + 1024 { rebuild() }
  }

  mutating func forget(_ destination: Int) { registered[destination] = nil }

  mutating func popDue(at now: Duration) -> Int? {
    while let first = heap.min, first.time <= now {
      heap.removeMin()
      guard registered[first.destination] == first.time else { continue }
      registered[first.destination] = nil
      return first.destination
    }
    dropStale()
    return nil
  }

  private mutating func dropStale() {
    while let first = heap.min, registered[first.destination] != first.time { heap.removeMin() }
  }

  private mutating func rebuild() {
    heap = Heap(registered.map { Wake(time: $0.value, destination: $0.key) })
  }
}
