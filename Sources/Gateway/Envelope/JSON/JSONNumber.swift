/// What a JSON number is worth where a whole number that is not negative is wanted.
enum JSONNumber: Equatable {
  case integer(UInt64)
  case negative
  case fraction
  /// Beyond 64 bits.
  case tooLarge
}

extension JSONCursor {
  /// Takes the number on whose first byte the cursor stands (RFC 8259 §6).
  ///
  /// Integers count by value, not by spelling, since JSON has one kind of number only: `1000`,
  /// `1e3` and `1000.0` are the same; so are `0` and `-0`. The value is exact.
  mutating func number() throws(JSONSyntaxError) -> JSONNumber {
    let isNegative = next == UInt8(ascii: "-")
    if isNegative { offset += 1 }
    var decimal = ExactDecimal()
    let whole = try digits(into: &decimal, areFraction: false)
    if bytes[whole.lowerBound] == UInt8(ascii: "0"), whole.count > 1 { throw failure(.badNumber) }
    if next == UInt8(ascii: ".") {
      offset += 1
      _ = try digits(into: &decimal, areFraction: true)
    }
    if next | 0x20 == UInt8(ascii: "e") {
      offset += 1
      decimal.scale(by: try exponent())
    }
    return decimal.value(isNegative: isNegative)
  }

  private mutating func digits(
    into decimal: inout ExactDecimal, areFraction: Bool
  ) throws(JSONSyntaxError) -> Range<Int> {
    let start = offset
    while case UInt8(ascii: "0")...UInt8(ascii: "9") = next {
      decimal.append(next & 15, isFraction: areFraction)
      offset += 1
    }
    guard offset > start else { throw offset < bytes.count ? failure(.badNumber) : failure(.ended) }
    return start..<offset
  }

  private mutating func exponent() throws(JSONSyntaxError) -> Int {
    let isNegative = next == UInt8(ascii: "-")
    if isNegative || next == UInt8(ascii: "+") { offset += 1 }
    let start = offset
    var value = 0
    while case UInt8(ascii: "0")...UInt8(ascii: "9") = next {
      // No text is long enough to make up for more than this.
      value = min(value * 10 + Int(next & 15), 1 << 40)
      offset += 1
    }
    guard offset > start else { throw offset < bytes.count ? failure(.badNumber) : failure(.ended) }
    return isNegative ? -value : value
  }
}

/// A decimal number digit by digit: `coefficient` × 10^`exponent`, where the coefficient ends in no
/// zero that was not needed.
private struct ExactDecimal {
  private var coefficient: UInt64 = 0
  private var exponent = 0
  /// Zeros that were read and count only when another digit follows.
  private var zeros = 0
  private var isTooLarge = false

  mutating func append(_ digit: UInt8, isFraction: Bool) {
    if isFraction { exponent -= 1 }
    if digit == 0 {
      zeros += 1
      return
    }
    if coefficient != 0 { shift(by: zeros) }
    zeros = 0
    shift(by: 1)
    let (sum, overflow) = coefficient.addingReportingOverflow(UInt64(digit))
    coefficient = sum
    isTooLarge = isTooLarge || overflow
  }

  mutating func scale(by power: Int) { exponent += power }

  func value(isNegative: Bool) -> JSONNumber {
    if coefficient == 0, !isTooLarge { return .integer(0) }
    if isNegative { return .negative }
    let power = exponent + zeros
    if power < 0 { return .fraction }
    var result = self
    result.shift(by: power)
    return result.isTooLarge ? .tooLarge : .integer(result.coefficient)
  }

  private mutating func shift(by places: Int) {
    guard places <= 20 else {
      isTooLarge = true
      return
    }
    for _ in 0..<places {
      let (product, overflow) = coefficient.multipliedReportingOverflow(by: 10)
      coefficient = product
      isTooLarge = isTooLarge || overflow
    }
  }
}
