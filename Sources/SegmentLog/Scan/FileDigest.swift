/// What a pass counted in one file.
package struct FileDigest: Sendable {
  package internal(set) var frames: UInt64 = 0
  package internal(set) var messages: UInt64 = 0
  package internal(set) var attempts: UInt64 = 0
  package internal(set) var notes: UInt64 = 0
  package internal(set) var delivered: UInt64 = 0
  package internal(set) var dead: UInt64 = 0
  package internal(set) var cancelled: UInt64 = 0
  /// Of those cancelled: lost to damage and given up.
  package internal(set) var lost: UInt64 = 0
  package internal(set) var lostSequences = SequenceRuns()
  /// Messages that stood nowhere, without known numbers, and were given up; cancelled, too.
  package internal(set) var givenUp: UInt64 = 0
  /// Payloads before compression.
  package internal(set) var payloadBytes: UInt64 = 0
  /// Heads and directories.
  package internal(set) var directoryBytes: UInt64 = 0
  /// Frames, everything counted.
  package internal(set) var frameBytes: UInt64 = 0
  /// Syncs that the frames tell of.
  package internal(set) var syncs: UInt64 = 0
  package internal(set) var firstSequence: Sequence?
  package internal(set) var lastSequence: Sequence?
  package internal(set) var firstAtMs: UInt64?
  package internal(set) var lastAtMs: UInt64?
  /// nil when the file could not be read to its end, or vanished.
  package internal(set) var verdict: SegmentVerdict?
  package internal(set) var error: DiskError?

  /// What cold segments were made of, and put in force.
  package internal(set) var compactions: [CompactionRecord] = []

  private var syncedUpTo: UInt64 = 0

  mutating func add(_ frame: ScannedFrame, _ summary: FrameSummary) {
    let head = frame.head
    frames += 1
    attempts += UInt64(summary.attempts.count)
    notes += UInt64(summary.notes)
    for outcome in summary.outcomes {
      switch outcome.kind {
      case .delivered: delivered += 1
      case .dead: dead += 1
      case .cancelled:
        cancelled += 1
        if outcome.status == OutcomeRecord.lostStatus {
          lost += 1
          lostSequences.add(outcome.sequence)
        }
      }
    }
    compactions += summary.compactions
    givenUp = givenUp.addingCapped(summary.givenUp)
    payloadBytes += summary.payloadBytes
    directoryBytes += UInt64(head.prefixLength)
    frameBytes += UInt64(head.totalLength)
    if head.syncedUpTo > syncedUpTo {
      syncedUpTo = head.syncedUpTo
      syncs += 1
    }
    // A frame of a compacted segment that holds no message has no time.
    if head.committedAtMs > 0 {
      firstAtMs = min(firstAtMs ?? .max, head.committedAtMs)
      lastAtMs = max(lastAtMs ?? 0, head.committedAtMs)
    }
    guard let last = summary.lastSequence else { return }
    messages += UInt64(summary.messages)
    firstSequence = firstSequence ?? summary.sparse.first ?? head.baseSequence
    lastSequence = last
  }
}

/// A pass over all frames of a log, segments first, then cold ones: what each holds, and what is known of sequences.
struct FramePass: Sendable {
  let chain: LogChain
  let disk: any Disk
  let depth: ScanDepth
  let progress: PassProgress

  func run(_ states: SharedStates) -> [FileDigest] {
    FilePass.run(chain.files) { read($0, states) }
  }

  private func read(_ segment: SegmentFile, _ states: SharedStates) -> FileDigest {
    var digest = FileDigest()
    var classifier = SegmentClassifier(header: segment.header, successor: segment.successor)
    var summary = FrameSummary()
    var facts = FactBuffer()
    let standing: SequenceFacts =
      segment.isSpent ? [] : segment.header.kind == .cold ? .inCold : .inLog
    let total = chain.fileBytes
    do throws(DiskError) {
      let isThere = try SegmentWalk.run(
        segment, on: disk, depth: depth, progress: { progress($0, total) }
      ) { (step, scanner) throws(DiskError) in
        switch step {
        case .frame(var frame):
          try summary.read(&frame, scanner)
          classifier.add(frame, next: summary.nextSequence(after: frame.head), scanner.directory)
          digest.add(frame, summary)
          summary.forEachRun(frame.head) { facts.add(first: $0, count: $1, standing) }
          facts.add(summary.outcomes)
          if facts.isFull { states.apply(&facts) }
        case .invalid(let range): classifier.add(range)
        case .end: break
        }
      }
      if isThere { digest.verdict = classifier.finish() }
    } catch {
      digest.error = error
    }
    states.apply(&facts)
    return digest
  }
}
