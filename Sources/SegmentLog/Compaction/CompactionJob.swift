/// Copies what is left of some segments into a cold segment and a dedup file, off the writer's
/// thread, from a snapshot of the state. Nothing is in force until the log says so.
package struct CompactionJob: Sendable {
  /// Dense ones first, ascending.
  var inputs: [SegmentState]
  /// All other segments that stand.
  var others: StandingSegments
  var attempts: AttemptTable
  /// By the store's numbers.
  var origins: [UInt32: String]
  var store: StoreUUID
  /// What the outputs will be called if there are any.
  var coldID: UInt64
  var dedupID: UInt64
  var salt: UInt64
  /// Milliseconds since 1970.
  var nowMs: UInt64
  /// Delivered messages below this one are not remembered any more, or when they were accepted so
  /// long ago.
  var dedupFloor: Sequence
  var dedupWindowMs: UInt64
  /// Somebody waits for it.
  package var isUrgent = false

  /// Of all inputs.
  package var bytes: UInt64 { inputs.reduce(0) { $0 + $1.end } }

  /// Slow: reads all inputs and writes what is left of them. An input that can't be copied to the
  /// last byte is left out and named.
  package func run(on disk: any Disk, pacer: any CompactionPacer) -> CompactionResult {
    var result = CompactionResult(
      outcome: .success(nil), refused: [], inputs: inputs.map(\.asInput))
    var left = inputs
    while !left.isEmpty {
      let pass = CompactionPass(self, left, on: disk, pacer: pacer)
      do throws(CompactionStop) {
        result.outcome = .success(try pass.compact())
        return result
      } catch {
        pass.discard()
        switch error {
        case .refused(let refused):
          result.refused.append(refused)
          left.removeAll { $0.asInput == refused.input }
        case .failed(let failure):
          result.outcome = .failure(failure)
          return result
        }
      }
    }
    return result
  }
}

package struct CompactionResult: Sendable {
  /// nil: every input was refused.
  var outcome: Result<CompactionOutput?, CompactionError>
  package var refused: [RefusedInput]
  /// All that the job was given.
  var inputs: [CompactionRecord.Input]
}

/// What stands on disk, synced and under its name, and waits for being put in force.
struct CompactionOutput: Sendable {
  var record: CompactionRecord
  var cold: SegmentState?
  /// Where the last text of a message stands now.
  var notes: [(sequence: Sequence, place: NotePlace)]
  var dedup: DedupHeader?
}

extension SegmentState {
  var asInput: CompactionRecord.Input { CompactionRecord.Input(kind: kind, id: id) }
}
