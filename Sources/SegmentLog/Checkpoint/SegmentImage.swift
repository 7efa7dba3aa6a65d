/// How a segment's part of the state stands in a checkpoint: an entry that begins it, then its
/// destinations, kinds of endings, marks and tables.
enum SegmentImage {
  static func encode(_ segment: SegmentState, to out: ChunkWriter) throws(DiskError) {
    try encodeBegin(segment, to: out)
    try encodeDestinations(segment, to: out)
    for kind in segment.endingKinds {
      try out.entry(size: 24) { bytes in
        bytes.append(CheckpointFormat.SegmentEntry.ending)
        bytes.append(kind.kind.rawValue)
        bytes.append(varint: UInt64(kind.status))
        bytes.append(varint: UInt64(kind.attempts))
      }
    }
    var previous = SegmentState.Mark(sequence: 0, offset: 0)
    for mark in segment.marks {
      try out.entry(size: 24) { bytes in
        bytes.append(CheckpointFormat.SegmentEntry.mark)
        bytes.append(varint: mark.sequence &- previous.sequence)
        bytes.append(varint: mark.offset &- previous.offset)
      }
      previous = mark
    }
    try encode(.live, width: 1, segment.live.words, to: out)
    try encode(.parked, width: 1, segment.parked.words, to: out)
    try encode(.places, width: segment.places.width, segment.places.words, to: out)
    try encode(.endings, width: segment.endings.width, segment.endings.words, to: out)
    if segment.kind == .cold { try encode(.offsets, width: 32, pairs(segment.offsets), to: out) }
  }

  /// Two in a word, the first one lowest.
  private static func pairs(_ offsets: [UInt32]) -> [UInt64] {
    stride(from: 0, to: offsets.count, by: 2).map { at in
      UInt64(offsets[at]) | (at + 1 < offsets.count ? UInt64(offsets[at + 1]) << 32 : 0)
    }
  }

  private static func encodeBegin(
    _ segment: SegmentState, to out: ChunkWriter
  ) throws(DiskError) {
    let damage = segment.damage.map { Array($0.utf8.prefix(4096)) }
    try out.entry(size: 256 + (damage?.count ?? 0)) { bytes in
      bytes.append(CheckpointFormat.SegmentEntry.begin)
      bytes.append(varint: segment.id)
      let flags: UInt8 = (segment.firstAtMs == nil ? 0 : 1) | (damage == nil ? 0 : 2)
      bytes.append(flags)
      bytes.append(little: segment.salt)
      bytes.append(varint: segment.createdMs)
      bytes.append(varint: segment.end)
      bytes.append(varint: segment.fileBytes)
      bytes.append(varint: segment.frames)
      bytes.append(varint: segment.records)
      bytes.append(varint: segment.messages)
      bytes.append(varint: segment.rawBytes)
      if let first = segment.firstAtMs {
        bytes.append(varint: first)
        bytes.append(varint: (segment.lastAtMs ?? first) &- first)
      }
      if let damage {
        bytes.append(varint: UInt64(damage.count))
        bytes.append(damage)
      }
      bytes.append(varint: segment.first)
      bytes.append(varint: UInt64(segment.count))
    }
  }

  /// With the number that the file uses for each, as long as frames are added that may use it.
  private static func encodeDestinations(
    _ segment: SegmentState, to out: ChunkWriter
  ) throws(DiskError) {
    var numbers: [UInt32: UInt32] = [:]
    for (number, place) in segment.defined { numbers[place] = number }
    for (place, destination) in segment.destinations.enumerated() {
      try out.entry(size: 32) { bytes in
        bytes.append(CheckpointFormat.SegmentEntry.destination)
        bytes.append(varint: UInt64(destination.id))
        bytes.append(varint: destination.first)
        bytes.append(varint: numbers[UInt32(place)].map { UInt64($0) + 1 } ?? 0)
      }
    }
  }

  private static func encode(
    _ table: CheckpointFormat.Table, width: Int, _ words: [UInt64], to out: ChunkWriter
  ) throws(DiskError) {
    var first = 0
    while first < words.count {
      let count = min(words.count - first, CheckpointFormat.wordsPerEntry)
      try out.entry(size: count * 8 + 32) { bytes in
        bytes.append(CheckpointFormat.SegmentEntry.words)
        bytes.append(table.rawValue)
        bytes.append(UInt8(width))
        bytes.append(varint: UInt64(first))
        bytes.append(varint: UInt64(count))
        for word in words[first..<first + count] { bytes.append(little: word) }
      }
      first += count
    }
  }
}

// MARK: Reading

/// Gathers the entries of segments of one kind; each is checked as a whole when the next one begins.
struct SegmentImageReader {
  let kind: SegmentHeader.Kind
  private(set) var segments: [SegmentState] = []
  private var current: SegmentState.Image?

  init(_ kind: SegmentHeader.Kind) { self.kind = kind }

  mutating func read(_ input: inout ByteReader) throws {
    let tag = try input.byte()
    if tag == CheckpointFormat.SegmentEntry.begin {
      try finish()
      current = try Self.begin(kind, &input)
      return
    }
    guard current != nil else { throw EntryError.value("order of a segment's parts") }
    switch tag {
    case CheckpointFormat.SegmentEntry.destination: try readDestination(&input)
    case CheckpointFormat.SegmentEntry.ending: try readEnding(&input)
    case CheckpointFormat.SegmentEntry.mark: try readMark(&input)
    case CheckpointFormat.SegmentEntry.words: try readWords(&input)
    default: throw EntryError.value("kind of a segment's part")
    }
  }

  /// The last one is complete.
  mutating func finish() throws {
    guard let image = current else { return }
    current = nil
    segments.append(try SegmentState(image))
  }

  private static func begin(
    _ kind: SegmentHeader.Kind, _ input: inout ByteReader
  ) throws -> SegmentState.Image {
    let id = try input.varint()
    let flags = try input.byte()
    guard id >= 1, id < Recovery.segmentMax else { throw EntryError.value("segment id") }
    guard flags & ~3 == 0 else { throw EntryError.value("flags of a segment") }
    var image = SegmentState.Image(kind: kind, id: id, salt: try input.little(UInt64.self))
    image.createdMs = try input.varint()
    image.end = try input.varint()
    image.fileBytes = try input.varint()
    image.frames = try input.varint()
    image.records = try input.varint()
    image.messages = try input.varint()
    image.rawBytes = try input.varint()
    if flags & 1 != 0 {
      let first = try input.varint()
      image.firstAtMs = first
      image.lastAtMs = first.addingCapped(try input.varint())
    }
    if flags & 2 != 0 {
      image.damage = String(decoding: try input.take(try input.varint()), as: UTF8.self)
    }
    image.first = try input.varint()
    guard let count = Int(exactly: try input.varint()) else {
      throw EntryError.value("count of messages")
    }
    image.count = count
    return image
  }

  private mutating func readDestination(_ input: inout ByteReader) throws {
    let id = try input.varint(as: UInt32.self)
    let first = try input.varint()
    let number = try input.varint()
    if number > 0 {
      guard let number = UInt32(exactly: number - 1) else {
        throw EntryError.value("number of a destination")
      }
      current!.defined[number] = UInt32(current!.destinations.count)
    }
    current!.destinations.append(SegmentDestination(id: id, waiting: 0, first: first))
  }

  private mutating func readEnding(_ input: inout ByteReader) throws {
    guard let kind = OutcomeKind(rawValue: try input.byte()), kind != .dead else {
      throw EntryError.value("kind of ending")
    }
    current!.endingKinds.append(
      EndingKind(
        kind: kind, status: try input.varint(as: UInt16.self),
        attempts: try input.varint(as: UInt32.self)))
  }

  private mutating func readMark(_ input: inout ByteReader) throws {
    let previous = current!.marks.last ?? SegmentState.Mark(sequence: 0, offset: 0)
    let (sequence, sequenceOverflow) = previous.sequence.addingReportingOverflow(
      try input.varint())
    let (offset, offsetOverflow) = previous.offset.addingReportingOverflow(try input.varint())
    guard !sequenceOverflow, !offsetOverflow else { throw EntryError.value("mark") }
    current!.marks.append(SegmentState.Mark(sequence: sequence, offset: offset))
  }

  private mutating func readWords(_ input: inout ByteReader) throws {
    guard let table = CheckpointFormat.Table(rawValue: try input.byte()) else {
      throw EntryError.value("table of a segment")
    }
    let width = Int(try input.byte())
    let first = try input.varint()
    let count = try input.varint()
    guard count <= UInt64(CheckpointFormat.wordsPerEntry) else {
      throw EntryError.value("count of words")
    }
    let bytes = try input.take(count * 8)
    let words = (0..<Int(count)).map { bytes.littleInteger(at: $0 * 8, as: UInt64.self) }
    guard current!.append(words, at: first, width: width, to: table) else {
      throw EntryError.value("order of words")
    }
  }
}
