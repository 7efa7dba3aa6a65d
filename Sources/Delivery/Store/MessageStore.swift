/// The only door between delivery and storage.
///
/// Everything is batched, asynchronous and in terms of messages: no file, offset or segment stands
/// in any type, so that a replicated engine can stand behind it one day. A reference is the
/// *store's* answer and opaque to its users; the UUID is the idempotency key. The schedule is fed
/// by `nextEvents()` only, never by whoever called `enqueue`.
package protocol MessageStore: Sendable {
  /// Stores all of `batch` or nothing; durable when it returns. Duplicate and conflict are decided
  /// here, atomic with the write; one conflict refuses the whole batch.
  func enqueue(_ batch: [Message]) async throws(StoreError) -> [Admission]

  /// A batching entry for one producer (an event loop) that wants no task and no continuation per
  /// message: `deliver` is called once per commit with the answers for this producer's tokens.
  /// `deliver` runs on a thread of the store and must only hand over.
  func makeEnqueuePort(deliver: @escaping @Sendable (EnqueueSignal) -> Void) -> any EnqueuePort

  /// What happened to messages since the last call, waiting for something to happen. One reader.
  /// Returns an empty array when the store is closed or the task is cancelled. Bounded: beyond a window of arrivals the
  /// store answers `more`, and the reader walks `pending`.
  func nextEvents() async -> [StoreEvent]

  /// Writes outcomes and retries. Values are absolute, so that sending one twice is harmless.
  /// Returns the references that were refused (already ended meanwhile), and always when the rest
  /// is durable. With `hurry: false` the changes wait for the next commit, 1 s at most.
  func record(_ changes: [Change], under grant: LaneGrant, hurry: Bool)
    async throws(StoreError) -> [MessageRef]

  /// The messages themselves, `nil` where one has ended or can't be read any more.
  func bodies(_ refs: [MessageRef]) async throws(StoreError) -> [Message?]

  /// Live messages of one destination that are not dead, oldest first. `after` is a cursor of an
  /// earlier page (nil = from the start); `upTo` in the page tells how far the walk saw.
  func pending(_ grant: LaneGrant, origin: Origin, after: Cursor?, limit: Int)
    async throws(StoreError) -> PendingPage

  /// What is known of a message; nil when nothing is.
  func lookup(uuid: String) async throws(StoreError) -> MessageStatus?

  func counts() async -> StoreCounts

  /// What waits for a destination; nil = for all together.
  func backlog(of origin: Origin?) async throws(StoreError) -> Backlog

  /// Writes what is waiting, seals the log and gives the directory free.
  func close() async
}

/// See `MessageStore.makeEnqueuePort`.
package protocol EnqueuePort: Sendable {
  /// Hands one message over. `accepted`: exactly one completion with `token` will follow.
  /// `full`: nothing was taken; a `roomAvailable` signal follows when it is worth trying again.
  func submit(_ message: Message, token: UInt64) -> SubmitVerdict
}

package enum SubmitVerdict: Sendable { case accepted, full }

package enum EnqueueSignal: Sendable {
  /// Answers in the order of their submission.
  case completed([EnqueueCompletion])
  case roomAvailable
}

package struct EnqueueCompletion: Sendable {
  package let token: UInt64
  package let result: Result<Admission, StoreError>
  package init(token: UInt64, result: Result<Admission, StoreError>) {
    self.token = token
    self.result = result
  }
}

/// The store's answer for one message.
package enum Admission: Sendable, Equatable {
  case stored(MessageRef)
  /// The same UUID with the same content is live or within the dedup window.
  case duplicate(MessageRef)
  /// The same UUID with other content.
  case conflict
  /// Nothing is wrong with this message, but another one of its batch is a conflict. Never the
  /// answer to a batch of one, nor to a port.
  case notStored
}

package enum StoreError: Error, Sendable, Equatable {
  /// Too much waits for the writer: try again after the given time.
  case full(retryAfter: Duration)
  /// No room on the disk above the reserve line (HTTP 503, `disk-full`).
  case diskFull(retryAfter: Duration)
  /// Damage was found; nothing new is taken until the operator accepts. The text says the command.
  case readOnly(reason: String)
  /// Recovering, closing, or failed; nothing was taken.
  case unavailable(reason: String)
  /// Handed to the writer, but whether it is durable is not known: repeat with the same UUID.
  case outcomeUnknown
}

/// Given by the store, opaque to its users.
package struct MessageRef: Hashable, Sendable {
  package let lane: UInt16
  package let number: UInt64
  package init(lane: UInt16, number: UInt64) {
    self.lane = lane
    self.number = number
  }
}

/// The right to drive a lane's messages. The embedded store grants (0, 1) once, at start.
package struct LaneGrant: Hashable, Sendable {
  package let lane: UInt16
  package let epoch: UInt64
  package init(lane: UInt16, epoch: UInt64) {
    self.lane = lane
    self.epoch = epoch
  }
}

/// What the schedule needs to know of a live message.
package struct PendingEntry: Sendable, Equatable {
  package var ref: MessageRef
  package var origin: Origin
  /// Wall clock, milliseconds since 1970: start of the message's age (accepted or not-before).
  package var ageFromMs: UInt64
  /// The same clock when it was accepted; never less than that of a lower number.
  package var acceptedAtMs: UInt64
  /// Attempts that ended.
  package var attempts: UInt32
  package var lastStatus: UInt16
  /// When it may be tried next.
  package var due: Due
  package var maxAttempts: UInt32?
  package var maxAgeMs: UInt64?
  /// See `PathKey`: unknown where the store would have to read the message for it.
  package var path = PathKey.unknown

  package init(
    ref: MessageRef, origin: Origin, ageFromMs: UInt64, acceptedAtMs: UInt64? = nil,
    attempts: UInt32 = 0,
    lastStatus: UInt16 = 0, due: Due = .now, maxAttempts: UInt32? = nil, maxAgeMs: UInt64? = nil
  ) {
    self.ref = ref
    self.origin = origin
    self.ageFromMs = ageFromMs
    self.acceptedAtMs = acceptedAtMs ?? ageFromMs
    self.attempts = attempts
    self.lastStatus = lastStatus
    self.due = due
    self.maxAttempts = maxAttempts
    self.maxAgeMs = maxAgeMs
  }

  package enum Due: Sendable, Equatable {
    case now
    /// Milliseconds to wait from when the entry was handed out (already capped by the store to the
    /// recorded delay, so that a jump of the wall clock can't stretch it).
    case after(milliseconds: UInt64)
    /// An absolute time of the wall clock, milliseconds since 1970: looked at by the wall clock only.
    case at(unixMs: UInt64)
  }
}

/// Opaque position in a walk.
package struct Cursor: Sendable, Equatable {
  package let value: UInt64
  package init(value: UInt64) { self.value = value }
}

package struct PendingPage: Sendable {
  package var entries: [PendingEntry]
  /// Where to go on; nil = the end was reached.
  package var next: Cursor?
  /// All messages with a number at or below this had been seen when the end was reached.
  package var upTo: UInt64
  package init(entries: [PendingEntry], next: Cursor?, upTo: UInt64) {
    self.entries = entries
    self.next = next
    self.upTo = upTo
  }
}

package enum StoreEvent: Sendable {
  case granted(LaneGrant)
  case revoked(LaneGrant)
  /// New messages, durable, in the order of their numbers.
  case arrived(LaneGrant, [PendingEntry])
  /// These destinations have pending messages (from the given number on) that were not and will not
  /// be announced one by one: walk `pending`.
  case more(LaneGrant, [MoreWaiting])
  /// True: room for outcomes is running out, and attempts that are likely to fail should wait until
  /// it is told that this is over.
  case scarcity(LaneGrant, Bool)
}

package struct MoreWaiting: Sendable, Equatable {
  package var origin: Origin
  package var from: UInt64
  /// No message among them that has a limit of age of its own reaches it before this, milliseconds
  /// since 1970; nil = none has one, 0 = not known.
  package var earliestOwnMs: UInt64?
  package init(origin: Origin, from: UInt64, earliestOwnMs: UInt64? = nil) {
    self.origin = origin
    self.from = from
    self.earliestOwnMs = earliestOwnMs
  }
}

/// An absolute change of one message.
package enum Change: Sendable, Equatable {
  /// Delivered, dead or cancelled. `attempts` counts the attempt that ended it.
  case finish(MessageRef, Ending)
  /// Attempt number `attempts` failed; the next one is due `delayMs` after this is recorded.
  case retry(MessageRef, attempts: UInt32, delayMs: UInt32, result: AttemptNote)

  package var ref: MessageRef {
    switch self {
    case .finish(let ref, _), .retry(let ref, _, _, _): ref
    }
  }
}

package struct Ending: Sendable, Equatable {
  package enum Kind: UInt8, Sendable { case delivered = 1, dead = 2, cancelled = 3 }
  package var kind: Kind
  package var attempts: UInt32
  package var result: AttemptNote
  package init(kind: Kind, attempts: UInt32, result: AttemptNote) {
    self.kind = kind
    self.attempts = attempts
    self.result = result
  }
}

/// What is remembered of an attempt.
package struct AttemptNote: Sendable, Equatable {
  /// HTTP status, 0 when no response head arrived.
  package var status: UInt16
  /// A sentence for a person ("connection refused"), at most 512 bytes of UTF-8; empty when all is well.
  package var error: String
  package init(status: UInt16, error: String = "") {
    self.status = status
    self.error = error
  }
}

/// The answer to "where is my message?".
package struct MessageStatus: Sendable, Equatable {
  package enum State: String, Sendable {
    case scheduled, ready, inflight, retrying, delivered, dead, cancelled
  }
  package var ref: MessageRef
  package var uuid: String
  /// The store never says `inflight`: that is the schedule's to add.
  package var state: State
  /// nil when the body is gone (finished, segment dropped).
  package var url: String?
  package var method: String?
  package var attempts: UInt32
  package var lastStatus: UInt16
  package var lastError: String
  /// Wall clock, milliseconds since 1970.
  package var nextAttemptAtMs: UInt64?
  package var acceptedAtMs: UInt64
  /// It waits, and what is to be sent can't be read any more: it is not tried before the log is
  /// repaired. `acceptedAtMs` may be 0 then: not known.
  package var isUnreadable = false

  package init(
    ref: MessageRef, uuid: String, state: State, url: String?, method: String?, attempts: UInt32,
    lastStatus: UInt16, lastError: String, nextAttemptAtMs: UInt64?, acceptedAtMs: UInt64
  ) {
    self.ref = ref
    self.uuid = uuid
    self.state = state
    self.url = url
    self.method = method
    self.attempts = attempts
    self.lastStatus = lastStatus
    self.lastError = lastError
    self.nextAttemptAtMs = nextAttemptAtMs
    self.acceptedAtMs = acceptedAtMs
  }
}

/// See `MessageStore.backlog`.
package struct Backlog: Sendable, Equatable {
  /// Live messages that are not dead.
  package var waiting: UInt64
  /// Start of the age of the oldest one whose age has begun, milliseconds since 1970; nil when none
  /// of the first ones has.
  package var oldestFromMs: UInt64?
  package init(waiting: UInt64, oldestFromMs: UInt64?) {
    self.waiting = waiting
    self.oldestFromMs = oldestFromMs
  }
}

/// accepted = delivered + dead + cancelled + pending, at every moment.
package struct StoreCounts: Sendable, Equatable {
  package var accepted: UInt64
  package var delivered: UInt64
  package var dead: UInt64
  package var cancelled: UInt64
  package var pending: UInt64
  package init(
    accepted: UInt64 = 0, delivered: UInt64 = 0, dead: UInt64 = 0, cancelled: UInt64 = 0,
    pending: UInt64 = 0
  ) {
    self.accepted = accepted
    self.delivered = delivered
    self.dead = dead
    self.cancelled = cancelled
    self.pending = pending
  }
}
