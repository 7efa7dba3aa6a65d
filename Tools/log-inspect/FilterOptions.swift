import ArgumentParser
import Delivery
import Glibc
import SegmentLog

/// Which messages are meant.
struct FilterOptions: ParsableArguments {
  @Option(
    name: .long,
    help:
      "Accepted at this time or later: 2026-11-24, 2026-11-24T08:00:00Z, or 2h for two hours ago.")
  var since: Moment?

  @Option(name: .long, help: "Accepted before this time.")
  var until: Moment?

  @Option(name: .long, help: "For this destination, such as https://b.example; may be given again.")
  var destination: [String] = []

  @Option(
    name: .long,
    help: "In this state: pending, dead, delivered or cancelled; may be given again, or as a list.")
  var state: [StateList] = []

  @Option(name: .long, help: "With this UUID. Alone: the whole history of its messages.")
  var uuid: String?

  /// Whether more is asked for than a UUID.
  var narrows: Bool {
    since != nil || until != nil || !destination.isEmpty || !state.isEmpty
  }

  /// What is wrong with them; nil: nothing.
  var refusal: String? {
    // The log knows a destination by its origin, so that a bare host would never be found.
    if let bare = destination.first(where: { !$0.contains("://") }) {
      return
        "--destination \(printable(bare)) has no scheme: https://\(printable(bare)), for example."
    }
    if let since, let until, since.unixMs >= until.unixMs {
      return "--since is not before --until: no message can be meant."
    }
    return nil
  }

  var filter: MessageFilter {
    var filter = MessageFilter()
    filter.sinceMs = since.map { LogTimes.logMs($0.unixMs) } ?? 0
    filter.untilMs = until.map { LogTimes.logMs($0.unixMs) } ?? .max
    // An origin that a later version's checks refuse is taken as it stands.
    filter.destinations = Set(destination.map { (try? Origin(url: $0).description) ?? $0 })
    filter.states = Set(state.flatMap(\.states))
    filter.uuid = uuid.map { Array($0.utf8) }
    return filter
  }
}

/// `dead,pending`
struct StateList: ExpressibleByArgument {
  let states: [MessageState]

  init?(argument: String) {
    let names = argument.split(separator: ",", omittingEmptySubsequences: false)
    states = names.compactMap { MessageState(name: $0.lowercased()) }
    guard states.count == names.count else { return nil }
  }
}

/// A time as a person writes it.
struct Moment: ExpressibleByArgument {
  let unixMs: UInt64

  init(unixMs: UInt64) { self.unixMs = unixMs }

  init?(argument: String) { self.init(argument, nowMs: Self.nowMs) }

  /// A day, a time of RFC 3339, or how long ago: `90s`, `15m`, `2h`, `7d`.
  init?(_ text: String, nowMs: UInt64) {
    if let ago = Self.agoMs(text) {
      unixMs = nowMs > ago ? nowMs - ago : 0
    } else if let time = Self.timeMs(text) {
      unixMs = time
    } else {
      return nil
    }
  }

  private static var nowMs: UInt64 {
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    return UInt64(max(now.tv_sec, 0)) * 1000 + UInt64(now.tv_nsec / 1_000_000)
  }

  private static func agoMs(_ text: String) -> UInt64? {
    let units: [Character: UInt64] = ["s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000]
    guard let last = text.last, let unit = units[last], let count = UInt64(text.dropLast()) else {
      return nil
    }
    let (ms, overflow) = count.multipliedReportingOverflow(by: unit)
    return overflow ? nil : ms
  }

  private static func timeMs(_ text: String) -> UInt64? {
    var bytes = ArraySlice(text.uppercased().utf8)
    func number(_ digits: Int) -> Int? {
      guard bytes.count >= digits else { return nil }
      var value = 0
      for byte in bytes.prefix(digits) {
        guard (0x30...0x39).contains(byte) else { return nil }
        value = value * 10 + Int(byte - 0x30)
      }
      bytes = bytes.dropFirst(digits)
      return value
    }
    func take(_ character: Character) -> Bool {
      guard bytes.first == character.asciiValue else { return false }
      bytes = bytes.dropFirst()
      return true
    }
    guard let year = number(4), take("-"), let month = number(2), take("-"), let day = number(2),
      (1...12).contains(month), (1...31).contains(day), year >= 1970
    else { return nil }
    var parts = tm()
    parts.tm_year = Int32(year - 1900)
    parts.tm_mon = Int32(month - 1)
    parts.tm_mday = Int32(day)
    var milliseconds = 0
    var offset = 0
    if !bytes.isEmpty {
      guard take("T") || take(" "), let hour = number(2), take(":"), let minute = number(2),
        hour <= 23, minute <= 59
      else { return nil }
      var second = 0
      if take(":") {
        guard let given = number(2), given <= 60 else { return nil }
        second = given
      }
      if take(".") {
        var unit = 100
        guard let first = number(1) else { return nil }
        milliseconds = first * unit
        while let digit = number(1) {
          unit /= 10
          milliseconds += digit * unit
        }
      }
      if !take("Z") {
        let isEast = take("+")
        guard isEast || take("-"), let hours = number(2), take(":"), let minutes = number(2),
          hours <= 23, minutes <= 59
        else { return nil }
        offset = (hours * 60 + minutes) * (isEast ? 60 : -60)
      }
      parts.tm_hour = Int32(hour)
      parts.tm_min = Int32(minute)
      parts.tm_sec = Int32(second)
    }
    // A day that the month does not have is made one of the next.
    var date = parts
    (date.tm_hour, date.tm_min, date.tm_sec) = (0, 0, 0)
    _ = timegm(&date)
    guard bytes.isEmpty, date.tm_mday == day, date.tm_mon == month - 1 else { return nil }
    let seconds = timegm(&parts) - offset
    return UInt64(max(seconds, 0)) * 1000 + UInt64(milliseconds)
  }
}
