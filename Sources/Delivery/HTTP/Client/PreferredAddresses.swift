import Synchronization

/// Remembers which address of a name with several answered, so that an attempt doesn't spend time on
/// dead ones each time.
final class PreferredAddresses: Sendable {
  /// Names remembered; when it is full it starts anew.
  private static let namesKept = 4096

  /// Short and hot: one dictionary look-up.
  private let names = Mutex<[String: IPAddress]>([:])

  func prefer(_ address: IPAddress, of host: String) {
    names.withLock { names in
      if names.count >= Self.namesKept { names.removeAll() }
      names[host] = address
    }
  }

  /// `addresses` with the preferred one first.
  func order(_ addresses: [IPAddress], of host: String) -> [IPAddress] {
    guard addresses.count > 1, let first = names.withLock({ $0[host] }),
      addresses.contains(first)
    else { return addresses }
    return [first] + addresses.filter { $0 != first }
  }
}
