/// What `/log`, `dispatcher compact` and `log-inspect` tell of a log directory.
package struct LogOverview: Sendable, Equatable {
  package var directory: String
  package var segments: [SegmentOverview]
  package var bytesOnDisk: UInt64
  /// What was found damaged and is not accepted.
  package var damage: [Damage]
  package init(
    directory: String, segments: [SegmentOverview], bytesOnDisk: UInt64, damage: [Damage] = []
  ) {
    self.directory = directory
    self.segments = segments
    self.bytesOnDisk = bytesOnDisk
    self.damage = damage
  }
}

package struct SegmentOverview: Sendable, Equatable {
  package enum State: String, Sendable { case active, sealed, prepared, damaged }
  package var id: UInt64
  package var file: String
  package var state: State
  package var frames: UInt64
  package var messages: UInt64
  /// Pending and dead ones.
  package var live: UInt64
  /// Message payloads before compression, bytes.
  package var rawBytes: UInt64
  /// Bytes of the file that hold frames.
  package var storedBytes: UInt64
  package var firstSequence: Sequence?
  package var lastSequence: Sequence?
  /// Milliseconds since 1970.
  package var firstAtMs: UInt64?
  package var lastAtMs: UInt64?
  /// Why it stays, for a person ("12 live messages", "a compaction is reading it"); nil: it can go.
  package var keptBecause: String?
  package init(
    id: UInt64, file: String, state: State, frames: UInt64 = 0, messages: UInt64 = 0,
    live: UInt64 = 0, rawBytes: UInt64 = 0, storedBytes: UInt64 = 0,
    firstSequence: Sequence? = nil, lastSequence: Sequence? = nil, firstAtMs: UInt64? = nil,
    lastAtMs: UInt64? = nil, keptBecause: String? = nil
  ) {
    self.id = id
    self.file = file
    self.state = state
    self.frames = frames
    self.messages = messages
    self.live = live
    self.rawBytes = rawBytes
    self.storedBytes = storedBytes
    self.firstSequence = firstSequence
    self.lastSequence = lastSequence
    self.firstAtMs = firstAtMs
    self.lastAtMs = lastAtMs
    self.keptBecause = keptBecause
  }
}

package struct CompactionReport: Sendable, Equatable {
  package var removed: [SegmentOverview]
  package var kept: [SegmentOverview]
  package var bytesBefore: UInt64
  package var bytesAfter: UInt64
  /// What could not be compacted, and why.
  package var problems: [String]
  package init(
    removed: [SegmentOverview], kept: [SegmentOverview], bytesBefore: UInt64, bytesAfter: UInt64,
    problems: [String] = []
  ) {
    self.problems = problems
    self.removed = removed
    self.kept = kept
    self.bytesBefore = bytesBefore
    self.bytesAfter = bytesAfter
  }
}

/// What a compaction would do now, and how far the one is that is under way.
package struct CompactionPreview: Sendable, Equatable {
  package var decisions: [CompactionPlan.Decision]
  /// nil: none by command is under way.
  package var progress: CompactionProgress?
  package init(decisions: [CompactionPlan.Decision], progress: CompactionProgress? = nil) {
    self.decisions = decisions
    self.progress = progress
  }
}

/// How far a compaction by command has come.
package struct CompactionProgress: Sendable, Equatable {
  /// Of its plan, and how many of them are done.
  package var jobs: Int
  package var done: Int
  /// Read and written by the present one, and what it has to read.
  package var bytes: UInt64
  package var expected: UInt64
  package init(jobs: Int, done: Int, bytes: UInt64, expected: UInt64) {
    self.jobs = jobs
    self.done = done
    self.bytes = bytes
    self.expected = expected
  }

  /// From 0 to 1. What is written is guessed to be a quarter of what is read.
  package var fraction: Double {
    guard jobs > 0, done < jobs else { return 1 }
    let present = expected == 0 ? 0 : Double(bytes) / (Double(expected) * 1.25)
    return min((Double(done) + min(present, 1)) / Double(jobs), 1)
  }
}

/// A sync that is under way for so long that something is wrong with the disk. What waits for it is
/// answered when it ends, and not before.
package struct HangingSync: Sendable, Equatable {
  /// Its name in the log's directory; "." for the directory itself.
  package var file: String
  package var seconds: UInt64
  package init(file: String, seconds: UInt64) {
    self.file = file
    self.seconds = seconds
  }

  /// From here on it is said.
  package static let secondsMin: UInt64 = 5
}

/// Running numbers of an open log, for `/metrics`.
package struct LogMetrics: Sendable, Equatable {
  package var bytesOnDisk: UInt64 = 0
  package var segments: UInt64 = 0
  package var frames: UInt64 = 0
  package var syncs: UInt64 = 0
  package var syncNanoseconds: UInt64 = 0
  /// Syncs by their time: at most 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 1000 ms, and more.
  package var syncHistogram: [UInt64] = []
  package var tornTailBytes: UInt64 = 0
  /// Places that are damaged and not accepted.
  package var damagedFrames: UInt64 = 0
  /// Messages that wait and that the running log found unreadable.
  package var unreadableMessages: UInt64 = 0
  package var verification = VerificationProgress()
  /// Messages that were lost to damage and given up.
  package var lostMessages: UInt64 = 0
  package var space = SpaceLevel.enough
  /// Of the file system, as of the last look at it.
  package var freeBytes: UInt64 = 0
  /// Free bytes below which new messages are refused.
  package var markBytes: UInt64 = 0
  /// In files of zeros that become segments when the disk is full.
  package var reserveBytes: UInt64 = 0
  /// Since the start: frames of the log, and what compactions wrote besides.
  package var loggedBytes: UInt64 = 0
  package var compactedBytes: UInt64 = 0
  package var isCompacting = false
  /// Tries in a row to write a checkpoint that failed, and why; 0 and nil when the last one stands.
  package var failedCheckpoints: UInt64 = 0
  package var checkpointFailure: DiskError?
  /// A sync that the disk has not answered for long; nil: none.
  package var hangingSync: HangingSync?
  package var waitingMessages: UInt64 = 0
  package var waitingBytes: UInt64 = 0
  package init() {}
  package static let syncBucketsMs: [Double] = [
    0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 1000,
  ]
}
