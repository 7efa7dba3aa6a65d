import Glibc

/// A segment's file as it stands in the directory, and what its neighbours say of it.
package struct SegmentFile: Sendable {
  package var id: UInt64
  package var name: String
  package var size: UInt64
  package var header: SegmentHeader
  /// What the next segment says of this one; nil for the last, or before a gap.
  package var successor: SegmentHeader.Predecessor?
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
    case .brokenChain(let file, let reason): "\(file): \(reason)"
    case .identity(let reason): reason
    }
  }
}

/// The segments of a log directory in order. Reading it changes nothing and takes no lock.
package struct LogChain: Sendable {
  package private(set) var segments: [SegmentFile] = []
  /// The size of the segment that is prepared ahead; nil when there is none.
  package private(set) var preparedBytes: UInt64?
  package private(set) var problems: [ChainProblem] = []
  package private(set) var identity: StoreIdentity?
  /// Files with a segment's name that can't be used as one, with their sizes.
  package private(set) var unusable: [(id: UInt64, name: String, size: UInt64)] = []
  /// Whether anything of a log stands in the directory.
  package var isEmpty: Bool {
    segments.isEmpty && problems.isEmpty && identity == nil && preparedBytes == nil
  }

  package var bytes: UInt64 {
    segmentBytes + unusable.reduce(0) { $0 + $1.size } + (preparedBytes ?? 0)
  }
  /// What a pass over all segments goes through.
  package var segmentBytes: UInt64 { segments.reduce(0) { $0 + $1.size } }

  /// A file that vanishes between the listing and its turn was dropped by a running server.
  package static func read(
    _ disk: any Disk
  ) throws(DiskError) -> LogChain {
    var chain = LogChain()
    let names = try disk.list()
    chain.identify(disk)
    for name in names {
      guard let id = FileNames.segmentID(name) else { continue }
      do throws(SegmentHeaderError) {
        try chain.add(id, name, disk)
      } catch {
        if case .disk(let failure) = error, failure.code == ENOENT { continue }
        chain.problems.append(.unreadable(file: name, error))
        chain.unusable.append((id, name, (try? disk.open(name, .readOnly).size()) ?? 0))
      }
    }
    chain.partStores()
    if names.contains(FileNames.next) {
      chain.preparedBytes = try? disk.open(FileNames.next, .readOnly).size()
    }
    chain.link()
    return chain
  }

  /// Without `store.json` the segments still say what they are, and each bad one is named.
  private mutating func identify(_ disk: any Disk) {
    do throws(StoreIdentity.Failure) {
      identity = try StoreIdentity.find(on: disk)
    } catch {
      if error != .segmentsWithoutIdentity { problems.append(.identity(error.description)) }
    }
  }

  private mutating func add(
    _ id: UInt64, _ name: String, _ disk: any Disk
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
    guard found.header.id == id else {
      problems.append(.otherID(file: name, id: found.header.id))
      unusable.append((id, name, size))
      return
    }
    segments.append(SegmentFile(id: id, name: name, size: size, header: found.header))
  }

  /// Keeps the segments of one store. `store.json` has no checksum: where all segments agree on
  /// another store, they are believed, as at a start.
  private mutating func partStores() {
    guard let first = segments.first?.header.store else { return }
    var expected = first
    if let stated = identity?.store, stated != first {
      if segments.allSatisfy({ $0.header.store == first }) {
        problems.append(
          .identity("\(FileNames.identity) names the store \(stated), all segments say \(first)"))
      } else {
        expected = stated
      }
    }
    for segment in segments where segment.header.store != expected {
      problems.append(
        .otherStore(file: segment.name, found: segment.header.store, expected: expected))
      unusable.append((segment.id, segment.name, segment.size))
    }
    segments.removeAll { $0.header.store != expected }
  }

  /// The same with further segments, whose problems are named already.
  func including(_ further: [SegmentFile]) -> LogChain {
    var chain = self
    chain.segments = (segments + further).sorted { $0.id < $1.id }
    for index in chain.segments.indices.dropFirst() {
      let predecessor = chain.segments[index].header.predecessor
      if let predecessor, predecessor.id == chain.segments[index - 1].id {
        chain.segments[index - 1].successor = predecessor
      }
    }
    return chain
  }

  /// Gaps, and what each segment says of the one before.
  private mutating func link() {
    segments.sort { $0.id < $1.id }
    let all = (segments.map(\.id) + unusable.map(\.id)).sorted()
    for (before, after) in zip(all, all.dropFirst()) where after - before > 1 {
      problems.append(.missingSegments(before + 1...after - 1))
    }
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
