/// Counts the body of an answer to its end. Nothing of it is kept but its first bytes, on demand.
struct AnswerBody {
  enum Framing: Equatable {
    case length(UInt64)
    case chunked
    /// It ends with the connection.
    case untilClose
  }

  enum Verdict: Equatable {
    case more
    /// The body ended after so many of the bytes that were given.
    case ended(after: Int)
    /// Its framing is broken: nobody can say where it ends.
    case broken
  }

  private enum Place {
    case data(left: UInt64)
    case untilClose
    case size(UInt64, digits: Int)
    /// A line whose contents don't matter: the rest of a size's.
    case sizeLine(UInt64)
    case chunk(left: UInt64)
    case chunkEnd(sawReturn: Bool)
    case trailer(isEmpty: Bool)
  }

  /// So many hexadecimal digits of a chunk's size fit.
  private static let digitsMax = 15

  private var place: Place
  private let prefixMax: Int
  private(set) var prefix: [UInt8] = []

  /// `keeping`: how many bytes of the body's start are kept in `prefix`.
  init(_ framing: Framing, keeping: Int = 0) {
    prefixMax = keeping
    place =
      switch framing {
      case .length(let length): .data(left: length)
      case .chunked: .size(0, digits: 0)
      case .untilClose: .untilClose
      }
  }

  var prefixIsFull: Bool { prefix.count >= prefixMax }

  mutating func take(_ bytes: UnsafeRawBufferPointer) -> Verdict {
    var at = 0
    if case .data(0) = place { return .ended(after: 0) }
    while at < bytes.count {
      switch place {
      case .untilClose:
        keep(bytes[at...])
        return .more
      case .data(let left):
        let count = Int(min(left, UInt64(bytes.count - at)))
        keep(bytes[at..<at + count])
        at += count
        place = .data(left: left - UInt64(count))
        if left == UInt64(count) { return .ended(after: at) }
      case .chunk(let left):
        let count = Int(min(left, UInt64(bytes.count - at)))
        keep(bytes[at..<at + count])
        at += count
        place =
          left == UInt64(count) ? .chunkEnd(sawReturn: false) : .chunk(left: left - UInt64(count))
      case .size, .sizeLine, .chunkEnd, .trailer:
        guard let isOver = takeFraming(bytes[at]) else { return .broken }
        at += 1
        if isOver { return .ended(after: at) }
      }
    }
    return .more
  }

  /// One byte between the chunks. True when the body is over, nil when it is broken.
  private mutating func takeFraming(_ byte: UInt8) -> Bool? {
    switch place {
    case .size(let size, let digits):
      if let digit = Self.hexDigit(byte) {
        guard digits < Self.digitsMax else { return nil }
        place = .size(size << 4 | UInt64(digit), digits: digits + 1)
        return false
      }
      guard digits > 0 else { return nil }
      guard byte != .lineFeed else { return sizeIsRead(size) }
      guard byte.isBlank || byte == .carriageReturn || byte == UInt8(ascii: ";") else { return nil }
      place = .sizeLine(size)
    case .sizeLine(let size):
      if byte == .lineFeed { return sizeIsRead(size) }
    case .chunkEnd(let sawReturn):
      if byte == .lineFeed {
        place = .size(0, digits: 0)
      } else {
        guard byte == .carriageReturn, !sawReturn else { return nil }
        place = .chunkEnd(sawReturn: true)
      }
    case .trailer(let isEmpty):
      if byte == .lineFeed {
        if isEmpty { return true }
        place = .trailer(isEmpty: true)
      } else if byte != .carriageReturn {
        place = .trailer(isEmpty: false)
      }
    case .data, .untilClose, .chunk:
      return nil
    }
    return false
  }

  private mutating func sizeIsRead(_ size: UInt64) -> Bool {
    place = size == 0 ? .trailer(isEmpty: true) : .chunk(left: size)
    return false
  }

  private mutating func keep(_ bytes: Slice<UnsafeRawBufferPointer>) {
    guard prefix.count < prefixMax else { return }
    prefix.append(contentsOf: bytes.prefix(prefixMax - prefix.count))
  }

  private static func hexDigit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    default: nil
    }
  }
}
