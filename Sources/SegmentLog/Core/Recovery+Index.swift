extension Recovery {
  /// Fills the UUID index from the heads and directories of what stands before the position. What is
  /// damaged there is found out on the way; that of bodies only as far as checking them keeps nobody
  /// waiting, otherwise when they are read.
  mutating func loadIndex() throws(LogError) {
    state.reserveIndex()
    let bytes = state.segments.reduce(0) { $0 + ($1.count > 0 ? $1.end : 0) }
    let checksBodies = bytes <= Self.checkedBytesMax
    for index in state.segments.indices {
      let segment = state.segments[index]
      guard segment.count > 0, segment.salt != 0 else { continue }
      let file: any DiskFile
      do throws(DiskError) { file = try disk.open(segment.file, .readOnly) } catch {
        throw .disk(error)
      }
      defer { file.close() }
      do throws(DiskError) {
        var whole: Set<Sequence> = []
        let verdict = try load(index, file, checksBodies: checksBodies, whole: &whole)
        note(verdict, of: index, whole: whole)
      } catch {
        throw .disk(error)
      }
    }
  }

  /// `whole` gets the messages that can be read though a block of their frame is damaged.
  private mutating func load(
    _ index: Int, _ file: any DiskFile, checksBodies: Bool, whole: inout Set<Sequence>
  ) throws(DiskError) -> SegmentVerdict {
    let segment = state.segments[index]
    let header = segment.header
    let scanner = try SegmentScanner(
      file: file, header: header, cut: segment.end, checksBlocks: checksBodies)
    var classifier = SegmentClassifier(
      header: header,
      successor: SegmentHeader.Predecessor(
        id: segment.id, durableLength: segment.end, lastSequence: segment.next - 1,
        lastFrameCRC: 0))
    var behindDamage = false
    var batch: [UUIDIndex.Entry] = []
    while true {
      switch try scanner.next() {
      case .frame(let frame):
        classifier.add(frame, scanner.directory)
        if behindDamage, let first = scanner.directory.messages.first {
          state.segments[index].insertMark(offset: frame.offset, sequence: first.sequence)
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
        behindDamage = true
      case .end:
        state.index.insert(batch)
        return classifier.finish()
      }
    }
  }

  /// A fifth of a second for zlib's CRC.
  private static let checkedBytesMax: UInt64 = 256 << 20

  /// Names what wasn't named when the checkpoint was written.
  private mutating func note(
    _ verdict: SegmentVerdict, of index: Int, whole: Set<Sequence>
  ) {
    let file = state.segments[index].file
    for finding in verdict.damage {
      if report.damage.contains(where: { $0.file == file && $0.offset == finding.offset }) {
        continue
      }
      if let lost = finding.lost { state.lose(lost, except: whole) }
      note(damage: Damage(finding, in: file))
      quarantine.append(Quarantine.Item(file: file, offset: finding.offset, end: finding.end))
      state.segments[index].damage = finding.cause.description
    }
  }
}

extension SegmentState {
  /// As much of its header as reading its frames takes.
  var header: SegmentHeader {
    SegmentHeader(
      id: id, firstSequence: max(first, 1), createdMs: createdMs,
      store: StoreUUID(high: 0, low: 0), salt: salt, firstFrameNumber: 0, totals: Totals(),
      predecessor: nil)
  }
}
