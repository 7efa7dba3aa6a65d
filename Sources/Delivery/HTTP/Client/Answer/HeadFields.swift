/// What the fields of an answer's head say, as far as it matters: how the body is framed, whether the
/// connection stays, when to come back. Faults make the connection useless, not the answer.
struct HeadFields {
  private enum Known { case length, encoding, connection, retryAfter, delivery }

  /// As many fields as a head may have without costing the connection.
  private static let countMax = 256

  /// Something in the head is not as it should be, so that its framing isn't relied on.
  private(set) var isFaulty = false
  private(set) var retryAfter: String?
  private(set) var abortMessage = false
  private(set) var saysClose = false
  private(set) var saysKeepAlive = false
  private(set) var length: UInt64?
  private(set) var isChunked = false

  private var count = 0
  /// The field that the next line may continue, when it is one that we know.
  private var current: Known?
  private var value: [UInt8] = []
  private var valueIsCut = false

  /// Ready for the next head; memory is kept.
  mutating func reset() {
    var kept = value
    kept.removeAll(keepingCapacity: true)
    self = HeadFields()
    value = kept
  }

  mutating func markFaulty() { isFaulty = true }

  /// A line without its end. `isCut`: it was longer than what is kept of it.
  mutating func take(_ line: UnsafeRawBufferPointer, isCut: Bool) {
    guard let first = line.first else { return }
    if first.isBlank {
      // A folded field: out of use since 2014, but its value is legible.
      isFaulty = true
      guard current != nil else { return }
      value.append(0x20)
      append(line[...], isCut: isCut)
      return
    }
    finish()
    count += 1
    if count > Self.countMax { isFaulty = true }
    var colon = 0
    var isToken = true
    while colon < line.count, line[colon] != UInt8(ascii: ":") {
      if line[colon] <= 0x20 || line[colon] >= 0x7f { isToken = false }
      colon += 1
    }
    guard colon < line.count else { return isFaulty = true }
    if colon == 0 || !isToken { isFaulty = true }
    let name = isToken ? line[..<colon] : Self.trimmed(line[..<colon])
    current = Self.known(name)
    if current != nil { append(line[(colon + 1)...], isCut: isCut) }
  }

  /// The field before is complete: the next line begins another one, or the head is over.
  mutating func finish() {
    guard let field = current else { return }
    current = nil
    if valueIsCut || value.contains(where: { $0 < 0x20 && $0 != 0x09 || $0 == 0x7f }) {
      isFaulty = true
    } else {
      var bytes: [UInt8] = []
      swap(&bytes, &value)
      bytes.withUnsafeBytes { note(field, Self.trimmed($0[...])) }
      swap(&bytes, &value)
    }
    value.removeAll(keepingCapacity: true)
    valueIsCut = false
  }

  private typealias Bytes = Slice<UnsafeRawBufferPointer>

  private mutating func append(_ bytes: Bytes, isCut: Bool) {
    valueIsCut = valueIsCut || isCut || value.count + bytes.count > AnswerReader.lineKept
    if !valueIsCut { value.append(contentsOf: bytes) }
  }

  private mutating func note(_ field: Known, _ value: Bytes) {
    switch field {
    case .length:
      let number = Self.number(value)
      if number == nil || length != nil || isChunked { isFaulty = true }
      // Two lengths that differ are none.
      length = length == nil || length == number ? number : nil
    case .encoding:
      let isKnown = Self.equal(value, "chunked")
      if !isKnown || isChunked || length != nil { isFaulty = true }
      isChunked = isChunked || isKnown
    case .connection:
      for word in value.split(separator: UInt8(ascii: ",")).map(Self.trimmed) {
        if Self.equal(word, "close") { saysClose = true }
        if Self.equal(word, "keep-alive") { saysKeepAlive = true }
      }
    case .retryAfter:
      if retryAfter == nil, !value.isEmpty { retryAfter = String(decoding: value, as: UTF8.self) }
    case .delivery:
      if Self.equal(value, "abort-message") { abortMessage = true }
    }
  }

  private static func known(_ name: Bytes) -> Known? {
    switch name.count {
    case 10: equal(name, "connection") ? .connection : nil
    case 11: equal(name, "retry-after") ? .retryAfter : nil
    case 14: equal(name, "content-length") ? .length : nil
    case 16: equal(name, "webhook-delivery") ? .delivery : nil
    case 17: equal(name, "transfer-encoding") ? .encoding : nil
    default: nil
    }
  }

  /// `word` is in lower case.
  private static func equal(_ bytes: Bytes, _ word: StaticString) -> Bool {
    guard bytes.count == word.utf8CodeUnitCount else { return false }
    let isLetter = UInt8(ascii: "A")...UInt8(ascii: "Z")
    for (index, byte) in bytes.enumerated() {
      let lowered = isLetter.contains(byte) ? byte | 0x20 : byte
      if lowered != word.utf8Start[index] { return false }
    }
    return true
  }

  private static func trimmed(_ bytes: Bytes) -> Bytes {
    var (start, end) = (bytes.startIndex, bytes.endIndex)
    while start < end, bytes[start].isBlank { start += 1 }
    while start < end, bytes[end - 1].isBlank { end -= 1 }
    return bytes[start..<end]
  }

  /// At most 18 digits, which fit.
  private static func number(_ digits: Bytes) -> UInt64? {
    guard (1...18).contains(digits.count), digits.allSatisfy(\.isDigit) else { return nil }
    return digits.reduce(0) { $0 * 10 + UInt64($1 - UInt8(ascii: "0")) }
  }
}
