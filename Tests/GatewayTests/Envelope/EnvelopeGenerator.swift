@testable import Gateway

/// Makes envelopes, right and wrong ones, from a seed.
struct EnvelopeGenerator {
  var random: SeededGenerator

  init(seed: UInt64) { random = SeededGenerator(seed: seed) }

  /// Right in every respect.
  mutating func valid() -> [UInt8] {
    var fields = [#""Url":\#(string(url()))"#]
    if chance(2) { fields.append("\"UUID\":\(string(uuid()))") }
    if chance(2) { fields.append("\"Method\":\(string(pick(["POST", "GET", "put", "M-SEARCH"])))") }
    if chance(3) {
      fields.append(
        "\"BodyBase64\":\(string(pick(["", "QQ==", "QUI=", "QUJD", "//8/", "AAA++w=="])))")
    } else {
      fields.append("\"Body\":\(string(text(upTo: 60)))")
    }
    if chance(2) { fields.append("\"Header\":\(header())") }
    if chance(2) { fields.append("\"Timeout\":\(number(upTo: 900_000))") }
    if chance(3) { fields.append("\"Delay\":\(number(upTo: 315_360_000_000))") }
    if chance(3) { fields.append("\"Retry\":\(retry())") }
    if chance(6) { fields.append("\"NotBefore\":null") }
    fields.shuffle(using: &random)
    return Array("{\(fields.map { space() + $0 + space() }.joined(separator: ","))}".utf8)
  }

  /// A valid one with some bytes changed, cut out, doubled or put in.
  mutating func mutated() -> [UInt8] {
    var bytes = valid()
    for _ in 0..<int(1...3) {
      let at = int(0...bytes.count)
      switch int(0...5) {
      case 0 where at < bytes.count: bytes[at] = UInt8(int(0...255))
      case 1 where at < bytes.count: bytes[at] ^= 1 << UInt8(int(0...7))
      case 2: bytes.removeSubrange(at..<min(bytes.count, at + int(1...4)))
      case 3:
        let end = min(bytes.count, at + int(1...12))
        bytes.insert(contentsOf: Array(bytes[at..<end]), at: int(0...bytes.count))
      case 4: bytes.insert(contentsOf: Self.pieces[int(0...Self.pieces.count - 1)], at: at)
      default: bytes.removeLast(int(0...min(3, bytes.count)))
      }
      if bytes.isEmpty { break }
    }
    return bytes
  }

  /// Any JSON value, or nearly.
  mutating func json(depth: Int = 4) -> String {
    switch int(0...(depth > 0 ? 7 : 5)) {
    case 0: return pick(["null", "true", "false"])
    case 1, 2:
      return pick(["0", "-0", "1", "-12", "0.5", "1e3", "-1.25E-2", "01", "1.", ".5", "+1"])
    case 3, 4, 5: return string(text(upTo: 12))
    case 6:
      let items = (0..<int(0...3)).map { _ in space() + json(depth: depth - 1) + space() }
      return "[\(items.joined(separator: ","))]"
    default:
      let members = (0..<int(0...3)).map {
        "\(space())\(string("k\($0)"))\(space()):\(json(depth: depth - 1))"
      }
      return "{\(members.joined(separator: ","))}"
    }
  }

  /// What likes to stand in the wrong place.
  private static let pieces: [[UInt8]] =
    [
      [0xEF, 0xBB, 0xBF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0x00],
      [0x7F],
    ]
    + [
      "\"", "\\", "\\u", "\\ud800", "\\udc00", "\\ud83d\\ude00", "\\u0000", ",", ":", "{", "}", "[",
      "]", "{}", "[[", "null", "true", "-", "0", "1e5", ".0", "e", "//", "\u{2028}", "é", "\n", "'",
      "\"Timeout\":1,", ",\"url\":\"http://b\"", "\"\":0,", "NaN", "\u{FEFF}", "\t", "\r\n",
    ].map { Array($0.utf8) }

  private mutating func url() -> String {
    pick(["http://a", "https://b.example:8443/x?y=z#f", "http://[::1]:80/", "HTTP://my-url/%20"])
  }

  private mutating func uuid() -> String {
    String((0..<int(1...40)).map { _ in pick(["a", "Z", "0", "9", "_", "-"]).first! })
  }

  private mutating func header() -> String {
    let members = (0..<int(0...4)).map { index in
      let values = (0..<int(0...3)).map { _ in string(pick(["", "a", "b c", "é", "x\ty", "\"q\""]))
      }
      let value = chance(2) ? "[\(values.joined(separator: ","))]" : values.first ?? "null"
      return "\(space())\(string("X-\(index)"))\(space()):\(space())\(value)\(space())"
    }
    return "{\(members.joined(separator: ","))}"
  }

  private mutating func retry() -> String {
    var members: [String] = []
    if chance(2) { members.append("\"MaxAttempts\":\(number(upTo: 4_294_967_295))") }
    if chance(2) { members.append("\"MaxAge\":\(number(upTo: 315_360_000_000))") }
    if chance(2) {
      let waits = (0..<int(1...5)).map { _ in "\(int(1...604_800_000))" }
      members.append("\"Schedule\":[\(waits.joined(separator: space() + ","))]")
    }
    return "{\(members.joined(separator: ","))}"
  }

  /// A whole number in one of its spellings.
  private mutating func number(upTo limit: Int) -> String {
    let value = int(0...limit)
    switch int(0...5) {
    case 0: return "\(value).0"
    case 1: return "\(value)e0"
    case 2: return "\(value)0E-1"
    case 3 where value % 10 == 0 && value > 0: return "\(value / 10)e+1"
    default: return "\(value)"
    }
  }

  private mutating func text(upTo count: Int) -> String {
    let pieces = [
      "a", "bc", "12345678", "\"", "\\", "/", "\n", "\t", "\0", "\u{1F}", "\u{7F}", "é", "€", "😀",
      "\u{FFFD}", "\u{FFFF}", "\u{10FFFF}", "\u{2028}", "{", "}", "\u{301}", " ", "e\u{301}",
    ]
    return (0..<int(0...count)).map { _ in pick(pieces) }.joined()
  }

  /// As a JSON string, each scalar escaped in one of the ways that are allowed for it.
  private mutating func string(_ text: String) -> String {
    var json = "\""
    for scalar in text.unicodeScalars {
      let short: [Unicode.Scalar: String] = [
        "\"": "\\\"", "\\": "\\\\", "/": "\\/", "\n": "\\n", "\t": "\\t", "\r": "\\r",
        "\u{8}": "\\b", "\u{C}": "\\f",
      ]
      let mustEscape = scalar.value < 0x20 || scalar == "\"" || scalar == "\\"
      if let short = short[scalar], chance(2) {
        json += short
      } else if mustEscape || chance(12) {
        for unit in String(scalar).utf16 {
          let hex = String(unit, radix: 16, uppercase: chance(2))
          json += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
        }
      } else {
        json.unicodeScalars.append(scalar)
      }
    }
    return json + "\""
  }

  private mutating func space() -> String {
    chance(4) ? pick([" ", "\n", "\t", "\r\n", "  "]) : ""
  }

  private mutating func chance(_ oneIn: Int) -> Bool { int(1...oneIn) == 1 }

  private mutating func int(_ range: ClosedRange<Int>) -> Int {
    Int.random(in: range, using: &random)
  }

  private mutating func pick(_ choices: [String]) -> String { choices[int(0...choices.count - 1)] }
}
