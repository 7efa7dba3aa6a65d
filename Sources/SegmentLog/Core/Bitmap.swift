/// One bit per message of a segment.
struct Bitmap: Sendable, Equatable {
  private(set) var words: [UInt64] = []
  private(set) var count = 0

  init() {}

  /// nil when there are more or fewer words than it takes, or bits behind the last one are set.
  init?(words: [UInt64], count: Int) {
    guard count >= 0, words.count == count >> 6 + (count & 63 == 0 ? 0 : 1) else { return nil }
    if count & 63 != 0, words[words.count - 1] >> UInt64(count & 63) != 0 { return nil }
    self.words = words
    self.count = count
  }

  var ones: Int { words.reduce(0) { $0 + $1.nonzeroBitCount } }

  var byteCount: Int { words.capacity * 8 }

  subscript(index: Int) -> Bool {
    get { words[index >> 6] >> UInt64(index & 63) & 1 == 1 }
    set {
      let bit: UInt64 = 1 << UInt64(index & 63)
      if newValue { words[index >> 6] |= bit } else { words[index >> 6] &= ~bit }
    }
  }

  mutating func append(_ value: Bool, times: Int) {
    let end = count + times
    let wordsNeeded = (end + 63) >> 6
    while words.count < wordsNeeded { words.append(0) }
    if value {
      var index = count
      while index < end {
        let offset = index & 63
        let run = min(64 - offset, end - index)
        words[index >> 6] |= (run == 64 ? ~0 : (1 << UInt64(run)) - 1) << UInt64(offset)
        index += run
      }
    }
    count = end
  }

  /// Gives back the room for more.
  mutating func trim() { words.trim() }

  /// The first index from `index` on whose bit is `value`; nil when there is none.
  func first(_ value: Bool, from index: Int) -> Int? {
    guard index < count else { return nil }
    var word = index >> 6
    var bits = (value ? words[word] : ~words[word]) & (~0 << UInt64(index & 63))
    while true {
      if bits != 0 {
        let found = word << 6 + bits.trailingZeroBitCount
        return found < count ? found : nil
      }
      word += 1
      guard word < words.count else { return nil }
      bits = value ? words[word] : ~words[word]
    }
  }
}

extension Array {
  /// Gives back the room for more elements, which can be as much as they take themselves.
  mutating func trim() {
    guard capacity > count else { return }
    var fitting: [Element] = []
    fitting.reserveCapacity(count)
    fitting.append(contentsOf: self)
    self = fitting
  }
}
