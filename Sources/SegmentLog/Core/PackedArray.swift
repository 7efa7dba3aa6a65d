/// Small numbers in as few bits as the largest of them needs: nothing at all while every one is 0.
///
/// A segment's messages mostly go to a few destinations and end in a few ways; both stand here as
/// indices into short tables.
struct PackedArray: Sendable, Equatable {
  /// 0, 1, 2, 4, 8, 16 or 32, so that no number crosses a word.
  private(set) var width = 0
  private(set) var words: [UInt64] = []

  init() {}

  /// nil for a width that is none.
  init?(width: Int, words: [UInt64]) {
    guard [0, 1, 2, 4, 8, 16, 32].contains(width), width > 0 || words.isEmpty else { return nil }
    self.width = width
    self.words = words
  }

  /// Whether all numbers are less than `limit`, and none stands at or beyond `count`.
  func isBelow(_ limit: UInt32, count: Int) -> Bool {
    guard width > 0 else { return true }
    let perWord = 64 / width
    for (at, word) in words.enumerated() where word != 0 {
      let start = at * perWord
      guard start < count else { return false }
      for offset in 0..<perWord {
        let number = word >> UInt64(offset * width) & mask
        if number != 0 && (number >= UInt64(limit) || start + offset >= count) { return false }
      }
    }
    return true
  }

  var byteCount: Int { words.capacity * 8 }

  /// Reading past what was set gives 0.
  subscript(index: Int) -> UInt32 {
    get {
      guard width > 0 else { return 0 }
      let position = index * width
      guard position >> 6 < words.count else { return 0 }
      return UInt32(truncatingIfNeeded: words[position >> 6] >> UInt64(position & 63) & mask)
    }
    set {
      if UInt64(newValue) > mask { widen(for: newValue) }
      guard width > 0 else { return }
      let position = index * width
      if position >> 6 >= words.count {
        if newValue == 0 { return }
        grow(to: position >> 6 + 1)
      }
      let shift = UInt64(position & 63)
      words[position >> 6] = words[position >> 6] & ~(mask << shift) | UInt64(newValue) << shift
    }
  }

  /// Gives back the room for more.
  mutating func trim() { words.trim() }

  private var mask: UInt64 { width == 0 ? 0 : (1 << UInt64(width)) - 1 }

  private mutating func grow(to count: Int) {
    words.append(contentsOf: repeatElement(0, count: count - words.count))
  }

  private mutating func widen(for value: UInt32) {
    var wider = max(width, 1)
    while wider < 32 && UInt64(value) >> UInt64(wider) != 0 { wider *= 2 }
    var result = PackedArray()
    result.width = wider
    if width > 0 {
      for index in 0..<(words.count * 64 / width) where self[index] != 0 {
        result[index] = self[index]
      }
    }
    self = result
  }
}
