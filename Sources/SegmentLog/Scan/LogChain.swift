import Glibc

/// A segment's file as it stands in the directory, and what its neighbours say of it.
package struct SegmentFile: Sendable {
  package var id: UInt64
  package var name: String
  package var size: UInt64
  package var header: SegmentHeader
  /// What the next segment says of this one; nil for the last, or before a gap.
  package var successor: SegmentHeader.Predecessor?
  /// A checkpoint says that it counts no more: what mattered of it stands elsewhere.
  package var isSpent = false
  /// Where it ends by the word of a checkpoint that was written behind it.
  package var end: UInt64?

  /// Nothing at or beyond it counts; nil: not known.
  package var cut: UInt64? { successor?.durableLength ?? end }
}

/// What is wrong with a log apart from the bytes of its frames.
package enum ChainProblem: Error, Sendable, Equatable {
  case missingSegments(ClosedRange<UInt64>)
  /// The file is there and can't be opened or read as a segment.
  case unreadable(file: String, SegmentHeaderError)
  /// One copy of the header is bad; the other is used and nothing is lost.
  case damagedHeaderCopy(file: String, copy: Int)
  case otherStore(file: String, found: StoreUUID, expected: StoreUUID)
  /// The name says one id, the header another.
  case otherID(file: String, id: UInt64)
  /// A compacted segment with messages that wait.
  case missingCold(UInt64)
  /// `accepted-damage` can't be used.
  case accepted(String)
  /// A file of another kind that can't be used, and why.
  case unusable(file: String, reason: String)
  /// The segment does not follow the one before.
  case brokenChain(file: String, reason: String)
  /// `store.json` can't be read, is of another format, or contradicts all segments.
  case identity(String)
}

extension ChainProblem: CustomStringConvertible {
  package var description: String {
    switch self {
    case .missingSegments(let ids):
      // `count` of a range of UInt64 need not fit an Int.
      ids.lowerBound == ids.upperBound
        ? "\(FileNames.segment(ids.lowerBound)) is missing"
        : "segments are missing: \(FileNames.segment(ids.lowerBound)) to "
          + FileNames.segment(ids.upperBound)
    case .unreadable(let file, let error): "\(file): \(error)"
    case .damagedHeaderCopy(let file, let copy):
      "\(file): copy \(copy) of the header is damaged; the other one is good, nothing is lost"
    case .otherStore(let file, let found, let expected):
      "\(file) belongs to another store (\(found), this one is \(expected))"
    case .otherID(let file, let id): "\(file) holds segment \(id)"
    case .missingCold(let id): "\(FileNames.cold(id)) is missing"
    case .accepted(let reason): reason
    case .unusable(let file, let reason): "\(file): \(reason)"
    case .brokenChain(let file, let reason): "\(file): \(reason)"
    case .identity(let reason): reason
    }
  }
}

package struct UnusableFile: Sendable {
  /// By its name.
  package var kind: SegmentHeader.Kind
  package var id: UInt64
  package var name: String
  package var size: UInt64
}

/// A dedup file whose header is good.
package struct DedupListing: Sendable {
  package var name: String
  package var size: UInt64
  package var header: DedupHeader
}

/// The files of a log directory, segments in order. Reading it changes nothing and takes no lock.
package struct LogChain: Sendable {
  package private(set) var segments: [SegmentFile] = []
  /// Compacted ones, by their ids.
  package private(set) var colds: [SegmentFile] = []
  package private(set) var dedups: [DedupListing] = []
  /// The size of the segment that is prepared ahead; nil when there is none.
  package private(set) var preparedBytes: UInt64?
  /// Everything in the directory, and in that of the copies of damaged bytes.
  package private(set) var bytes: UInt64 = 0
  /// Of it what is kept for a full disk.
  package private(set) var reserveBytes: UInt64 = 0
  package private(set) var problems: [ChainProblem] = []
  package private(set) var identity: StoreIdentity?
  private(set) var checkpoints = LogCheckpoints.none
  /// What was given up as lost; nil when nothing was, or nobody knows.
  package private(set) var accepted: AcceptedDamage?
  /// Files with a segment's name that can't be used as one, with their sizes.
  package private(set) var unusable: [UnusableFile] = []
  /// Whether anything of a log stands in the directory.
  package var isEmpty: Bool {
    files.isEmpty && dedups.isEmpty && problems.isEmpty && identity == nil && preparedBytes == nil
  }

  /// The store that all of it belongs to; nil when nothing says it.
  package var store: StoreUUID? { identity?.store ?? files.first?.header.store }

  /// What a start makes of the directory, where that was asked; else the newest checkpoint that the
  /// segments don't contradict.
  package var checkpoint: Checkpoint? { judged ?? checkpoints.believed.first }
  /// The newest checkpoint that the segments don't contradict, whatever a start makes of the rest.
  var known: Checkpoint? { checkpoints.believed.first }
  /// The word of a start.
  private(set) var judged: Checkpoint?

  /// From here on that is the last word on what became of messages.
  package mutating func judge(by judgement: LogJudgement) {
    judged = judgement.state
    findSpent()
  }

  /// By the word of a start: a message that ended, though nothing here says it any more.
  func isForgotten(_ sequence: Sequence) -> Bool {
    guard let judged, sequence < judged.counters.nextSequence else { return false }
    return judged.holder(of: sequence) == nil
  }

  /// Compacted or finished files that stay for an older checkpoint: the ends of their messages may
  /// have been dropped already. So may the segment that says where one ends.
  private mutating func findSpent() {
    guard let checkpoint else { return }
    let counting = Set((checkpoint.segments + checkpoint.cold).map(\.logFile))
    // What a start would write again of the last one still stands there only.
    let last = segments.last?.id ?? 0
    for segment in checkpoint.segments where segment.id < min(checkpoint.position.segment, last) {
      guard let index = segments.firstIndex(where: { $0.id == segment.id }) else { continue }
      segments[index].end = segment.end
    }
    for index in segments.indices {
      segments[index].isSpent =
        segments[index].id <= checkpoint.position.segment
        && !counting.contains(.wal(segments[index].id))
    }
    for index in colds.indices {
      colds[index].isSpent =
        colds[index].id < checkpoint.counters.nextCold && !counting.contains(.cold(colds[index].id))
    }
  }
  package var checkpointCount: Int { checkpoints.count }
  package var checkpointBytes: UInt64 { checkpoints.bytes }

  /// Everything with frames: segments, then compacted ones.
  package var files: [SegmentFile] { segments + colds }

  /// What a pass over all frames goes through.
  package var fileBytes: UInt64 { files.reduce(0) { $0 + $1.size } }

  /// A file that vanishes between the listing and its turn was dropped by a running server.
  ///
  /// A file that is missed may have been dropped in that moment, by the word of a checkpoint that was
  /// not there yet: so it is looked again before that is believed.
  package static func read(_ disk: any Disk) throws(DiskError) -> LogChain {
    var chain = try readOnce(disk)
    for _ in 0..<2 where !chain.missing.isEmpty || !chain.missingColds.isEmpty {
      chain = try readOnce(disk)
    }
    for ids in chain.missing { chain.problems.append(.missingSegments(ids)) }
    for id in chain.missingColds { chain.problems.append(.missingCold(id)) }
    return chain
  }

  private static func readOnce(_ disk: any Disk) throws(DiskError) -> LogChain {
    var chain = LogChain()
    let names = try disk.list()
    chain.identify(disk)
    chain.measure(names, disk)
    for name in names {
      if let id = FileNames.dedupID(name) { chain.add(dedup: id, name, disk) }
      let kind: SegmentHeader.Kind
      let id: UInt64
      if let found = FileNames.segmentID(name) {
        (kind, id) = (.wal, found)
      } else if let found = FileNames.coldID(name) {
        (kind, id) = (.cold, found)
      } else {
        continue
      }
      do throws(SegmentHeaderError) {
        try chain.add(kind, id, name, disk)
      } catch {
        if case .disk(let failure) = error, failure.code == ENOENT { continue }
        chain.problems.append(.unreadable(file: name, error))
        let size = (try? disk.open(name, .readOnly).size()) ?? 0
        chain.unusable.append(UnusableFile(kind: kind, id: id, name: name, size: size))
      }
    }
    chain.partStores()
    if names.contains(FileNames.next) {
      chain.preparedBytes = try? disk.open(FileNames.next, .readOnly).size()
    }
    chain.link()
    chain.checkpoints = LogCheckpoints(names, chain, on: disk)
    chain.problems += chain.checkpoints.problems
    chain.findSpent()
    chain.findAccepted(names, disk)
    return chain
  }

  /// What vanishes meanwhile takes no room, and what is no file none worth telling.
  private mutating func measure(_ names: [String], _ disk: any Disk) {
    let aside = (try? disk.list(in: FileNames.quarantine)) ?? []
    for name in names + aside.map({ FileNames.quarantine + "/" + $0 }) {
      guard let file = try? disk.open(name, .readOnly) else { continue }
      defer { file.close() }
      let size = (try? file.size()) ?? 0
      bytes = bytes.addingCapped(size)
      if FileNames.reserves.contains(name) { reserveBytes = reserveBytes.addingCapped(size) }
    }
  }

  private mutating func findAccepted(_ names: [String], _ disk: any Disk) {
    guard names.contains(FileNames.acceptedDamage),
      let store = identity?.store ?? files.first?.header.store
    else { return }
    do throws(AcceptedDamage.Failure) {
      accepted = try AcceptedDamage.read(from: disk, of: store)
    } catch {
      problems.append(.accepted(error.description))
    }
  }

  /// Without `store.json` the segments still say what they are, and each bad one is named.
  private mutating func identify(_ disk: any Disk) {
    do throws(StoreIdentity.Failure) {
      identity = try StoreIdentity.find(on: disk)
    } catch {
      if error != .segmentsWithoutIdentity { problems.append(.identity(error.description)) }
    }
  }

  /// One of another store, or one that can't be read, remembers nothing for this one.
  private mutating func add(dedup id: UInt64, _ name: String, _ disk: any Disk) {
    guard let store = identity?.store ?? segments.first?.header.store ?? colds.first?.header.store
    else { return }
    do throws(DedupError) {
      let header = try DedupFile(id: id, store: store, on: disk).header
      dedups.append(DedupListing(name: name, size: header.fileSize, header: header))
    } catch {
      if case .disk(let failure) = error, failure.code == ENOENT { return }
      problems.append(.unusable(file: name, reason: error.description))
    }
  }

  private mutating func add(
    _ kind: SegmentHeader.Kind, _ id: UInt64, _ name: String, _ disk: any Disk
  ) throws(SegmentHeaderError) {
    let size: UInt64
    let file: any DiskFile
    do throws(DiskError) {
      file = try disk.open(name, .readOnly)
      size = try file.size()
    } catch {
      throw .disk(error)
    }
    defer { file.close() }
    let found = try SegmentHeader.read(from: file)
    if let copy = found.damagedCopy {
      problems.append(.damagedHeaderCopy(file: name, copy: copy))
    }
    guard found.header.id == id, found.header.kind == kind else {
      problems.append(
        found.header.kind == kind
          ? .otherID(file: name, id: found.header.id)
          : .unusable(
            file: name,
            reason: "holds \(FileNames.segment(found.header.kind, found.header.id))"))
      unusable.append(UnusableFile(kind: kind, id: id, name: name, size: size))
      return
    }
    let segment = SegmentFile(id: id, name: name, size: size, header: found.header)
    if kind == .wal { segments.append(segment) } else { colds.append(segment) }
  }

  /// Keeps the segments of one store. `store.json` has no checksum: where all segments agree on
  /// another store, they are believed, as at a start.
  private mutating func partStores() {
    guard let first = (segments.first ?? colds.first)?.header.store else { return }
    var expected = first
    if let stated = identity?.store, stated != first {
      if files.allSatisfy({ $0.header.store == first }) {
        problems.append(
          .identity("\(FileNames.identity) names the store \(stated), all segments say \(first)"))
      } else {
        expected = stated
      }
    }
    for file in files where file.header.store != expected {
      problems.append(.otherStore(file: file.name, found: file.header.store, expected: expected))
      unusable.append(
        UnusableFile(kind: file.header.kind, id: file.id, name: file.name, size: file.size))
    }
    segments.removeAll { $0.header.store != expected }
    colds.removeAll { $0.header.store != expected }
  }

  /// The same with further segments, whose problems are named already.
  func including(_ further: [SegmentFile]) -> LogChain {
    var chain = self
    let (colds, segments) = further.partitioned { $0.header.kind == .cold }
    chain.colds = (chain.colds + colds).sorted { $0.id < $1.id }
    chain.segments = (chain.segments + segments).sorted { $0.id < $1.id }
    for index in chain.segments.indices.dropFirst() {
      let predecessor = chain.segments[index].header.predecessor
      if let predecessor, predecessor.id == chain.segments[index - 1].id {
        chain.segments[index - 1].successor = predecessor
      }
    }
    return chain
  }

  /// What each segment says of the one before.
  private mutating func link() {
    segments.sort { $0.id < $1.id }
    for index in segments.indices.dropFirst() where segments[index - 1].id + 1 == segments[index].id
    {
      guard let predecessor = segments[index].header.predecessor,
        predecessor.id == segments[index - 1].id
      else {
        problems.append(
          .brokenChain(
            file: segments[index].name, reason: "does not name the segment before it"))
        continue
      }
      segments[index - 1].successor = predecessor
    }
  }
}
