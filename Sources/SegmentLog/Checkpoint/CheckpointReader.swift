/// Reading checkpoints without being the log's owner. Nothing is changed and no lock is taken.
package enum CheckpointReader {
  /// The numbers of all checkpoint files, newest first, without those that none ever gets.
  package static func numbers(in names: [String]) -> [UInt64] {
    names.compactMap(FileNames.checkpointNumber).filter { $0 < FormatLimits.numberMax }
      .sorted(by: >)
  }

  /// Which store a file belongs to; nil when its header can't be read.
  static func store(of file: any DiskFile) -> StoreUUID? {
    (try? ChunkReader(file: file).header())?.store
  }

  /// Checksums, every value and how they fit together; not whether the segments agree.
  package static func read(
    _ number: UInt64, on disk: any Disk, store: StoreUUID? = nil
  ) throws(CheckpointError) -> Checkpoint {
    let file: any DiskFile
    do throws(DiskError) {
      file = try disk.open(FileNames.checkpoint(number), .readOnly)
    } catch {
      throw .disk(error)
    }
    defer { file.close() }
    let checkpoint = try CheckpointDecoder.decode(file)
    guard checkpoint.number == number else { throw .otherNumber(found: checkpoint.number) }
    if let store, checkpoint.store != store {
      throw .otherStore(found: checkpoint.store, expected: store)
    }
    return checkpoint
  }
}

/// What a checkpoint knows of a segment.
package struct CheckpointSegment: Sendable, Equatable {
  package var id: UInt64
  package var file: String
  package var salt: UInt64
  /// Where its frames end.
  package var end: UInt64
  package var firstSequence: Sequence
  /// Messages that stand in it, lost ones among them.
  package var count: UInt64
  /// Pending and dead ones.
  package var live: UInt64
  package var dead: UInt64
  /// Why a start needs it; nil when its file may be gone.
  package var need: CheckpointNeed?
}

extension Checkpoint {
  /// Ascending by id, cold ones last.
  package var segmentTable: [CheckpointSegment] {
    let needs = needs
    return (segments + cold).map { segment in
      CheckpointSegment(
        id: segment.id, file: segment.file, salt: segment.salt, end: segment.end,
        firstSequence: segment.first, count: UInt64(segment.count), live: segment.liveCount,
        dead: segment.parkedCount, need: needs[segment.logFile])
    }
  }

  /// What had become of a message; nil when its segment is gone, or it was lost.
  package func state(of sequence: Sequence) -> RecordStatus.State? {
    holder(of: sequence)?.state(of: sequence)
  }

  /// Messages that were tried and live.
  package var attempted: Int { attempts.count }
}
