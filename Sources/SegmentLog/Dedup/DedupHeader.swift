/// What stands at the start of a dedup file, and once more behind its last page.
package struct DedupHeader: Sendable, Equatable {
  package static let magic: [UInt8] = Array("DISPDUP\n".utf8)
  package static let majorVersion: UInt16 = 1
  package static let minorVersion: UInt16 = 0
  /// Bytes of a page; each copy of the header takes one.
  package static let pageSize = 4096

  package var id: UInt64
  package var store: StoreUUID
  /// Milliseconds since 1970.
  package var createdMs: UInt64
  /// Entries, and the pages that they stand in.
  package var count: UInt64
  package var pages: UInt64
  package var firstSequence: Sequence
  package var lastSequence: Sequence
  /// When the first and the last of them were accepted: the file is of use until the window after
  /// the last.
  package var firstAcceptedMs: UInt64
  package var lastAcceptedMs: UInt64

  package var fileSize: UInt64 { (pages + 2) * UInt64(Self.pageSize) }

  func covers(_ sequence: Sequence) -> Bool {
    sequence >= firstSequence && sequence <= lastSequence
  }

  /// Entries at or behind a sequence, as if all stood equally far apart.
  func kept(from sequence: Sequence) -> Int {
    if sequence <= firstSequence { return Int(count) }
    guard sequence <= lastSequence else { return 0 }
    let (high, low) = (lastSequence - sequence + 1).multipliedFullWidth(by: count)
    return Int(span.dividingFullWidth((high, low)).quotient)
  }

  /// Behind the entry that stands at or behind a sequence, by the same rule.
  func next(behind sequence: Sequence) -> Sequence {
    let kept = kept(from: sequence)
    guard kept > 1 else { return lastSequence + 1 }
    var next = sequence + max(1, span / count)
    while self.kept(from: next) == kept { next += 1 }
    return min(next, lastSequence + 1)
  }

  private var span: UInt64 { lastSequence - firstSequence + 1 }

  func encoded() -> [UInt8] {
    var out = ByteWriter(capacity: Self.pageSize)
    out.append(Self.magic)
    out.append(little: Self.majorVersion)
    out.append(little: Self.minorVersion)
    out.append(little: UInt32(Self.pageSize))
    out.append(little: id)
    out.append(little: store.high.byteSwapped)
    out.append(little: store.low.byteSwapped)
    for number in [
      createdMs, count, pages, firstSequence, lastSequence, firstAcceptedMs, lastAcceptedMs,
    ] {
      out.append(little: number)
    }
    out.append([UInt8](repeating: 0, count: Self.pageSize - 4 - out.count))
    out.append(little: Checksum.crc32(out.bytes))
    return Array(out.bytes)
  }

  /// `bytes`: one copy, as much of it as there is.
  static func decode(_ bytes: UnsafeRawBufferPointer) throws(DedupError) -> DedupHeader {
    guard bytes.count == pageSize, bytes.prefix(8).elementsEqual(magic) else {
      throw .notADedupFile
    }
    let major = bytes.littleInteger(at: 8, as: UInt16.self)
    guard major == majorVersion else {
      if FileVersions.isDamaged(bytes, version: majorVersion) {
        throw .badValue(offset: 8, "version")
      }
      throw .otherVersion(major)
    }
    let expected = bytes.littleInteger(at: pageSize - 4, as: UInt32.self)
    let found = Checksum.crc32(UnsafeRawBufferPointer(rebasing: bytes[..<(pageSize - 4)]))
    guard found == expected else {
      throw .badChecksum(offset: 0, expected: expected, found: found)
    }
    func number(_ index: Int) -> UInt64 {
      bytes.littleInteger(at: 16 + index * 8, as: UInt64.self)
    }
    let header = DedupHeader(
      id: number(0), store: StoreUUID(high: number(1).byteSwapped, low: number(2).byteSwapped),
      createdMs: number(3), count: number(4), pages: number(5), firstSequence: number(6),
      lastSequence: number(7), firstAcceptedMs: number(8), lastAcceptedMs: number(9))
    guard header.isPossible else { throw .badValue(offset: 0, "number in the header") }
    return header
  }

  /// Whether the numbers fit each other.
  var isPossible: Bool {
    id >= 1 && id < Recovery.segmentMax && pages >= 1 && pages <= Self.pagesMax
      && pages <= count && count <= pages * UInt64(DedupPage.entriesMax)
      && firstSequence >= 1 && firstSequence <= lastSequence
      && count - 1 <= lastSequence - firstSequence && lastSequence < FormatLimits.sequenceMax
      && [createdMs, firstAcceptedMs, lastAcceptedMs].allSatisfy { $0 < FormatLimits.numberMax }
  }

  /// 16 TiB; keeps offsets from overflowing.
  private static let pagesMax: UInt64 = 1 << 32
}

/// Why a dedup file (or a page of it) can't be used. What it would have known counts as new then: a
/// duplicate delivery is allowed, a swallowed message is not.
package enum DedupError: Error, Sendable, Equatable, CustomStringConvertible {
  case disk(DiskError)
  case notADedupFile
  case otherVersion(UInt16)
  /// The file says one id or store, its name or its directory another.
  case otherFile(String)
  case cutShort(expected: UInt64, found: UInt64)
  case badChecksum(offset: UInt64, expected: UInt32, found: UInt32)
  /// The checksum is right, a value is not.
  case badValue(offset: UInt64, String)

  package var description: String {
    switch self {
    case .disk(let error): error.description
    case .notADedupFile: "not a dedup file (no \"DISPDUP\" at its start)"
    case .otherVersion(let major):
      "written in format version \(major); this program reads version \(DedupHeader.majorVersion)"
    case .otherFile(let what): what
    case .cutShort(let expected, let found): "expected \(expected) bytes, found \(found)"
    case .badChecksum(let offset, let expected, let found):
      "damaged at offset \(offset): checksum \(hex(expected)), found \(hex(found))"
    case .badValue(let offset, let what): "impossible \(what) at offset \(offset)"
    }
  }
}
