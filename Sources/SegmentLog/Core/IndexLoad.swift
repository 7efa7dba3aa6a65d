/// Reads the heads and directories of one file of the log into the UUID index, apart from the state,
/// so that other files can be read at the same time.
struct IndexLoad: Sendable {
  /// What the state is told of the file.
  struct Found: Sendable {
    var verdict: SegmentVerdict
    /// Of a cold segment.
    var bodies: BodyCheck?
    /// Of any other with more damage than is listed: what it lost in all.
    var lost: [Sequence] = []
    /// Where frames begin behind what is damaged.
    var marks: [SegmentState.Mark] = []
    /// Messages that can be read though a block of their frame is damaged.
    var whole: Set<Sequence> = []
    var recent: [RecentMessages.Entry] = []
    /// A message that doesn't belong there.
    var stray: Sequence?
  }

  private let segment: SegmentState
  private let memory: SegmentMemory
  private let checksBodies: Bool

  init(of segment: SegmentState, _ memory: SegmentMemory, checksBodies: Bool) {
    self.segment = segment
    self.memory = memory
    self.checksBodies = checksBodies
  }

  func run(_ disk: any Disk, _ index: SharedUUIDIndex) throws(DiskError) -> Found {
    let file = try disk.open(segment.file, .readOnly)
    defer { file.close() }
    let scanner = try SegmentScanner(
      file: file, header: segment.header, cut: segment.end, checksBlocks: checksBodies)
    var classifier = SegmentClassifier(
      header: segment.header,
      successor: SegmentHeader.Predecessor(
        id: segment.id, durableLength: segment.end, lastSequence: segment.next - 1,
        lastFrameCRC: 0))
    var bodies = segment.kind == .cold ? BodyCheck(segment) : nil
    var found = Found(verdict: SegmentVerdict())
    var entries = UUIDIndexBatches()
    var behindDamage = false
    while true {
      switch try scanner.next() {
      case .frame(let frame):
        classifier.add(frame, scanner.directory)
        bodies?.add(frame, scanner.directory)
        if behindDamage, let first = scanner.directory.messages.first {
          found.marks.append(SegmentState.Mark(sequence: first.sequence, offset: frame.offset))
          behindDamage = false
        }
        if !frame.badBlocks.isEmpty {
          for message in scanner.directory.messages where !frame.misses(message) {
            found.whole.insert(message.sequence)
          }
        }
        let stray = memory.look(
          at: scanner.directory.messages, of: segment, recent: &found.recent
        ) { entries.add($0, to: index) }
        found.stray = stray ?? found.stray
      case .invalid(let range):
        classifier.add(range)
        bodies?.add(range)
        behindDamage = true
      case .end:
        entries.flush(to: index)
        bodies?.finish()
        found.verdict = classifier.finish()
        found.bodies = bodies
        if bodies == nil, found.verdict.furtherDamage > 0 {
          found.lost = try BodyCheck.run(on: file, of: segment).unreadable
        }
        return found
      }
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
