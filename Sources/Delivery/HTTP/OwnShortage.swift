import Glibc

/// What this machine or this process ran out of. It is no fault of a receiver and says nothing about
/// one: the message is put back, and no attempt is charged.
package enum OwnShortage: String, Sendable, CaseIterable {
  /// No local port is left for a connection to that address.
  case ports
  /// No descriptor is left, of the process or of the machine.
  case descriptors
  /// The system has no memory for a socket, its buffers or its registration.
  case memory
  /// The system starts no thread that could look a name up.
  case threads
  /// All places for waiting name look-ups are taken.
  case lookups

  /// What an error of making a socket, connecting it or looking up a name says; nil = something else.
  package init?(errno code: CInt) {
    switch code {
    case EADDRNOTAVAIL: self = .ports
    case EMFILE, ENFILE: self = .descriptors
    // ENOSPC: no more sockets may be watched (fs.epoll.max_user_watches).
    case ENOMEM, ENOBUFS, ENOSPC: self = .memory
    default: return nil
    }
  }

  /// For a sentence: "this machine is short of …".
  package var words: String {
    switch self {
    case .ports: "local ports"
    case .descriptors: "file descriptors"
    case .memory: "memory for sockets"
    case .threads: "threads"
    case .lookups: "places for name look-ups"
    }
  }
}
