/// The engine: a synchronous, deterministic state machine over a `Disk`.
///
/// *The live state is the fold of the durable frames; state changes are applied when their commit
/// is durable.* Used by one thread at a time; time (wall clock, milliseconds since 1970) is passed
/// in. After a thrown `LogFailure` everything is refused.
package final class LogCore {
  init() {}

  /// Recovers what stands on `disk` and starts a new segment. The caller holds the directory's lock.
  package static func open(disk: any Disk, options: LogOptions, nowMs: UInt64)
    throws(LogError) -> (LogCore, RecoveryReport)
  { fatalError() }

  /// The store's identity: 16 bytes.
  package var storeUUID: [UInt8] { [] }
  /// Why nothing new is taken, after damage.
  package var readOnlyReason: String? { nil }

  // MARK: Writing

  /// Puts messages into the next frame; decides duplicates and conflicts now.
  package func stage(_ batch: [NewRecord], nowMs: UInt64) -> Staged { fatalError() }
  /// Puts outcomes and attempts into the next frame.
  package func stage(_ changes: [StateChange]) -> StagedChanges { fatalError() }
  package var hasStaged: Bool { false }
  /// Writes and syncs the frame, then applies it to the state.
  package func commit(nowMs: UInt64) throws(LogFailure) -> CommitResult { fatalError() }

  // MARK: Upkeep

  /// The witness after a quiet second, the timed rotation, dropping.
  package func tick(nowMs: UInt64) throws(LogFailure) {}
  /// When `tick` (or asking for a preparation again) has something to do; nil = nothing waits.
  package func nextTickDueMs(nowMs: UInt64) -> UInt64? { nil }
  /// A next segment to prepare off the writer's thread; nil when one is ready or being prepared.
  package func preparationWanted(nowMs: UInt64) -> PreparationJob? { nil }
  package func prepared(_ result: PreparationResult, nowMs: UInt64) {}

  /// Drops what can be dropped, and says what stays and why.
  package func compact(nowMs: UInt64) throws(LogFailure) -> CompactionReport { fatalError() }
  /// The footer of a clean stop; nothing can be staged afterwards.
  package func seal(nowMs: UInt64) throws(LogFailure) {}

  // MARK: Reading

  /// What is known of a message; reads the directory of its frame from disk.
  package func lookup(key: UUIDKey, uuid: [UInt8]) -> RecordStatus? { nil }
  /// A page of waiting messages of `destination`, beginning after `after`.
  package func walkPlan(destination: String, after: Sequence, limit: Int) -> WalkPlan {
    fatalError()
  }
  package func destinationsWithPending() -> [DestinationBacklog] { [] }
  /// Where to read the payloads; nil where a message has ended or never was.
  package func locate(_ sequences: [Sequence]) -> [Location?] { [] }
  package func overview() -> LogOverview { fatalError() }
  package var totals: Totals { Totals() }
  package var numbers: LogNumbers { LogNumbers() }
}

/// Zero-fills and syncs the file that becomes the next segment.
package struct PreparationJob: Sendable {
  package func run(on disk: any Disk) -> PreparationResult { fatalError() }
}

package struct PreparationResult: Sendable {}

/// Reads what plans and locations point to. For one reader thread; keeps files open.
package final class LogReader {
  package init(disk: any Disk) {}
  /// Completes a page; entries that can't be read any more are left out.
  package func entries(of plan: WalkPlan) -> [WalkEntry] { [] }
  /// The payloads, nil where they can't be read any more.
  package func payloads(at locations: [Location?]) -> [[UInt8]?] { [] }
  /// The text of a note; nil when it can't be read.
  package func note(at location: NoteLocation) -> String? { nil }
}
