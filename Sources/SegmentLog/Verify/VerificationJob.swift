import Glibc

/// Reads one file of a running log from its first to its last byte and says what can't be read of it.
///
/// On a thread of its own. The file may be dropped meanwhile: then nobody wants to hear of it.
package struct VerificationJob: Sendable {
  enum Target: Sendable {
    /// With what stood in it when the job was given out.
    case segment(SegmentState)
    case dedup(DedupHeader)
  }

  let target: Target
  let store: StoreUUID
  /// Of this file: what is known is not told again.
  let known: [Damage]
  /// Somebody could not read it.
  let isUrgent: Bool
  /// Bytes in a second when nobody waits for it.
  let bytesPerSecond: UInt64

  var file: LogFile {
    switch target {
    case .segment(let segment): segment.logFile
    case .dedup(let header): .dedup(header.id)
    }
  }

  func run(on disk: any Disk, pacer: any CompactionPacer) -> VerificationResult {
    var found = VerificationResult.Found()
    do throws(DiskError) {
      let isComplete =
        switch target {
        case .segment(let segment): try verify(segment, on: disk, pacer, &found)
        case .dedup(let header): try verify(header, on: disk, &found)
        }
      guard isComplete else { return VerificationResult(file: file, outcome: .cancelled) }
    } catch {
      guard error.code == ENOENT else {
        return VerificationResult(file: file, outcome: .failed(error))
      }
      noteMissing(error, &found)
    }
    leaveOutKnown(disk, &found)
    copyAside(disk, &found)
    return VerificationResult(file: file, outcome: .verified(found))
  }

  private func noteMissing(_ error: DiskError, _ found: inout VerificationResult.Found) {
    guard case .segment(let segment) = target else {
      return found.notes.append("\(file.name): \(error); what it remembered is new")
    }
    var damage = Damage(
      kind: .missing, file: segment.file, offset: nil,
      reason: "expected a segment with \(segment.liveCount) messages that have not ended, found "
        + "none: \(error)", lost: nil)
    if segment.count > 0 { damage.lost = segment.first...segment.next - 1 }
    found.damage = [damage]
    found.unreadable = segment.liveSequences
  }

  /// What is known of this file, and what an operator has accepted.
  private func leaveOutKnown(_ disk: any Disk, _ found: inout VerificationResult.Found) {
    guard !found.damage.isEmpty else { return }
    let accepted = (try? AcceptedDamage.read(from: disk, of: store)) ?? nil
    found.damage.removeAll { damage in
      known.contains { $0.offset == damage.offset && $0.kind == damage.kind || $0.covers(damage) }
        || accepted?.covers(damage) == true
    }
  }

  private func copyAside(_ disk: any Disk, _ found: inout VerificationResult.Found) {
    let items = found.damage.compactMap { damage in
      damage.offset.flatMap { offset in
        damage.end.map { Quarantine.Item(file: damage.file, offset: offset, end: $0) }
      }
    }
    found.notes += Quarantine.copy(items.filter { $0.offset < $0.end }, on: disk).notes
  }
}

/// What became of a `VerificationJob`.
package struct VerificationResult: Sendable {
  struct Found: Sendable {
    /// Not known before.
    var damage: [Damage] = []
    /// Messages that had not ended when the job was given out.
    var unreadable: [Sequence] = []
    /// Where frames begin behind what is damaged.
    var marks: [SegmentState.Mark] = []
    /// For a person, and without consequences.
    var notes: [String] = []
    /// Read.
    var bytes: UInt64 = 0
  }

  enum Outcome: Sendable {
    case verified(Found)
    /// Something else stood in the way (EMFILE): it is tried again.
    case failed(DiskError)
    /// The log is closed.
    case cancelled
  }

  var file: LogFile
  var outcome: Outcome
}

// MARK: Segments

extension VerificationJob {
  /// False when it was cancelled.
  private func verify(
    _ segment: SegmentState, on disk: any Disk, _ pacer: any CompactionPacer,
    _ found: inout VerificationResult.Found
  ) throws(DiskError) -> Bool {
    let file = FileWithHoles(try disk.open(segment.file, .readOnly))
    defer { file.close() }
    let header = verifyHeader(of: segment, file, &found)
    let scanner = try SegmentScanner(file: file, header: segment.header, cut: segment.end)
    var classifier = SegmentClassifier(
      header: segment.header,
      successor: SegmentHeader.Predecessor(
        id: segment.id, durableLength: segment.end, lastSequence: segment.next - 1,
        lastFrameCRC: 0))
    var bodies = BodyCheck(segment)
    var behindDamage = false
    var position = FormatLimits.firstFrameOffset
    while true {
      let step = try scanner.next()
      switch step {
      case .frame(let frame):
        classifier.add(frame, scanner.directory)
        bodies.add(frame, scanner.directory)
        if behindDamage, let first = scanner.directory.messages.first {
          found.marks.append(SegmentState.Mark(sequence: first.sequence, offset: frame.offset))
          behindDamage = false
        }
        guard pacer.passed(bytes: Int(frame.end - min(position, frame.end))) else { return false }
        position = frame.end
      case .invalid(let range):
        classifier.add(range)
        bodies.add(range)
        behindDamage = true
      case .end:
        bodies.finish()
        found.bytes = segment.end
        found.unreadable = bodies.unreadable
        found.damage = header + Self.damage(classifier.finish(), bodies, of: segment)
        explain(file.holes, &found)
        return true
      }
    }
  }

  /// The frames are read with what is known of the header; a copy of it that is damaged is noted,
  /// as a start does.
  private func verifyHeader(
    of segment: SegmentState, _ file: any DiskFile, _ found: inout VerificationResult.Found
  ) -> [Damage] {
    let reason: String
    do throws(SegmentHeaderError) {
      let header = try SegmentHeader.read(from: file)
      if let copy = header.damagedCopy {
        found.notes.append(
          "\(segment.file): copy \(copy + 1) of the header is damaged; the other one is good")
      }
      guard header.header.salt != segment.salt else { return [] }
      reason = "it is another file than it was: its salt is not what it should be"
    } catch {
      reason = error.description
    }
    return [
      Damage(
        kind: .header, file: segment.file, offset: 0, end: FormatLimits.firstFrameOffset,
        reason: reason, lost: nil)
    ]
  }

  /// As a start names it: by the neighbours' numbers in a segment of the log, by what it should hold
  /// in a cold one.
  private static func damage(
    _ verdict: SegmentVerdict, _ bodies: BodyCheck, of segment: SegmentState
  ) -> [Damage] {
    let findings = verdict.damage + (verdict.torn.map { [$0] } ?? [])
    var found = findings.map { Damage($0, in: segment.file) }
    for body in bodies.damage {
      if let at = found.firstIndex(where: { $0.offset == body.offset }) {
        if segment.kind == .cold { found[at] = body }
      } else {
        found.append(body)
      }
    }
    if segment.kind == .cold {
      for at in found.indices
      where !bodies.damage.contains(where: { $0.offset == found[at].offset }) {
        found[at].lost = nil
      }
    }
    if verdict.furtherDamage > 0, let last = verdict.damage.last {
      found.append(
        Damage(
          file: segment.file, offset: last.end, end: max(last.end, verdict.validEnd),
          reason: "\(verdict.furtherDamage) more damaged places behind it are not listed",
          lost: nil))
    }
    return found
  }

  /// Where the disk refused bytes, that is the reason.
  private func explain(
    _ holes: [FileWithHoles.Hole], _ found: inout VerificationResult.Found
  ) {
    for hole in holes {
      for at in found.damage.indices {
        guard let offset = found.damage[at].offset, let end = found.damage[at].end,
          hole.range.lowerBound < end, offset < hole.range.upperBound,
          !found.damage[at].reason.contains("errno")
        else { continue }
        found.damage[at].reason += "; \(hole.error)"
      }
    }
  }
}

extension SegmentState {
  /// Pending and dead ones.
  var liveSequences: [Sequence] {
    var found: [Sequence] = []
    var index = live.first(true, from: 0)
    while let place = index {
      found.append(sequence(at: place))
      index = live.first(true, from: place + 1)
    }
    return found
  }
}

// MARK: Dedup files

extension VerificationJob {
  /// What can't be read there is new again, which loses nothing.
  private func verify(
    _ header: DedupHeader, on disk: any Disk, _ found: inout VerificationResult.Found
  ) throws(DiskError) -> Bool {
    do throws(DedupError) {
      let file = try DedupFile(id: header.id, store: store, on: disk)
      if let (copy, error) = file.damagedHeaderCopy() {
        found.notes.append(
          "\(self.file.name): copy \(copy + 1) of the header is damaged (\(error)); the other one "
            + "is good")
      }
      let (unreadable, first) = try Self.read(file)
      if unreadable > 0, let first {
        found.notes.append(
          "\(self.file.name): \(unreadable) pages can't be read (\(first)); a message that they "
            + "remember is new when it comes again")
      }
    } catch {
      if case .disk(let failure) = error, failure.code == ENOENT { throw failure }
      found.notes.append("\(self.file.name): \(error); what it remembered is new")
    }
    found.bytes = header.fileSize
    return true
  }

  private static func read(_ file: DedupFile) throws(DedupError) -> (UInt64, DedupError?) {
    do throws(DiskError) { return try file.forEach { _ in } } catch { throw .disk(error) }
  }
}
