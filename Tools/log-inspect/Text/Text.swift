import Delivery

/// `2026-11-24T08:00:00.000Z`
func timeText(_ unixMs: UInt64) -> String {
  var bytes: [UInt8] = []
  bytes.append(time: unixMs)
  return String(decoding: bytes, as: UTF8.self)
}

/// `1.5 MiB`
func byteText(_ bytes: UInt64) -> String {
  let units = ["B", "KiB", "MiB", "GiB", "TiB"]
  var value = Double(bytes)
  var unit = 0
  while value >= 1024 && unit < units.count - 1 {
    value /= 1024
    unit += 1
  }
  return unit == 0 ? "\(bytes) B" : "\(decimalText(value, 1)) \(units[unit])"
}

/// A number with so many digits behind the point.
func decimalText(_ value: Double, _ digits: Int) -> String {
  var scale = 1.0
  for _ in 0..<digits { scale *= 10 }
  guard value.isFinite, abs(value) < 1e15 else { return "?" }
  let scaled = UInt64((abs(value) * scale).rounded())
  let fraction = String(scaled % UInt64(scale))
  let padding = String(repeating: "0", count: digits - fraction.count)
  return (value < 0 ? "-" : "") + "\(scaled / UInt64(scale)).\(padding)\(fraction)"
}

/// `1 message`, `2 messages`
func countText(_ count: UInt64, _ what: String) -> String {
  "\(count) \(what)" + (count == 1 ? "" : "s")
}

/// Keeps what another program wrote from steering the terminal.
func printable(_ text: String) -> String { VisibleText.replaced(text) }
