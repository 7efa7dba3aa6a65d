extension SegmentHeader {
  /// One copy, `size` bytes.
  package func encoded() -> [UInt8] {
    var out = ByteWriter(capacity: Self.size)
    out.append(Self.magic)
    out.append(little: Self.majorVersion)
    out.append(little: minor)
    out.append(little: UInt32(Self.size))
    out.append(little: compatibleFeatures)
    out.append(little: UInt32(0))  // incompatible features
    out.append(Checksum.kind)
    out.append(Deflater.kind)
    out.append(kind.rawValue)
    out.append(0)
    out.append(little: UInt32(0))  // dictionaryLength
    out.append(little: id)
    out.append(little: firstSequence)
    out.append(little: createdMs)
    out.append(little: store.high.byteSwapped)
    out.append(little: store.low.byteSwapped)
    out.append(little: salt)
    out.append(little: firstFrameNumber)
    for total in [totals.accepted, totals.delivered, totals.dead, totals.cancelled] {
      out.append(little: total)
    }
    out.append(little: UInt64(predecessor == nil ? 0 : 1))
    out.append(little: predecessor?.id ?? 0)
    out.append(little: predecessor?.durableLength ?? 0)
    out.append(little: predecessor?.lastSequence ?? 0)
    out.append(little: predecessor?.lastFrameCRC ?? 0)
    out.append(little: Checksum.crc32(out.bytes))
    return Array(out.bytes)
  }

  /// The whole area before the first frame: both copies, the rest zero.
  package func encodedArea(_ standing: StandingFiles? = nil) -> [UInt8] {
    var area = [UInt8](repeating: 0, count: Int(FormatLimits.firstFrameOffset))
    for start in [0, FormatLimits.headerCopyOffset] {
      let copy = encoded()
      area.replaceSubrange(start..<start + copy.count, with: copy)
      guard let list = standing?.encoded() else { continue }
      let offset = start + StandingFiles.offset
      area.replaceSubrange(offset..<offset + list.count, with: list)
    }
    return area
  }

  /// A header as it was found, and which copy (0 or 1) was unreadable.
  package struct Found: Sendable, Equatable {
    package var header: SegmentHeader
    package var damagedCopy: Int?
    package var standing: StandingFiles?
  }

  /// Reads the header of an open file; one intact copy is enough.
  package static func read(from file: any DiskFile) throws(SegmentHeaderError) -> Found {
    var area = [UInt8](repeating: 0, count: Int(FormatLimits.firstFrameOffset))
    let length: Int
    do throws(DiskError) {
      length = try area.withMutableBytes { (buffer) throws(DiskError) in
        try file.read(into: buffer, at: 0)
      }
    } catch {
      throw .disk(error)
    }
    return try area.withBytes { (buffer) throws(SegmentHeaderError) in
      let read = UnsafeRawBufferPointer(rebasing: buffer[..<length])
      var found = try find(in: read)
      let second = UnsafeRawBufferPointer(
        rebasing: read[min(FormatLimits.headerCopyOffset, read.count)...])
      found.standing = StandingFiles.decode(read) ?? StandingFiles.decode(second)
      return found
    }
  }

  /// Decodes the area before the first frame, or as much of it as there is.
  package static func find(in area: UnsafeRawBufferPointer) throws(SegmentHeaderError) -> Found {
    var failures: [SegmentHeaderError] = []
    for (copy, offset) in [0, FormatLimits.headerCopyOffset].enumerated() {
      let bytes = UnsafeRawBufferPointer(rebasing: area[min(offset, area.count)...])
      do throws(SegmentHeaderError) {
        let header = try decode(bytes)
        // The first copy was bad if we look at the second; if the first is good, look at the other.
        if copy == 1 { return Found(header: header, damagedCopy: 0) }
        let other = UnsafeRawBufferPointer(
          rebasing: area[min(FormatLimits.headerCopyOffset, area.count)...])
        let intact = (try? decode(other)) == header
        return Found(header: header, damagedCopy: intact ? nil : 1)
      } catch {
        failures.append(error)
      }
    }
    // "Another version" only when both copies say so: one flipped bit must not look like it.
    if failures[0] == failures[1] { throw failures[0] }
    throw failures.first(where: \.isDamage) ?? failures[0]
  }

  /// Decodes one copy.
  package static func decode(
    _ bytes: UnsafeRawBufferPointer
  ) throws(SegmentHeaderError) -> SegmentHeader {
    guard bytes.count >= 16, bytes.prefix(8).elementsEqual(magic) else { throw .notASegment }
    let major = bytes.littleInteger(at: 8, as: UInt16.self)
    let minor = bytes.littleInteger(at: 10, as: UInt16.self)
    // These 16 bytes mean the same in every version.
    guard major == majorVersion else { throw .otherVersion(major: major, minor: minor) }
    guard bytes.count >= size else { throw .badValue("length") }
    let expected = bytes.littleInteger(at: size - 4, as: UInt32.self)
    let found = Checksum.crc32(UnsafeRawBufferPointer(rebasing: bytes[..<(size - 4)]))
    guard found == expected else { throw .badChecksum(expected: expected, found: found) }
    do {
      return try decodeFields(ByteReader(UnsafeRawBufferPointer(rebasing: bytes[..<size])))
    } catch let error as SegmentHeaderError {
      throw error
    } catch {
      throw .badValue("length")
    }
  }

  private static func decodeFields(_ input: ByteReader) throws -> SegmentHeader {
    var input = input
    _ = try input.take(10)
    let minor = try input.little(UInt16.self)
    guard try input.little(UInt32.self) == size else {
      throw SegmentHeaderError.badValue("length")
    }
    let compatible = try input.little(UInt32.self)
    let incompatible = try input.little(UInt32.self)
    guard incompatible == 0 else { throw SegmentHeaderError.unknownFeatures(incompatible) }
    guard try input.byte() == Checksum.kind else {
      throw SegmentHeaderError.badValue("checksum kind")
    }
    guard try input.byte() == Deflater.kind else {
      throw SegmentHeaderError.badValue("compression kind")
    }
    guard let kind = Kind(rawValue: try input.byte()) else {
      throw SegmentHeaderError.badValue("segment kind")
    }
    _ = try input.byte()
    guard try input.little(UInt32.self) == 0 else {
      throw SegmentHeaderError.badValue("dictionary length")
    }
    let id = try input.little(UInt64.self)
    let firstSequence = try input.little(UInt64.self)
    guard firstSequence >= 1 else { throw SegmentHeaderError.badValue("first sequence") }
    let createdMs = try input.little(UInt64.self)
    let store = StoreUUID(
      high: try input.little(UInt64.self).byteSwapped,
      low: try input.little(UInt64.self).byteSwapped)
    let salt = try input.little(UInt64.self)
    let firstFrameNumber = try input.little(UInt64.self)
    var totals = Totals()
    totals.accepted = try input.little(UInt64.self)
    totals.delivered = try input.little(UInt64.self)
    totals.dead = try input.little(UInt64.self)
    totals.cancelled = try input.little(UInt64.self)
    guard totals.isPossible else { throw SegmentHeaderError.badValue("accounting") }
    let hasPredecessor = try input.little(UInt64.self)
    let predecessor = Predecessor(
      id: try input.little(UInt64.self), durableLength: try input.little(UInt64.self),
      lastSequence: try input.little(UInt64.self), lastFrameCRC: try input.little(UInt32.self))
    guard hasPredecessor <= 1,
      hasPredecessor == 0 || predecessor.durableLength >= FormatLimits.firstFrameOffset
    else { throw SegmentHeaderError.badValue("predecessor") }
    var header = SegmentHeader(
      id: id, firstSequence: firstSequence, createdMs: createdMs, store: store, salt: salt,
      firstFrameNumber: firstFrameNumber, totals: totals,
      predecessor: hasPredecessor == 1 ? predecessor : nil)
    header.minor = minor
    header.compatibleFeatures = compatible
    header.kind = kind
    guard header.isReachable else { throw SegmentHeaderError.badValue("number") }
    return header
  }
}

extension SegmentHeader {
  /// Whether a log can have come so far.
  private var isReachable: Bool {
    let numbers = [
      id, createdMs, firstFrameNumber, predecessor?.id ?? 0, predecessor?.durableLength ?? 0,
    ]
    let sequences = [firstSequence, totals.accepted, predecessor?.lastSequence ?? 0]
    return numbers.allSatisfy { $0 < FormatLimits.numberMax }
      && sequences.allSatisfy { $0 < FormatLimits.sequenceMax }
  }
}

extension SegmentHeaderError {
  fileprivate var isDamage: Bool {
    switch self {
    case .badChecksum, .badValue: true
    default: false
    }
  }
}

extension Totals {
  /// Whether the parts are not more than the whole.
  var isPossible: Bool {
    var ended: UInt64 = 0
    for part in [delivered, dead, cancelled] {
      let (sum, overflow) = ended.addingReportingOverflow(part)
      if overflow { return false }
      ended = sum
    }
    return ended <= accepted
  }
}
