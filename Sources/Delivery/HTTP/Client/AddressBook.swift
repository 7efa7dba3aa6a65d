import Synchronization

/// What is known of the addresses of names that have several: which of them failed, and which
/// answered. It decides in which order the next attempt tries them.
///
/// A name whose first address answers needs no entry, so that a healthy one follows the order that
/// its name server gives.
struct AddressBook {
  /// A service at a name: an address may fail at one port and work at another.
  struct Place: Hashable {
    var host: String
    var port: Int
  }

  /// What an attempt found out.
  struct Lesson: Equatable {
    /// In the order of failing.
    var failed: [IPAddress] = []
    var answered: IPAddress?
    var isEmpty: Bool { failed.isEmpty && answered == nil }
  }

  private struct Entry {
    /// Comes first until it fails.
    var answered: IPAddress?
    /// The one that failed longest ago first.
    var failed: [IPAddress] = []
  }

  /// Addresses that one attempt tries at most: each costs a connection, and some of the time.
  static let triesMax = 8

  private let placesMax: Int
  private let failedMax: Int
  private var entries: [Place: Entry] = [:]

  /// - Parameters:
  ///   - placesMax: names remembered; when it is full it starts anew.
  ///   - failedMax: failed addresses remembered of a name; the oldest is taken for untried again.
  init(placesMax: Int = 4096, failedMax: Int = 64) {
    self.placesMax = placesMax
    self.failedMax = failedMax
  }

  var count: Int { entries.count }

  /// The addresses that the next attempt tries, in turn: the one that answered, those that nothing is
  /// known of, and then those that failed, the one that failed longest ago first.
  func order(_ addresses: [IPAddress], of place: Place) -> [IPAddress] {
    guard let entry = entries[place] else { return Array(addresses.prefix(Self.triesMax)) }
    let failed = Set(entry.failed)
    let offered = Set(addresses)
    var order: [IPAddress] = []
    if let answered = entry.answered, offered.contains(answered) { order.append(answered) }
    order += addresses.lazy.filter { $0 != entry.answered && !failed.contains($0) }
      .prefix(Self.triesMax)
    order += entry.failed.lazy.filter { offered.contains($0) }
    return Array(order.prefix(Self.triesMax))
  }

  mutating func learn(_ lesson: Lesson, of place: Place) {
    guard !lesson.isEmpty, entries[place] != nil || !lesson.failed.isEmpty else { return }
    if entries[place] == nil, entries.count >= placesMax { entries.removeAll() }
    var entry = entries[place] ?? Entry()
    for address in lesson.failed {
      entry.failed.removeAll { $0 == address }
      entry.failed.append(address)
      if entry.answered == address { entry.answered = nil }
    }
    if let answered = lesson.answered {
      entry.failed.removeAll { $0 == answered }
      entry.answered = answered
    }
    if entry.failed.count > failedMax { entry.failed.removeFirst(entry.failed.count - failedMax) }
    entries[place] = entry
  }
}

/// The one that all attempts share. Short and hot: one dictionary look-up, for names with several
/// addresses only.
final class SharedAddressBook: Sendable {
  private let book = Mutex(AddressBook())

  func order(_ addresses: [IPAddress], of place: AddressBook.Place) -> [IPAddress] {
    guard addresses.count > 1 else { return addresses }
    return book.withLock { $0.order(addresses, of: place) }
  }

  func learn(_ lesson: AddressBook.Lesson, of place: AddressBook.Place) {
    if !lesson.isEmpty { book.withLock { $0.learn(lesson, of: place) } }
  }
}
