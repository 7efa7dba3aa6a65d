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

  package var bytes: UInt64 { segmentBytes + (preparedBytes ?? 0) }
  /// What a pass over all segments goes through.
  package var segmentBytes: UInt64 { segments.reduce(0) { $0 + $1.size } }

  /// A file that vanishes between the listing and its turn was dropped by a running server.
  package static func read(
    _ disk: any Disk
  ) throws(DiskError) -> LogChain {
    var chain = LogChain()
    let names = try disk.list()
    do throws(StoreIdentity.Failure) {
      chain.identity = try StoreIdentity.find(on: disk)
    } catch {
      // Without store.json the segments still say what they are; each bad one is named below.
      chain.identity = nil
    }
    for name in names {
      guard let id = FileNames.segmentID(name) else { continue }
      do throws(SegmentHeaderError) {
        try chain.add(id, name, disk)
      } catch {
        if case .disk(let failure) = error, failure.code == ENOENT { continue }
        chain.problems.append(.unreadable(file: name, error))
        chain.unreadableIDs.insert(id)
      }
    }
    if names.contains(FileNames.next) {
      chain.preparedBytes = try? disk.open(FileNames.next, .readOnly).size()
    }
    chain.link()
    return chain
  }

  private var unreadableIDs: Set<UInt64> = []

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
      unreadableIDs.insert(id)
      return
    }
    let expected = identity?.store ?? segments.first?.header.store ?? found.header.store
    guard found.header.store == expected else {
      problems.append(.otherStore(file: name, found: found.header.store, expected: expected))
      unreadableIDs.insert(id)
      return
    }
    segments.append(SegmentFile(id: id, name: name, size: size, header: found.header))
  }

  /// Gaps, and what each segment says of the one before.
  private mutating func link() {
    segments.sort { $0.id < $1.id }
    let all = (segments.map(\.id) + unreadableIDs).sorted()
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
