import Synchronization

/// A UUID index that several threads fill. In parts with a `Mutex` each, held for some hundred entries
/// at a time: two threads seldom want the same one.
final class SharedUUIDIndex: Sendable {
  private final class Part: Sendable {
    let index: Mutex<UUIDIndex>
    init(_ index: sending UUIDIndex) { self.index = Mutex(index) }
  }

  private let parts: [Part]

  /// Moves everything out of `index`, until `giveBack`.
  init(_ index: inout UUIDIndex) {
    parts = (0..<UUIDIndex.partCount).map { Part(index.takePart($0)) }
  }

  /// All of the same part.
  fileprivate func insert(_ batch: [UUIDIndex.Entry], part: Int) {
    parts[part].index.withLock { $0.insert(batch) }
  }

  func giveBack(to index: inout UUIDIndex) {
    for number in parts.indices {
      parts[number].index.withLock { index.swapPart(number, with: &$0) }
    }
  }
}

/// What one thread has for a shared index, until there is enough of a part.
struct UUIDIndexBatches {
  private var batches = [[UUIDIndex.Entry]](repeating: [], count: UUIDIndex.partCount)

  mutating func add(_ entry: UUIDIndex.Entry, to index: SharedUUIDIndex) {
    let part = UUIDIndex.part(entry.key)
    batches[part].append(entry)
    if batches[part].count >= UUIDIndex.batchMax { flush(part, to: index) }
  }

  mutating func flush(to index: SharedUUIDIndex) {
    for part in batches.indices { flush(part, to: index) }
  }

  private mutating func flush(_ part: Int, to index: SharedUUIDIndex) {
    index.insert(batches[part], part: part)
    batches[part].removeAll(keepingCapacity: true)
  }
}
