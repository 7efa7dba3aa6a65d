/// Medians and spreads: what may be quoted from a noisy machine.
struct Series {
  private(set) var values: [Double] = []

  mutating func add(_ value: Double) { values.append(value) }

  var median: Double {
    guard !values.isEmpty else { return .nan }
    let sorted = values.sorted()
    let middle = sorted.count / 2
    return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
  }
  var minimum: Double { values.min() ?? .nan }
  var maximum: Double { values.max() ?? .nan }

  /// (max − min) / median of a side that does the same work each round: the machine's noise.
  var noise: Double { values.count < 2 ? 0 : (maximum - minimum) / median }
}

/// A latency histogram with 5 % wide buckets from 1 µs on.
struct LatencyHistogram {
  private var counts = [UInt64](repeating: 0, count: 400)
  private var total: UInt64 = 0

  mutating func add(nanoseconds: UInt64) {
    var bucket = 0
    var edge = 1000.0
    let value = Double(nanoseconds)
    while value > edge && bucket < counts.count - 1 {
      edge *= 1.05
      bucket += 1
    }
    counts[bucket] += 1
    total += 1
  }

  /// Milliseconds below which the given share of all values lies.
  func percentile(_ share: Double) -> Double {
    var rest = UInt64((Double(total) * share).rounded(.up))
    var edge = 1000.0
    for count in counts {
      if rest <= count { break }
      rest -= count
      edge *= 1.05
    }
    return edge / 1e6
  }
}

func fixed(_ value: Double, _ digits: Int = 2) -> String {
  guard value.isFinite else { return "-" }
  var scale = 1.0
  for _ in 0..<digits { scale *= 10 }
  let scaled = (abs(value) * scale).rounded()
  let whole = UInt64(scaled / scale)
  let sign = value < 0 ? "-" : ""
  if digits == 0 { return "\(sign)\(whole)" }
  let part = UInt64(scaled) - whole * UInt64(scale)
  let text = String(part)
  return sign + "\(whole)." + String(repeating: "0", count: max(0, digits - text.count)) + text
}

func row(_ cells: [String], widths: [Int]) -> String {
  zip(cells, widths).map { cell, width in
    cell.count >= width ? cell : cell + String(repeating: " ", count: width - cell.count)
  }.joined(separator: "  ")
}
