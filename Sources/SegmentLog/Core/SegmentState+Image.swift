extension SegmentState {
  /// A segment as a checkpoint tells of it, before anything of it was checked.
  struct Image {
    var kind: SegmentHeader.Kind
    var id: UInt64
    var salt: UInt64
    var createdMs: UInt64 = 0
    var end: UInt64 = 0
    var fileBytes: UInt64 = 0
    var frames: UInt64 = 0
    var records: UInt64 = 0
    var messages: UInt64 = 0
    var rawBytes: UInt64 = 0
    var firstAtMs: UInt64?
    var lastAtMs: UInt64?
    var damage: String?
    var first: Sequence = 0
    var count = 0
    var destinations: [SegmentDestination] = []
    var endingKinds: [EndingKind] = []
    var marks: [Mark] = []
    var defined: [UInt32: UInt32] = [:]
    private(set) var live: [UInt64] = []
    private(set) var parked: [UInt64] = []
    private(set) var places: (width: Int, words: [UInt64]) = (0, [])
    private(set) var endings: (width: Int, words: [UInt64]) = (0, [])
    private(set) var offsets: [UInt32] = []

    init(kind: SegmentHeader.Kind, id: UInt64, salt: UInt64) {
      self.kind = kind
      self.id = id
      self.salt = salt
    }

    /// The next words of a table; false when they are not the next ones.
    mutating func append(
      _ words: [UInt64], at first: UInt64, width: Int, to table: CheckpointFormat.Table
    ) -> Bool {
      func isNext(_ known: [UInt64], _ knownWidth: Int) -> Bool {
        first == UInt64(known.count) && (known.isEmpty || width == knownWidth)
      }
      switch table {
      case .live:
        guard isNext(live, 1), width == 1 else { return false }
        live += words
      case .parked:
        guard isNext(parked, 1), width == 1 else { return false }
        parked += words
      case .places:
        guard isNext(places.words, places.width) else { return false }
        places.width = width
        places.words += words
      case .endings:
        guard isNext(endings.words, endings.width) else { return false }
        endings.width = width
        endings.words += words
      case .offsets:
        guard kind == .cold, first * 2 == UInt64(offsets.count), width == 32 else { return false }
        for word in words {
          offsets.append(UInt32(truncatingIfNeeded: word))
          offsets.append(UInt32(truncatingIfNeeded: word >> 32))
        }
      }
      return true
    }
  }

  /// Everything that indexes something else is checked here, once; the counts are taken anew.
  init(_ image: Image) throws {
    self.init(image.kind, image.id, fileBytes: image.fileBytes)
    salt = image.salt
    createdMs = image.createdMs
    end = image.end
    frames = image.frames
    records = image.records
    messages = image.messages
    rawBytes = image.rawBytes
    firstAtMs = image.firstAtMs
    lastAtMs = image.lastAtMs
    damage = image.damage
    guard end >= FormatLimits.firstFrameOffset, end < FormatLimits.fileMax else {
      throw EntryError.value("end of a segment")
    }
    let counts = [fileBytes, frames, records, messages, rawBytes]
    guard counts.allSatisfy({ $0 < FormatLimits.fileMax }), createdMs < FormatLimits.numberMax,
      lastAtMs ?? 0 < FormatLimits.numberMax, image.marks.last?.offset ?? 0 <= end
    else { throw EntryError.value("number of a segment") }
    let isInRange =
      image.first < Recovery.sequenceMax && UInt64(image.count) < Recovery.sequenceMax
      && (image.first >= 1 || image.count == 0)
    guard isInRange else { throw EntryError.value("sequence of a segment") }
    guard let live = Bitmap(words: image.live, count: image.count),
      let parked = Bitmap(words: image.parked, count: image.count),
      zip(image.live, image.parked).allSatisfy({ $1 & ~$0 == 0 })
    else { throw EntryError.value("table of live messages") }
    guard let places = PackedArray(width: image.places.width, words: image.places.words),
      places.isBelow(UInt32(max(image.destinations.count, 1)), count: image.count)
    else { throw EntryError.value("table of destinations") }
    let endings = PackedArray(width: image.endings.width, words: image.endings.words)
    guard let endings, endings.isBelow(UInt32(image.endingKinds.count) + 1, count: image.count)
    else { throw EntryError.value("table of endings") }
    guard image.destinations.count > 0 || live.first(true, from: 0) == nil else {
      throw EntryError.value("count of destinations")
    }
    let offsets = try Self.offsets(image)
    restore(
      first: image.first, offsets: offsets, live: live, parked: parked, places: places,
      endings: endings, kinds: image.endingKinds, marks: image.marks, defined: image.defined,
      destinations: image.destinations)
  }

  /// Ascending from 0, one for each message.
  private static func offsets(_ image: Image) throws -> [UInt32] {
    guard image.kind == .cold else { return [] }
    var offsets = image.offsets
    if image.count & 1 == 1, offsets.last == 0 { offsets.removeLast() }
    guard offsets.count == image.count, offsets.first ?? 0 == 0,
      zip(offsets, offsets.dropFirst()).allSatisfy({ $0 < $1 }),
      image.first + UInt64(offsets.last ?? 0) < Recovery.sequenceMax
    else { throw EntryError.value("table of sequences") }
    return offsets
  }
}
