/// Realistic traffic: order events as JSON of about 600 bytes, alike in their shape and different
/// in their values, so that compression sees what it would see in life.
struct SampleMessages {
  private var random: SplitMix64

  init(seed: UInt64) { random = SplitMix64(state: seed) }

  private static let names = [
    "Ada Marsh", "Jon Vale", "Mira Stone", "Luis Ferro", "Ines Holm", "Tom Reed", "Eva Lind",
  ]
  private static let streets = [
    "Mill Road", "High Street", "Park Lane", "Station Way", "Elm Close",
  ]
  private static let items = [
    "desk lamp", "office chair", "notebook A5", "usb cable 2m", "coffee beans 1kg", "wall clock",
  ]

  private mutating func number(_ upper: UInt64) -> UInt64 { random.next() % upper }
  private mutating func pick(_ list: [String]) -> String { list[Int(number(UInt64(list.count)))] }

  /// One event, padded by line items to `bytes` or a little less.
  mutating func body(bytes: Int = 600) -> String {
    var text =
      "{\"event\":\"order.updated\",\"order\":\"ORD-\(100_000 + number(899_999))\",\"created_at\":"
      + "\"2026-0\(1 + number(9))-1\(number(10))T0\(number(10)):\(10 + number(50)):\(10 + number(50))Z\","
      + "\"customer\":{\"id\":\(number(90_000_000)),\"name\":\"\(pick(Self.names))\",\"email\":"
      + "\"user\(number(1_000_000))@mail.example\",\"address\":\"\(1 + number(200)) \(pick(Self.streets))\"},"
      + "\"total\":\(number(100_000)).\(10 + number(90)),\"currency\":\"EUR\",\"paid\":true,\"items\":["
    var first = true
    while text.utf8.count < bytes - 90 {
      if !first { text += "," }
      first = false
      text +=
        "{\"sku\":\"\(10_000 + number(89_999))-\(number(100))\",\"name\":\"\(pick(Self.items))\","
        + "\"quantity\":\(1 + number(9)),\"price\":\(number(1000)).\(10 + number(90))}"
    }
    return text + "]}"
  }

  mutating func uuid() -> String {
    let high = random.next()
    let low = random.next()
    func hex(_ value: UInt64, _ digits: Int) -> String {
      let text = String(value, radix: 16)
      return String(repeating: "0", count: digits - text.count) + text
    }
    return
      "\(hex(high >> 32, 8))-\(hex((high >> 16) & 0xffff, 4))-4\(hex(high & 0xfff, 3))-8\(hex(low >> 52, 3))-\(hex(low & 0xffff_ffff_ffff, 12))"
  }

  /// A POST of a body to `url`.
  mutating func envelope(url: String, delayMs: Int?, bytes: Int = 600) -> String {
    let body = body(bytes: bytes)
    return Self.envelope(uuid: uuid(), url: url, body: body, delayMs: delayMs)
  }

  static func envelope(uuid: String, url: String, body: String, delayMs: Int?) -> String {
    var escaped = ""
    for character in body {
      if character == "\"" { escaped += "\\\"" } else { escaped.append(character) }
    }
    let delay = delayMs.map { ",\"Delay\":\($0)" } ?? ""
    return
      "{\"UUID\":\"\(uuid)\",\"Url\":\"\(url)\",\"Method\":\"POST\",\"Body\":\"\(escaped)\","
      + "\"Header\":{\"Content-Type\":\"application/json\"},\"Timeout\":10000\(delay)}"
  }
}

/// Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014.
struct SplitMix64: RandomNumberGenerator {
  var state: UInt64
  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
}
