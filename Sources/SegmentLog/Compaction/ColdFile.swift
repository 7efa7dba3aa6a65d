/// Why a file with a cold segment's name can't be used as one.
enum ColdError: Error, Sendable, Equatable {
  case disk(DiskError)
  case header(SegmentHeaderError)
  /// It belongs elsewhere: what it says and what its name or the log says.
  case otherFile(String)
}

extension ColdError: CustomStringConvertible {
  var description: String {
    switch self {
    case .disk(let error): error.description
    case .header(let error): error.description
    case .otherFile(let what): what
    }
  }
}

/// A cold segment as it was read: where its messages stand, all of them pending, and what else is
/// said in it.
struct ColdFile {
  var segment: SegmentState
  /// What is said of messages, here and elsewhere, in the order in which it stands.
  var waits: [DirectoryWait] = []
  var outcomes: [DirectoryOutcome] = []
  /// Where the last text of a tried message stands.
  var notes: [(sequence: Sequence, place: NotePlace)] = []
  /// Dead messages without any text, whatever stands in other files.
  var textless: [Sequence] = []
  /// Of its inputs; nil when that frame can't be read.
  var record: CompactionRecord?
  var verdict: SegmentVerdict

  /// Reads the whole file `name`, which holds cold segment `id`. `number` gives the store's number of
  /// a destination from the one in the file and its origin (nil: the definition can't be read).
  /// `visit` gets every good frame: those with messages in the order of their sequences.
  static func read(
    _ name: String, id: UInt64, store: StoreUUID, on disk: any Disk,
    visit: (ScannedFrame, FrameDirectory) -> Void = { _, _ in },
    number: (UInt32, String?) -> UInt32
  ) throws(ColdError) -> ColdFile {
    let file: any DiskFile
    do throws(DiskError) { file = try disk.open(name, .readOnly) } catch { throw .disk(error) }
    defer { file.close() }
    let header: SegmentHeader
    do throws(SegmentHeaderError) { header = try SegmentHeader.read(from: file).header } catch {
      throw .header(error)
    }
    guard header.kind == .cold, header.id == id else {
      throw .otherFile("holds \(FileNames.segment(header.kind, header.id))")
    }
    guard header.store == store else {
      throw .otherFile("belongs to the store \(header.store), not to this one (\(store))")
    }
    do throws(DiskError) {
      return try scan(file, header, number: number, visit: visit)
    } catch {
      throw .disk(error)
    }
  }

  private static func scan(
    _ file: any DiskFile, _ header: SegmentHeader, number: (UInt32, String?) -> UInt32,
    visit: (ScannedFrame, FrameDirectory) -> Void
  ) throws(DiskError) -> ColdFile {
    let scanner = try SegmentScanner(file: file, header: header)
    var classifier = SegmentClassifier(header: header, successor: nil)
    var found = ColdFile(segment: SegmentState(header: header), verdict: SegmentVerdict())
    found.segment.fileBytes = try file.size()
    var behindDamage = false
    reading: while true {
      switch try scanner.next() {
      case .frame(let frame):
        classifier.add(frame, scanner.directory)
        guard frame.problem == nil else { continue }
        guard found.follows(scanner.directory) else {
          found.segment.damage = "the messages of a frame don't follow"
          continue
        }
        found.add(frame, scanner.directory, afterDamage: behindDamage, number)
        behindDamage = false
        visit(frame, scanner.directory)
      case .invalid(let range):
        classifier.add(range)
        behindDamage = true
      case .end: break reading
      }
    }
    found.verdict = classifier.finish()
    found.segment.end = found.verdict.validEnd
    found.judge()
    found.segment.close()
    return found
  }

  /// Sequences only grow, and within what a cold segment can hold.
  private func follows(_ directory: FrameDirectory) -> Bool {
    guard let first = directory.messages.first, let last = directory.messages.last else {
      return true
    }
    let start = segment.count == 0 ? first.sequence : segment.first
    guard directory.isSparse, segment.count == 0 || first.sequence >= segment.next else {
      return false
    }
    return last.sequence < Recovery.sequenceMax && last.sequence - start < SegmentState.spanMax
  }

  private mutating func add(
    _ frame: ScannedFrame, _ directory: FrameDirectory, afterDamage: Bool,
    _ number: (UInt32, String?) -> UInt32
  ) {
    segment.frames += 1
    segment.records += UInt64(frame.head.recordCount)
    for definition in directory.destinations
    where segment.place(ofDestination: definition.id) == nil {
      segment.define(definition.id, id: number(definition.id, definition.origin))
    }
    if let first = directory.messages.first {
      segment.mark(offset: frame.offset, sequence: first.sequence, force: afterDamage)
    }
    for message in directory.messages {
      add(message, number)
      let isLost = message.payloadLength > 0 && frame.badBlocks.contains(Int(message.block))
      if isLost { segment.lose(message.sequence) }
    }
    for note in directory.notes {
      guard !note.isEmpty else {
        textless.append(note.sequence)
        continue
      }
      notes.append(
        (
          note.sequence,
          NotePlace(kind: .cold, segment: segment.id, frameOffset: frame.offset)
        ))
    }
    waits += directory.waits
    outcomes += directory.outcomes
    record = directory.compactions.last ?? record
  }

  private mutating func add(_ message: DirectoryMessage, _ number: (UInt32, String?) -> UInt32) {
    if segment.place(ofDestination: message.destination) == nil {
      segment.define(message.destination, id: number(message.destination, nil))
    }
    guard let place = segment.place(ofDestination: message.destination) else { return }
    segment.append(sparse: message.sequence, place: place)
    segment.rawBytes += UInt64(message.payloadLength)
    segment.sawFrame(committedAtMs: message.acceptedAtMs)
  }

  /// A cold segment gets its name when it is whole and synced: whatever is wrong in it is damage.
  private mutating func judge() {
    if let torn = verdict.torn {
      verdict.damage.append(torn)
      verdict.torn = nil
    }
    if let first = verdict.damage.first {
      segment.damage = first.cause.description
    } else if !verdict.isSealed {
      segment.damage = segment.damage ?? "it has no footer"
    }
  }
}
