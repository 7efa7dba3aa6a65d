/// Answers of servers, spoiled at random: what a broken or hostile receiver may send. The same seed
/// makes the same answers.
struct MutatedAnswers: Sendable {
  struct Spoiled: Sendable {
    var pieces: [[UInt8]]
    /// The connection is closed behind them.
    var closes: Bool
  }

  private static let whole = [
    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", "HTTP/1.1 204 No Content\r\n\r\n",
    "HTTP/1.1 202 Accepted\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n",
    "HTTP/1.1 503 Busy\r\nRetry-After: 1\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
    "HTTP/1.0 500 Oops\r\nServer: x\r\n\r\nuntil the end",
    "HTTP/1.1 400 Bad\r\nContent-Type: text/html\r\nContent-Length: 9\r\n\r\n<html>400",
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n",
  ]
  private static let words = [
    "\r\n", "\n", "\r", "\r\n\r\n", " ", ":", "\u{0}", "HTTP/1.1 ", "HTTP/1.1 200 OK\r\n",
    "Content-Length: 1\r\n", "Transfer-Encoding: chunked\r\n", "0\r\n\r\n", "ffffffffffffffff\r\n",
    "99999999999999999999", "Connection: upgrade\r\n", "Retry-After: x\r\n", "\t",
  ]

  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> Spoiled {
    var bytes = Array(Self.whole[number(below: Self.whole.count)].utf8)
    for _ in 0..<number(below: 5) { spoil(&bytes) }
    var pieces: [[UInt8]] = []
    while !bytes.isEmpty {
      let count = number(below: 3) == 0 ? 1 + number(below: bytes.count) : bytes.count
      pieces.append(Array(bytes.prefix(count)))
      bytes.removeFirst(count)
    }
    return Spoiled(pieces: pieces, closes: number(below: 3) == 0)
  }

  private mutating func spoil(_ bytes: inout [UInt8]) {
    let at = number(below: bytes.count + 1)
    switch number(below: 6) {
    case 0 where at < bytes.count: bytes[at] = UInt8(truncatingIfNeeded: number(below: 256))
    case 1 where at < bytes.count: bytes[at] ^= 1 << UInt8(number(below: 8))
    case 2: bytes.removeSubrange(at..<min(bytes.count, at + number(below: 9)))
    case 3: bytes.insert(contentsOf: Self.words[number(below: Self.words.count)].utf8, at: at)
    case 4: bytes.insert(contentsOf: bytes[..<at], at: at)
    default: bytes.removeSubrange(at...)
    }
  }

  /// SplitMix64.
  private mutating func number(below limit: Int) -> Int {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return limit == 0 ? 0 : Int((z ^ (z >> 31)) % UInt64(limit))
  }
}
