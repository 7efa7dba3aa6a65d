/// The latest messages: what confirms a hit of the UUID index without a read, and what is still
/// known of a delivered message when its segment is gone.
///
/// 48 bytes for each, in pieces that are allocated when they are reached.
struct RecentMessages {
  struct Entry: Sendable, Equatable {
    /// 0 marks an empty place.
    var sequence: Sequence
    var key: UUIDKey
    var contentHash: UInt64
    var acceptedAtMs: UInt64
    /// How it ended; `dead` isn't noted here.
    private var kind: UInt8 = 0
    private var status: UInt16 = 0
    private var attempts: UInt32 = 0

    init(sequence: Sequence, key: UUIDKey, contentHash: UInt64, acceptedAtMs: UInt64) {
      self.sequence = sequence
      self.key = key
      self.contentHash = contentHash
      self.acceptedAtMs = acceptedAtMs
    }

    mutating func end(_ ending: EndingKind) {
      kind = ending.kind.rawValue
      status = ending.status
      attempts = ending.attempts
    }

    var ending: EndingKind? {
      OutcomeKind(rawValue: kind).map {
        EndingKind(kind: $0, status: status, attempts: attempts)
      }
    }
  }

  private static let pieceSize: UInt64 = 1 << 10
  private static let empty = Entry(
    sequence: 0, key: UUIDKey(high: 0, low: 0), contentHash: 0, acceptedAtMs: 0)
  /// So many of the latest are kept.
  private let capacity: UInt64
  private var pieces: [[Entry]]

  init(capacity: Int) {
    self.capacity = UInt64(max(capacity, 1))
    let count = (self.capacity + Self.pieceSize - 1) / Self.pieceSize
    pieces = Array(repeating: [], count: Int(count))
  }

  /// Messages below this one are certainly not here.
  func oldest(before next: Sequence) -> Sequence { next > capacity ? next - capacity : 1 }

  subscript(sequence: Sequence) -> Entry? {
    let (piece, index) = place(sequence)
    guard !pieces[piece].isEmpty, pieces[piece][index].sequence == sequence else { return nil }
    return pieces[piece][index]
  }

  mutating func insert(_ entry: Entry) {
    let (piece, index) = place(entry.sequence)
    if pieces[piece].isEmpty {
      pieces[piece] = Array(repeating: Self.empty, count: Int(Self.pieceSize))
    }
    pieces[piece][index] = entry
  }

  mutating func end(_ sequence: Sequence, _ ending: EndingKind) {
    let (piece, index) = place(sequence)
    guard !pieces[piece].isEmpty, pieces[piece][index].sequence == sequence else { return }
    pieces[piece][index].end(ending)
  }

  private func place(_ sequence: Sequence) -> (piece: Int, index: Int) {
    let place = sequence % capacity
    return (Int(place / Self.pieceSize), Int(place % Self.pieceSize))
  }
}
