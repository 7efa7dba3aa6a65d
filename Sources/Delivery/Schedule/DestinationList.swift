import SegmentLog

/// The destinations that the schedule knows. Each keeps its number until it is removed; then the
/// number is free for another.
///
/// They stand in pieces, so that adding one moves none of the others and there is never room for
/// many more than there are.
struct DestinationList {
  private static let pieceSize = 128

  private var pieces: [[Destination]] = []
  private var numbers = NumberIndex()
  private var free: [UInt32] = []

  /// Without removed ones.
  var count: Int { numbers.count }

  /// Also of removed ones.
  private var numberCount: Int {
    pieces.isEmpty ? 0 : (pieces.count - 1) * Self.pieceSize + pieces[pieces.count - 1].count
  }

  subscript(number: Int) -> Destination {
    _read { yield pieces[number / Self.pieceSize][number % Self.pieceSize] }
    _modify { yield &pieces[number / Self.pieceSize][number % Self.pieceSize] }
  }

  subscript(key: DestinationKey) -> Int? {
    numbers.find(hash: key.hashValue) { self[Int($0)].key == key }.map(Int.init)
  }

  /// The live ones in the order of their numbers.
  var live: some Swift.Sequence<Destination> { pieces.lazy.joined().filter(\.isLive) }

  func numbers(ofLane lane: UInt16) -> [Int] {
    (0..<numberCount).filter { self[$0].isLive && self[$0].key.lane == lane }
  }

  /// One that is not there.
  mutating func add(_ key: DestinationKey, under grant: LaneGrant) -> Int {
    var new = Destination(key: key, grant: grant)
    let number: Int
    if let earlier = free.popLast().map(Int.init) {
      number = earlier
      // A place in the page queue may still stand for the number's earlier tenant.
      new.isPageQueued = self[number].isPageQueued
      self[number] = new
    } else {
      number = numberCount
      if number % Self.pieceSize == 0 {
        pieces.append([])
        pieces[pieces.count - 1].reserveCapacity(Self.pieceSize)
      }
      pieces[pieces.count - 1].append(new)
    }
    let list = pieces
    numbers.insert(UInt32(number), hash: key.hashValue) { Self.hash(of: $0, in: list) }
    return number
  }

  mutating func remove(_ number: Int) {
    let list = pieces
    numbers.remove(UInt32(number), hash: self[number].key.hashValue) {
      Self.hash(of: $0, in: list)
    }
    self[number].retire()
    free.append(UInt32(number))
  }

  private static func hash(of number: UInt32, in pieces: [[Destination]]) -> Int {
    pieces[Int(number) / pieceSize][Int(number) % pieceSize].key.hashValue
  }
}
