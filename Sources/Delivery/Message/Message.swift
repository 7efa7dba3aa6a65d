/// One HTTP request that a caller handed over: what to send, where, and within which limits.
///
/// Bytes in are bytes out: `body` is never parsed or encoded again, header names keep their case.
package struct Message: Sendable, Equatable {
  /// The caller's idempotency key: 1 to 128 characters of `[A-Za-z0-9_-]`, compared byte by byte.
  package var uuid: String
  /// The absolute http or https URL, as the caller wrote it.
  package var url: String
  /// Scheme, host and port of `url`: the unit of fairness.
  package var origin: Origin
  package var method: String
  package var headers: [HeaderField]
  package var body: [UInt8]
  /// Milliseconds from the start of the connection to the last byte; 0 = the configured default.
  package var timeoutMs: UInt32
  package var start: Start
  package var limits: RetryLimits

  package init(
    uuid: String, url: String, origin: Origin, method: String = "POST",
    headers: [HeaderField] = [], body: [UInt8] = [], timeoutMs: UInt32 = 0,
    start: Start = .atOnce, limits: RetryLimits = RetryLimits()
  ) {
    self.uuid = uuid
    self.url = url
    self.origin = origin
    self.method = method
    self.headers = headers
    self.body = body
    self.timeoutMs = timeoutMs
    self.start = start
    self.limits = limits
  }

  /// When the first attempt may be made.
  package enum Start: Sendable, Equatable {
    case atOnce
    /// Milliseconds after acceptance (the envelope's `Delay`).
    case delay(milliseconds: UInt64)
    /// Milliseconds since 1970 by the wall clock (the envelope's `NotBefore`).
    case notBefore(unixMs: UInt64)
  }
}

/// A request header as it is sent: name in the caller's case, value as given.
package struct HeaderField: Sendable, Equatable {
  package var name: String
  package var value: String
  package init(name: String, value: String) {
    self.name = name
    self.value = value
  }
}

/// The caller's own limits; `nil` = the configured default.
package struct RetryLimits: Sendable, Equatable {
  /// Attempts before the dead letters; 0 = unlimited.
  package var maxAttempts: UInt32?
  /// Milliseconds from the start of the message's age to the dead letters; 0 = for ever.
  package var maxAgeMs: UInt64?
  /// Waits in milliseconds after the first, second, … failed attempt; the last one repeats.
  package var scheduleMs: [UInt32]?
  package init(
    maxAttempts: UInt32? = nil, maxAgeMs: UInt64? = nil, scheduleMs: [UInt32]? = nil
  ) {
    self.maxAttempts = maxAttempts
    self.maxAgeMs = maxAgeMs
    self.scheduleMs = scheduleMs
  }
}

/// A destination: scheme, host and port, normalised (`http://b:8080`): scheme and host lower case,
/// port always written, IPv6 hosts in brackets.
package struct Origin: Sendable, Hashable, CustomStringConvertible {
  package let description: String
  /// `description` must already be in the normal form.
  package init(normalised description: String) { self.description = description }
}
