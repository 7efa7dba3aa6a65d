extension Recovery {
  /// Fills the UUID index from the heads and directories of what stands before the position. What is
  /// damaged there is found out on the way; that of bodies only as far as checking them keeps nobody
  /// waiting, otherwise when they are read.
  mutating func loadIndex() throws(LogError) {
    state.reserveIndex()
    let bytes = state.holders.reduce(0) { $0 + (state[$1].count > 0 ? state[$1].end : 0) }
    let checksBodies = bytes <= Self.checkedBytesMax
    for holder in state.holders {
      let segment = state[holder]
      guard segment.count > 0, segment.salt != 0 else { continue }
      do throws(DiskError) {
        let file = try disk.open(segment.file, .readOnly)
        defer { file.close() }
        var whole: Set<Sequence> = []
        let (verdict, bodies) = try load(holder, file, checksBodies: checksBodies, whole: &whole)
        switch holder.kind {
        case .wal: note(verdict, of: holder, whole: whole)
        case .cold: note(verdict, bodies, of: holder)
        }
      } catch {
        throw .disk(error)
      }
    }
  }

  /// `whole` gets the messages that can be read though a block of their frame is damaged.
  private mutating func load(
    _ holder: Holder, _ file: any DiskFile, checksBodies: Bool, whole: inout Set<Sequence>
  ) throws(DiskError) -> (SegmentVerdict, BodyCheck) {
    let segment = state[holder]
    let header = segment.header
    let scanner = try SegmentScanner(
      file: file, header: header, cut: segment.end, checksBlocks: checksBodies)
    var classifier = SegmentClassifier(
      header: header,
      successor: SegmentHeader.Predecessor(
        id: segment.id, durableLength: segment.end, lastSequence: segment.next - 1,
        lastFrameCRC: 0))
    var bodies = BodyCheck(segment)
    var behindDamage = false
    var batch: [UUIDIndex.Entry] = []
    while true {
      switch try scanner.next() {
      case .frame(let frame):
        classifier.add(frame, scanner.directory)
        if segment.kind == .cold { bodies.add(frame, scanner.directory) }
        if behindDamage, let first = scanner.directory.messages.first {
          state[holder].insertMark(offset: frame.offset, sequence: first.sequence)
          behindDamage = false
        }
        if !frame.badBlocks.isEmpty {
          for message in scanner.directory.messages where !frame.misses(message) {
            whole.insert(message.sequence)
          }
        }
        if let stray = state.remember(scanner.directory.messages, of: segment, &batch) {
          contradiction = "\(segment.file) holds message \(stray)"
        }
        if batch.count >= UUIDIndex.batchMax {
          state.index.insert(batch)
          batch.removeAll(keepingCapacity: true)
        }
      case .invalid(let range):
        classifier.add(range)
        bodies.add(range)
        behindDamage = true
      case .end:
        state.index.insert(batch)
        if segment.kind == .cold { bodies.finish() }
        return (classifier.finish(), bodies)
      }
    }
  }

  /// A fifth of a second for zlib's CRC.
  private static let checkedBytesMax: UInt64 = 256 << 20

  /// Names what wasn't named when the checkpoint was written.
  private mutating func note(
    _ verdict: SegmentVerdict, of holder: Holder, whole: Set<Sequence>
  ) {
    let file = state[holder].file
    for finding in verdict.damage {
      if report.damage.contains(where: { $0.file == file && $0.offset == finding.offset }) {
        continue
      }
      if let lost = finding.lost { state.lose(lost, in: holder, except: whole) }
      note(damage: Damage(finding, in: file))
      quarantine.append(Quarantine.Item(file: file, offset: finding.offset, end: finding.end))
      state[holder].damage = finding.cause.description
    }
  }

  /// The same of a cold segment, where the gaps between sequences say nothing: what it should hold
  /// does.
  private mutating func note(_ verdict: SegmentVerdict, _ bodies: BodyCheck, of holder: Holder) {
    let file = state[holder].file
    func isNamed(_ offset: UInt64?) -> Bool {
      report.damage.contains { $0.file == file && $0.offset == offset }
    }
    for sequence in bodies.unreadable {
      state.lose(sequence...sequence, in: holder, except: [])
    }
    var found = bodies.damage
    for finding in verdict.damage + (verdict.torn.map { [$0] } ?? [])
    where !found.contains(where: { $0.offset == finding.offset }) {
      var damage = Damage(finding, in: file)
      damage.lost = nil
      found.append(damage)
    }
    for damage in found where !isNamed(damage.offset) {
      note(damage: damage)
      if let offset = damage.offset, let end = damage.end, offset < end {
        quarantine.append(Quarantine.Item(file: file, offset: offset, end: end))
      }
      state[holder].damage = damage.reason
    }
  }
}

extension SegmentState {
  /// As much of its header as reading its frames takes.
  var header: SegmentHeader {
    var header = SegmentHeader(
      id: id, firstSequence: max(first, 1), createdMs: createdMs,
      store: StoreUUID(high: 0, low: 0), salt: salt, firstFrameNumber: 0, totals: Totals(),
      predecessor: nil)
    header.kind = kind
    return header
  }
}
