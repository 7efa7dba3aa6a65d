/// A destination's part in one segment: 16 bytes.
struct SegmentDestination: Sendable, Equatable {
  var id: UInt32
  /// Pending messages.
  var waiting: UInt32
  /// No message of it in this segment stands before this one.
  var first: Sequence
}

/// How messages ended, as `SegmentState.endings` counts them out; number 0 is "not ended".
struct EndingKind: Sendable, Hashable {
  var kind: OutcomeKind
  var status: UInt16
  var attempts: UInt32
}

/// What is remembered of one segment: its frames' extent, and a few bits per message.
struct SegmentState: Sendable {
  struct Mark: Sendable {
    var sequence: Sequence
    var offset: UInt64
  }

  let kind: SegmentHeader.Kind
  let id: UInt64
  let file: String
  var salt: UInt64
  var createdMs: UInt64
  /// Where frames end: behind the last durable one.
  var end = FormatLimits.firstFrameOffset
  /// What the file takes on disk.
  var fileBytes: UInt64 = 0
  var frames: UInt64 = 0
  /// Messages, attempts, outcomes and controls.
  var records: UInt64 = 0
  var messages: UInt64 = 0
  var rawBytes: UInt64 = 0
  var firstAtMs: UInt64?
  var lastAtMs: UInt64?
  /// Why it can't be trusted as a whole; such a segment is never dropped.
  var damage: String?

  /// The first message's sequence. Messages stand at `sequence − first` in the tables below, or, in
  /// a cold segment, where `offsets` holds that difference.
  private(set) var first: Sequence
  private(set) var offsets: [UInt32] = []
  /// Pending or dead.
  private(set) var live = Bitmap()
  /// Dead.
  private(set) var parked = Bitmap()
  private(set) var liveCount: UInt64 = 0
  private(set) var parkedCount: UInt64 = 0
  private(set) var destinations: [SegmentDestination] = []
  /// Which of `destinations` a message goes to.
  private(set) var places = PackedArray()
  /// A short table as a rule: "delivered, 200, first attempt" and a few others.
  private(set) var endingKinds: [EndingKind] = []
  private var endingNumbers: [EndingKind: UInt32] = [:]
  private(set) var endings = PackedArray()
  private(set) var marks: [Mark] = []
  /// From the numbers in the file to `destinations`; empty when nothing is added any more.
  private(set) var defined: [UInt32: UInt32] = [:]

  init(header: SegmentHeader) {
    kind = header.kind
    id = header.id
    file = FileNames.segment(header.kind, header.id)
    salt = header.salt
    createdMs = header.createdMs
    first = header.firstSequence
  }

  /// To be filled by `restore`.
  init(_ kind: SegmentHeader.Kind, _ id: UInt64, fileBytes: UInt64) {
    self.kind = kind
    self.id = id
    self.fileBytes = fileBytes
    file = FileNames.segment(kind, id)
    salt = 0
    createdMs = 0
    first = 0
  }

  /// Nothing of it can be read.
  init(unreadable id: UInt64, bytes: UInt64, reason: String) {
    kind = .wal
    self.id = id
    file = FileNames.segment(id)
    salt = 0
    createdMs = 0
    first = 0
    fileBytes = bytes
    end = max(bytes, FormatLimits.firstFrameOffset)
    damage = reason
  }

  /// Messages that stand here, lost ones among them.
  var count: Int { live.count }
  /// The sequence behind the last one.
  var next: Sequence { count == 0 ? first : sequence(at: count - 1) + 1 }

  /// - Parameter destination: nil = any.
  func hasWaiting(_ destination: UInt32?) -> Bool {
    destinations.contains { destination ?? $0.id == $0.id && $0.waiting > 0 }
  }

  func holds(_ sequence: Sequence) -> Bool { index(of: sequence) != nil }

  func sequence(at index: Int) -> Sequence {
    first + (kind == .cold ? UInt64(offsets[index]) : UInt64(index))
  }

  func index(of sequence: Sequence) -> Int? {
    guard sequence >= first else { return nil }
    let difference = sequence - first
    guard kind == .cold else { return difference < UInt64(count) ? Int(difference) : nil }
    let index = firstIndex(from: sequence)
    return index < count && UInt64(offsets[index]) == difference ? index : nil
  }

  /// Of the first message at or behind `sequence`; `count` when there is none.
  func firstIndex(from sequence: Sequence) -> Int {
    guard sequence > first else { return 0 }
    let difference = sequence - first
    guard kind == .cold else { return Int(min(difference, UInt64(count))) }
    var low = 0
    var high = count
    while low < high {
      let middle = (low + high) / 2
      if UInt64(offsets[middle]) < difference { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// The place of a message that is known to stand here.
  private func known(_ sequence: Sequence) -> Int {
    guard let index = index(of: sequence) else { preconditionFailure("not in this segment") }
    return index
  }
}

// MARK: Adding

extension SegmentState {
  func place(ofDestination number: UInt32) -> UInt32? { defined[number] }

  /// `number` stands in the file, `id` in the store's table.
  mutating func define(_ number: UInt32, id: UInt32) {
    defined[number] = UInt32(destinations.count)
    destinations.append(SegmentDestination(id: id, waiting: 0, first: next))
  }

  /// A frame with messages begins at `offset`: remembered about once in 64 KiB, and always behind
  /// damage (`force`), so that nobody who hops from frame to frame has to pass it.
  mutating func mark(offset: UInt64, sequence: Sequence, force: Bool = false) {
    if !force, let last = marks.last, offset - last.offset < 64 << 10 { return }
    marks.append(Mark(sequence: sequence, offset: offset))
  }

  /// The span of sequences that one cold segment can hold.
  static let spanMax: UInt64 = 1 << 32

  /// Of a cold segment: its tables begin anew; destinations and marks stay.
  mutating func removeMessages() {
    offsets = []
    (live, parked) = (Bitmap(), Bitmap())
    (liveCount, parkedCount) = (0, 0)
    (places, endings) = (PackedArray(), PackedArray())
    for place in destinations.indices { destinations[place].waiting = 0 }
  }

  /// The next message of a cold segment, pending; sequences only grow, and span less than `spanMax`.
  mutating func append(sparse sequence: Sequence, place: UInt32) {
    precondition(kind == .cold && (count == 0 || sequence >= next))
    if count == 0 { first = sequence }
    offsets.append(UInt32(sequence - first))
    append(place: place)
  }

  /// A mark behind damage that was found later than the frames behind it.
  mutating func insertMark(offset: UInt64, sequence: Sequence) {
    let at = marks.firstIndex { $0.offset >= offset } ?? marks.count
    if at < marks.count, marks[at].offset == offset { return }
    marks.insert(Mark(sequence: sequence, offset: offset), at: at)
  }

  /// The next message, pending.
  mutating func append(place: UInt32) {
    if place != 0 { places[count] = place }
    let sequence = sequence(at: count)
    if destinations[Int(place)].waiting == 0 && destinations[Int(place)].first < sequence {
      destinations[Int(place)].first = sequence
    }
    destinations[Int(place)].waiting += 1
    live.append(true, times: 1)
    parked.append(false, times: 1)
    liveCount += 1
    messages += 1
  }

  /// Messages that can't be read any more.
  mutating func appendLost(_ lost: Int) {
    live.append(false, times: lost)
    parked.append(false, times: lost)
  }

  /// The first message that ever comes may have a later number than the header said.
  mutating func moveStart(to sequence: Sequence) {
    precondition(count == 0)
    first = sequence
  }

  mutating func sawFrame(committedAtMs: UInt64) {
    if firstAtMs == nil { firstAtMs = committedAtMs }
    lastAtMs = committedAtMs
  }

  /// Nothing will be added any more.
  mutating func close() {
    defined = [:]
    offsets.trim()
    live.trim()
    parked.trim()
    destinations.trim()
    places.trim()
    marks.trim()
  }
}

// MARK: Changing

extension SegmentState {
  func destination(of sequence: Sequence) -> UInt32 {
    destinations[Int(places[known(sequence)])].id
  }

  func isLive(at index: Int) -> Bool { live[index] }
  func isLive(_ sequence: Sequence) -> Bool { live[known(sequence)] }
  func isParked(_ sequence: Sequence) -> Bool { parked[known(sequence)] }

  /// nil for a message that was lost.
  func state(of sequence: Sequence) -> RecordStatus.State? {
    if isLive(sequence) { return isParked(sequence) ? .dead : .pending }
    switch ending(of: sequence)?.kind {
    case .delivered: return .delivered
    case .cancelled: return .cancelled
    case .dead, nil: return nil
    }
  }

  /// nil for a message that has not ended, or was lost.
  func ending(of sequence: Sequence) -> EndingKind? {
    let number = endings[known(sequence)]
    return number == 0 ? nil : endingKinds[Int(number) - 1]
  }

  func hasEnding(at index: Int) -> Bool { endings[index] != 0 }

  mutating func park(_ sequence: Sequence) {
    let index = known(sequence)
    parked[index] = true
    parkedCount += 1
    destinations[Int(places[index])].waiting -= 1
  }

  /// Delivered or cancelled: from pending or dead, or of a lost one.
  mutating func end(_ sequence: Sequence, _ kind: EndingKind) {
    let index = known(sequence)
    if live[index] {
      live[index] = false
      liveCount -= 1
      if parked[index] {
        parked[index] = false
        parkedCount -= 1
      } else {
        destinations[Int(places[index])].waiting -= 1
      }
    }
    endings[index] = number(of: kind)
  }

  private mutating func number(of kind: EndingKind) -> UInt32 {
    if let known = endingNumbers[kind] { return known }
    endingKinds.append(kind)
    endingNumbers[kind] = UInt32(endingKinds.count)
    return UInt32(endingKinds.count)
  }
}

// MARK: Finding

extension SegmentState {
  /// The first message from `sequence` on that has ended (or was lost).
  func firstEnded(from sequence: Sequence) -> Sequence? {
    live.first(false, from: firstIndex(from: sequence)).map { self.sequence(at: $0) }
  }

  /// How many messages from `sequence` on have ended (or were lost).
  func ended(from sequence: Sequence) -> Int {
    guard sequence > first else { return count - Int(liveCount) }
    var ended = 0
    var index = firstIndex(from: sequence)
    while let found = live.first(false, from: index) {
      ended += 1
      index = found + 1
    }
    return ended
  }

  /// The same of a stretch, without the message `next`.
  func ended(from first: Sequence, to next: Sequence) -> Int {
    guard self.first < next, self.next > first else { return 0 }
    var ended = 0
    var found = firstEnded(from: first)
    while let sequence = found, sequence < next {
      ended += 1
      found = firstEnded(from: sequence + 1)
    }
    return ended
  }

  /// The offset of a frame at or before the one that holds `sequence`.
  func offset(before sequence: Sequence) -> UInt64 {
    var low = 0
    var high = marks.count
    while low < high {
      let middle = (low + high) / 2
      if marks[middle].sequence <= sequence { low = middle + 1 } else { high = middle }
    }
    return low == 0 ? FormatLimits.firstFrameOffset : marks[low - 1].offset
  }

  func location(of sequence: Sequence) -> Location {
    Location(
      segment: id, file: file, salt: salt, sequence: sequence, offset: offset(before: sequence),
      end: end)
  }

  /// Pending messages of one destination from `sequence` on, at most `limit`; looks at no more than
  /// `budget` live messages and says where it stopped.
  func waiting(
    destination: UInt32?, from sequence: Sequence, limit: Int, budget: inout Int
  ) -> (found: [Sequence], stoppedBefore: Sequence?) {
    var found: [Sequence] = []
    var index = firstIndex(from: sequence)
    while let candidate = live.first(true, from: index) {
      if found.count == limit || budget == 0 { return (found, self.sequence(at: candidate)) }
      budget -= 1
      let isWanted =
        destination.map { destinations[Int(places[candidate])].id == $0 } ?? true
      if isWanted && !parked[candidate] {
        found.append(self.sequence(at: candidate))
      }
      index = candidate + 1
    }
    return (found, nil)
  }
}

// MARK: From a checkpoint

extension SegmentState {
  /// Tables that were checked; what can be counted is counted.
  mutating func restore(
    first: Sequence, offsets: [UInt32], live: Bitmap, parked: Bitmap, places: PackedArray,
    endings: PackedArray, kinds: [EndingKind], marks: [Mark], defined: [UInt32: UInt32],
    destinations: [SegmentDestination]
  ) {
    self.first = first
    self.offsets = offsets
    self.live = live
    self.parked = parked
    self.places = places
    self.endings = endings
    self.marks = marks
    self.defined = defined
    self.destinations = destinations
    endingKinds = kinds
    for (number, kind) in kinds.enumerated() { endingNumbers[kind] = UInt32(number) + 1 }
    liveCount = UInt64(live.ones)
    parkedCount = UInt64(parked.ones)
    if destinations.count == 1 {
      self.destinations[0].waiting = UInt32(truncatingIfNeeded: liveCount - parkedCount)
      return
    }
    var index = live.first(true, from: 0)
    while let found = index {
      if !parked[found] { self.destinations[Int(places[found])].waiting += 1 }
      index = live.first(true, from: found + 1)
    }
  }

  /// A live message of which a later start found that it can't be read any more.
  mutating func lose(_ sequence: Sequence) {
    let index = known(sequence)
    live[index] = false
    liveCount -= 1
    if parked[index] {
      parked[index] = false
      parkedCount -= 1
    } else {
      destinations[Int(places[index])].waiting -= 1
    }
  }
}
