/// Something in a segment that is not as it should be.
package struct SegmentFinding: Sendable, Equatable {
  package enum Kind: Sendable, Equatable {
    /// No valid frame where one should be.
    case bytes
    /// One block of an otherwise good frame.
    case block(Int)
    /// A good frame that this version can't understand or that contradicts itself.
    case directory
  }
  package var kind: Kind
  package var offset: UInt64
  package var end: UInt64
  package var cause: FrameError
  /// Messages that stood there, as far as their neighbours tell.
  package var lost: ClosedRange<Sequence>?
  /// Of those, where the frame's directory still knows them; at most `Damage.uuidsMax`.
  package var uuids: [String] = []
  package var isAllZero: Bool

  /// Other bytes than were written, not ones that were written wrong.
  fileprivate var isOfWrongBytes: Bool {
    if case .badBlock = cause { return false }
    return kind != .directory
  }
}

/// What a scan says of a segment. *Damage* is invalid and proven to have been synced; a *torn tail*
/// is invalid and unproven; an *unproven tail* is valid, but nothing proves that it was synced.
package struct SegmentVerdict: Sendable, Equatable {
  package var damage: [SegmentFinding] = []
  /// Findings beyond the first `SegmentClassifier.findingsMax`.
  package var furtherDamage = 0
  package var torn: SegmentFinding?
  /// Where the first frame begins that holds records and is not proven to have been synced.
  package var unprovenFrom: UInt64?
  /// Everything below was synced.
  package var provenUpTo = FormatLimits.firstFrameOffset
  /// A clean stop wrote its footer.
  package var isSealed = false
  /// Behind the last frame that is whole.
  package var validEnd = FormatLimits.firstFrameOffset
  package var lastFrameCRC: UInt32 = 0
  /// The sequence that the next message would have got; nil without any frame.
  package var nextSequence: Sequence?
  package var hasDamage: Bool { !damage.isEmpty }
}

/// Tells torn tails from damage, by proof. Fed with the steps of a scan, in order; pure.
package struct SegmentClassifier: Sendable {
  /// Findings that are kept one by one.
  package static let findingsMax = 1000

  private let successor: SegmentHeader.Predecessor?
  /// The sequences of a cold segment have gaps that say nothing.
  private let hasGaps: Bool
  private var verdict = SegmentVerdict()
  private var findings: [SegmentFinding] = []
  private var further = 0
  private var recordFrames: [(offset: UInt64, end: UInt64)] = []
  private var nextSequence: Sequence

  /// `successor`: what the next segment's header says of this one. `start`: where the scan begins,
  /// with what was proven to stand before it.
  package init(
    header: SegmentHeader, successor: SegmentHeader.Predecessor?,
    start: (offset: UInt64, nextSequence: Sequence, frameCRC: UInt32)? = nil
  ) {
    self.successor = successor
    hasGaps = header.kind == .cold
    nextSequence = start?.nextSequence ?? header.firstSequence
    let offset = start?.offset ?? FormatLimits.firstFrameOffset
    verdict.provenUpTo = max(offset, successor?.durableLength ?? offset)
    verdict.validEnd = offset
    verdict.lastFrameCRC = start?.frameCRC ?? 0
  }

  package mutating func add(_ frame: ScannedFrame, _ directory: FrameDirectory) {
    let next = directory.messages.last.map { $0.sequence &+ 1 } ?? frame.head.baseSequence
    add(frame, next: next, directory)
  }

  /// `next`: the sequence behind the frame's messages. `directory` is asked only about bad blocks, so
  /// it may be empty where blocks aren't looked at.
  package mutating func add(
    _ frame: ScannedFrame, next: Sequence, _ directory: FrameDirectory
  ) {
    resolveLost(next: frame.head.baseSequence)
    // Nobody can have known of more than what stood before it.
    verdict.provenUpTo = max(verdict.provenUpTo, min(frame.head.syncedUpTo, frame.offset))
    for (block, found) in zip(frame.badBlocks, frame.badBlockChecksums) {
      let expected = directory.blocks[block].crc
      add(
        block, .badBlockChecksum(block: block, expected: expected, found: found), frame, directory)
    }
    for block in frame.brokenBlocks { add(block, .badBlock(block: block), frame, directory) }
    if let problem = frame.problem {
      add(
        SegmentFinding(
          kind: .directory, offset: frame.offset, end: frame.end, cause: problem, lost: nil,
          isAllZero: false))
    }
    if frame.badBlocks.isEmpty {
      verdict.validEnd = frame.end
      verdict.lastFrameCRC = frame.head.crc
    }
    if frame.head.kind == .footer {
      verdict.isSealed = true
      verdict.provenUpTo = max(verdict.provenUpTo, frame.end)
    }
    nextSequence = next
    verdict.nextSequence = nextSequence
    // Only the last frames can be unproven in the end.
    if frame.head.recordCount > 0 { recordFrames.append((frame.offset, frame.end)) }
    let proven = verdict.provenUpTo
    recordFrames.removeAll { $0.end <= proven }
  }

  package mutating func add(_ invalid: InvalidRange) {
    let finding = SegmentFinding(
      kind: .bytes, offset: invalid.offset, end: invalid.end, cause: invalid.cause, lost: nil,
      isAllZero: invalid.isAllZero)
    add(finding)
    // The writer writes a frame only after the one before was synced, so a valid frame behind the
    // range proves it. A footer is the last thing in its segment, so what follows it is no tail.
    if invalid.isFollowedByFrame || verdict.isSealed {
      verdict.provenUpTo = max(verdict.provenUpTo, invalid.end)
    }
  }

  /// To be called once, after the scan's end.
  package mutating func finish() -> SegmentVerdict {
    if let successor { resolveLost(next: successor.lastSequence &+ 1) }
    for finding in findings {
      // What has the right checksum and can't be understood is never torn.
      if finding.offset < verdict.provenUpTo || !finding.isOfWrongBytes {
        verdict.damage.append(finding)
      } else if verdict.torn == nil {
        verdict.torn = finding
      } else {
        verdict.torn?.end = finding.end
      }
    }
    verdict.furtherDamage = further
    verdict.unprovenFrom = recordFrames.first?.offset
    return verdict
  }

  private mutating func add(
    _ index: Int, _ cause: FrameError, _ frame: ScannedFrame, _ directory: FrameDirectory
  ) {
    let block = directory.blocks[index]
    let offset = frame.offset + UInt64(block.offsetInFrame)
    let messages = directory.messages.filter { $0.payloadLength > 0 && Int($0.block) == index }
    var lost: ClosedRange<Sequence>?
    if let first = messages.first, let last = messages.last {
      lost = first.sequence...last.sequence
    }
    let uuids = messages.prefix(Damage.uuidsMax).map {
      String(decoding: directory.uuid(of: $0), as: UTF8.self)
    }
    add(
      SegmentFinding(
        kind: .block(index), offset: offset, end: offset + UInt64(block.storedLength),
        cause: cause, lost: lost, uuids: uuids, isAllZero: false))
  }

  private mutating func add(_ finding: SegmentFinding) {
    if findings.count < Self.findingsMax { findings.append(finding) } else { further += 1 }
  }

  /// The neighbours of an invalid range tell which sequences stood in it.
  private mutating func resolveLost(next: Sequence) {
    guard !hasGaps, let last = findings.indices.last, findings[last].kind == .bytes,
      findings[last].lost == nil, findings[last].offset >= verdict.validEnd,
      next > nextSequence
    else { return }
    findings[last].lost = nextSequence...(next - 1)
  }
}
