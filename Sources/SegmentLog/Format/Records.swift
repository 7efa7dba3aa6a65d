/// A message's number in this store: 1, 2, 3 … in the order of acceptance, never used again.
package typealias Sequence = UInt64

/// The first 128 bits of SHA-256(store UUID ‖ message UUID): what the UUID index is keyed by, so
/// that nobody outside can aim at collisions. Computed above the engine.
package struct UUIDKey: Sendable, Hashable {
  package var high: UInt64
  package var low: UInt64
  package init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }
}

/// When a message may first be tried, as it stands in the directory of its frame.
package enum RecordStart: Sendable, Equatable {
  case atOnce
  /// Milliseconds after the frame's `committedAt`.
  case delay(UInt64)
  /// Milliseconds since 1970.
  case notBefore(UInt64)
}

/// A message as the engine takes it: what the directory holds, and the payload, which is opaque.
package struct NewRecord: Sendable, Equatable {
  /// 1 to 128 bytes of ASCII.
  package var uuid: [UInt8]
  package var key: UUIDKey
  /// 64 bits over everything the caller gave, for telling a duplicate from a conflict.
  package var contentHash: UInt64
  /// The destination's origin string, at most 512 bytes of UTF-8.
  package var destination: String
  package var start: RecordStart
  /// Milliseconds; nil = the configured default, 0 = for ever.
  package var maxAgeMs: UInt64?
  /// nil = the configured default, 0 = unlimited.
  package var maxAttempts: UInt32?
  package var payload: [UInt8]

  package init(
    uuid: [UInt8], key: UUIDKey, contentHash: UInt64, destination: String,
    start: RecordStart = .atOnce, maxAgeMs: UInt64? = nil, maxAttempts: UInt32? = nil,
    payload: [UInt8]
  ) {
    self.uuid = uuid
    self.key = key
    self.contentHash = contentHash
    self.destination = destination
    self.start = start
    self.maxAgeMs = maxAgeMs
    self.maxAttempts = maxAttempts
    self.payload = payload
  }
}

/// How a message ended.
package enum OutcomeKind: UInt8, Sendable, CaseIterable {
  case delivered = 1
  case dead = 2
  case cancelled = 3
}

/// An outcome as the engine takes it. `error` is a sentence of at most 512 bytes, empty for none.
package struct OutcomeRecord: Sendable, Equatable {
  package var sequence: Sequence
  package var kind: OutcomeKind
  package var attempts: UInt32
  package var status: UInt16
  package var error: String
  package init(
    sequence: Sequence, kind: OutcomeKind, attempts: UInt32, status: UInt16, error: String = ""
  ) {
    self.sequence = sequence
    self.kind = kind
    self.attempts = attempts
    self.status = status
    self.error = error
  }
}

/// A failed attempt: the count so far (absolute), and the wait from this frame's `committedAt`.
package struct AttemptRecord: Sendable, Equatable {
  package var sequence: Sequence
  package var count: UInt32
  package var delayMs: UInt32
  package var status: UInt16
  package var error: String
  package init(
    sequence: Sequence, count: UInt32, delayMs: UInt32, status: UInt16, error: String = ""
  ) {
    self.sequence = sequence
    self.count = count
    self.delayMs = delayMs
    self.status = status
    self.error = error
  }
}

/// Room for what operators do (pause, hold, redrive …): a kind and opaque bytes.
package struct ControlRecord: Sendable, Equatable {
  package var kind: UInt16
  package var bytes: [UInt8]
  package init(kind: UInt16, bytes: [UInt8]) {
    self.kind = kind
    self.bytes = bytes
  }
}

/// The accounting: accepted = delivered + dead + cancelled + pending (`live` counts pending and dead).
package struct Totals: Sendable, Equatable {
  package var accepted: UInt64 = 0
  package var delivered: UInt64 = 0
  package var dead: UInt64 = 0
  package var cancelled: UInt64 = 0
  package init() {}
  /// Never below zero, whatever a damaged log made of the others.
  package var pending: UInt64 {
    accepted.subtractingCapped(delivered.addingCapped(dead).addingCapped(cancelled))
  }
}
