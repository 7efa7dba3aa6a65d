import Delivery
import Gateway
import Logging

/// What the process runs with. Every default stands here and nowhere else; `config.yml` repeats
/// them for the reader, and a test keeps the two the same.
struct Configuration: Sendable, Equatable {
  /// Where requests are accepted.
  var listen = ListenAddress(host: nil, port: 8080)
  /// What it asks for as `Authorization: Bearer …`; nil = nothing.
  var token: String?
  /// Directory of the log, relative to the working directory.
  var log = "transaction.log"
  /// Whether a start needs a log that is there: else it begins one where there is none.
  var requireLog = false
  /// Deliveries in flight at once.
  var worker = 64
  /// Where the operator's listener stands; nil = there is none.
  var admin: ListenAddress? = ListenAddress(host: "127.0.0.1", port: 8081)
  /// What the operator's listener asks for as `Authorization: Bearer …`; nil = nothing.
  var adminToken: String?
  /// Bytes of one segment file of the log.
  var segmentSize = 64 << 20
  /// For messages that say none: from the start of the connection to the last byte of the answer.
  var timeout: Duration = .seconds(10)
  /// The longest timeout that a message may ask for.
  var maxTimeout: Duration = .seconds(15 * 60)
  /// Addresses that are no destinations, besides those that never are one.
  var blockedAddresses: [AddressRange] = []
  /// The largest message body, bytes.
  var maxBody = 1 << 20
  var retry = Retry()
  /// How long a UUID is remembered after its message was accepted.
  var dedupWindow: Duration = .seconds(24 * 3600)
  /// Finished messages whose UUIDs are remembered at most.
  var dedupMax = 10_000_000
  var onDamage = DamagePolicy.drain
  /// All files of the log are read once in this time, to find damage before it is met; 0 = never.
  var verifyEvery: Duration = .seconds(24 * 3600)
  /// From "not ready" to closing the listeners at shutdown; part of `stopTimeout`.
  var drainDelay: Duration = .zero
  /// From the signal to the end of the process: everything that is waited for, together.
  var stopTimeout: Duration = .seconds(25)
  /// After which a caller's connection on which nothing comes is closed.
  var idleTimeout: Duration = .seconds(75)
  var logLevel = Logger.Level.info
  var logFormat = LogFormat.text

  /// When a failed delivery is tried again and when it is given up.
  struct Retry: Sendable, Equatable {
    /// The wait after the first failure; it doubles with each one.
    var initial: Duration = .seconds(2)
    /// The longest wait.
    var cap: Duration = .seconds(3600)
    /// The age at which a failing message goes to the dead letters; 0 = never.
    var maxAge: Duration = .seconds(7 * 24 * 3600)
    /// Attempts after which a failing message goes to the dead letters; 0 = any number.
    var maxAttempts = 0
    /// Statuses that no later attempt would change: to the dead letters at once.
    var permanent: [Int] = [410, 415, 422]
    /// The same, once they can't be a proxy's: see `RetryPolicy.conditionalStatuses`.
    var conditional: [Int] = [400, 405, 413, 414, 431, 501, 505]
  }
}

/// What is done when damage is found in the log at start.
enum DamagePolicy: String, Sendable, CaseIterable {
  /// Deliver what is readable, take nothing new.
  case drain
  /// Do not start.
  case refuse
  /// Go on as if nothing had happened; what was lost is named in the log lines.
  case `continue`
}

/// How log lines look.
enum LogFormat: String, Sendable, CaseIterable {
  case text, json
}
