/// The answer for one message of a staged batch. It holds once the frame is durable.
package enum LogAdmission: Sendable, Equatable {
  case stored(Sequence)
  /// The same UUID with the same content is live or within the window.
  case duplicate(Sequence)
}

/// What `stage` made of a batch: all of it or nothing.
package enum Staged: Sendable, Equatable {
  /// In the order of the batch. Without `needsCommit` every answer is durable already.
  case taken([LogAdmission], needsCommit: Bool)
  /// The same UUID with other content: nothing was staged. Indices into the batch.
  case conflict([Int])
  /// Commit, then stage again.
  case frameFull
  case refused(LogRefusal)
}

package enum StateChange: Sendable, Equatable {
  case outcome(OutcomeRecord)
  case attempt(AttemptRecord)
  package var sequence: Sequence {
    switch self {
    case .outcome(let record): record.sequence
    case .attempt(let record): record.sequence
    }
  }
}

/// What `stage` made of changes.
package enum StagedChanges: Sendable, Equatable {
  /// The first `count` were dealt with; the rest needs another frame. `refused` are indices into the
  /// array of those that meant a message which has ended or never was. Without `needsCommit` nothing
  /// of them waits for the disk.
  case taken(count: Int, refused: [Int], needsCommit: Bool)
  case frameFull
  case refused(LogRefusal)
}

/// What one commit made durable.
package struct Commit: Sendable, Equatable {
  /// Wall clock, milliseconds since 1970; never less than an earlier frame's.
  package var committedAtMs: UInt64
  /// The new messages: `count` from `firstSequence` on, in the order of staging.
  package var firstSequence: Sequence
  package var count: Int
}

/// What became of the staged frame, when the log can go on.
package enum CommitResult: Sendable, Equatable {
  case durable(Commit)
  /// No room for a new segment: nothing was written, and what was staged is forgotten.
  case noSpace
}

/// Where to look for a message: in `file`, from `offset` on, hopping from frame to frame.
package struct Location: Sendable, Equatable {
  package var segment: UInt64
  package var file: String
  /// The segment's, which every frame in it carries.
  package var salt: UInt64
  package var sequence: Sequence
  /// The start of a frame at or before the message's own.
  package var offset: UInt64
  /// Where the segment's frames end.
  package var end: UInt64
}

/// The place of a note (an attempt's or outcome's error text).
package struct NoteLocation: Sendable, Equatable {
  package var file: String
  package var salt: UInt64
  package var frameOffset: UInt64
  package var sequence: Sequence
}

/// What the engine knows of one message.
package struct RecordStatus: Sendable, Equatable {
  package enum State: Sendable, Equatable { case pending, delivered, dead, cancelled }
  package var sequence: Sequence
  package var state: State
  package var attempts: UInt32
  package var lastStatus: UInt16
  /// The text of the last error stands there; nil when there is none.
  package var note: NoteLocation?
  /// Wall clock, milliseconds since 1970.
  package var acceptedAtMs: UInt64
  package var start: RecordStart
  /// For a message that was tried: when it is due, by the wall clock and as recorded.
  package var retry: RetryTime?
  /// nil when its segment was dropped, and with it all but the fact of its end.
  package var destination: String?
  package var location: Location?
  /// Its bytes, or some of them, can't be read. Where not even the frame's head can, the time of its
  /// acceptance may be 0: not known.
  package var isUnreadable = false
}

/// A wait of `delayMs` that ends at `dueAtMs` by the wall clock.
package struct RetryTime: Sendable, Equatable {
  package var dueAtMs: UInt64
  package var delayMs: UInt32
  /// What is left of the wait: never more than the recorded delay, whatever the clock did.
  package func remainingMs(nowMs: UInt64) -> UInt64 {
    dueAtMs <= nowMs ? 0 : min(dueAtMs - nowMs, UInt64(delayMs))
  }
}

/// A destination with messages that wait.
package struct DestinationBacklog: Sendable, Equatable {
  package var origin: String
  /// No message of it below this one waits.
  package var firstSequence: Sequence
  package var count: UInt64
}

/// What a start found.
package struct RecoveryReport: Sendable, Equatable {
  /// The checkpoint that it began from; nil when all segments were read.
  package var checkpoint: UInt64?
  package var segments = 0
  /// Read and folded.
  package var frames: UInt64 = 0
  package var bytes: UInt64 = 0
  /// That stand in the segments.
  package var messages: UInt64 = 0
  package var pending: UInt64 = 0
  package var dead: UInt64 = 0
  /// The last run ended with `seal`, or there was none.
  package var cleanStop = true
  /// Frames of the last run whose sync wasn't proven: written and synced again.
  package var reloggedFrames = 0
  /// Bytes at the end of the log that were never answered for.
  package var tornTailBytes: UInt64 = 0
  package var damage: [Damage] = []
  /// Damage that an operator accepted before: no news.
  package var acceptedDamage: [Damage] = []
  /// Messages that were given up as lost, in all.
  package var lost: UInt64 = 0
  /// Messages that had ended, nobody knows which, and that are delivered again.
  package var repeated: UInt64 = 0
  /// Segments were dropped between those that stand, and no checkpoint tells what they said of
  /// attempts: these are counted from the last one that is known.
  package var forgetsAttempts = false
  /// What a person may want to know and that needs no action.
  package var notes: [String] = []
  package init() {}
}

/// Numbers that the core keeps while it runs.
package struct LogNumbers: Sendable, Equatable {
  package var totals = Totals()
  package var bytesOnDisk: UInt64 = 0
  package var segments = 0
  package var frames: UInt64 = 0
  package var tornTailBytes: UInt64 = 0
  /// Places that are damaged and not accepted.
  package var damagedFrames: UInt64 = 0
  /// Messages that wait and that the running log found unreadable.
  package var unreadableMessages: UInt64 = 0
  package var lostMessages: UInt64 = 0
  package var verification = VerificationProgress()
  package var space = SpaceLevel.enough
  /// As of the last look at the file system.
  package var freeBytes: UInt64 = 0
  /// Free bytes below which new messages are refused.
  package var markBytes: UInt64 = 0
  package var reserveBytes: UInt64 = 0
  /// Since the start: frames of the log, and what compactions wrote besides.
  package var loggedBytes: UInt64 = 0
  package var compactedBytes: UInt64 = 0
  package var isCompacting = false
  /// Tries in a row to write a checkpoint that failed, and why; 0 and nil when the last one stands.
  package var failedCheckpoints: UInt64 = 0
  package var checkpointFailure: DiskError?
  package init() {}
}
