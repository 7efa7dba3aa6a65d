import Foundation
import Testing

@testable import Gateway

@Suite("Values in an envelope") struct ValueTests {
  private func time(_ text: String) -> UInt64? {
    Array(text.utf8).withUnsafeBufferPointer(RFC3339.unixMs)
  }

  @Test(
    "times are read as RFC 3339 has them",
    arguments: [
      ("1970-01-01T00:00:00Z", 0), ("1970-01-01t00:00:00.001z", 1),
      ("2026-11-24T08:00:00Z", 1_795_507_200_000),
      ("2026-11-24T08:00:00.25Z", 1_795_507_200_250),
      ("2026-11-24T08:00:00.2500001Z", 1_795_507_200_251),
      ("2026-11-24T08:00:00.0000000000000000000000000Z", 1_795_507_200_000),
      ("2026-11-24T08:00:00.999999Z", 1_795_507_201_000),
      ("2026-11-24T08:00:00-00:00", 1_795_507_200_000),
      ("2026-11-24T00:30:00-07:30", 1_795_507_200_000),
      ("2026-11-25T07:59:00+23:59", 1_795_507_200_000),
      ("2000-02-29T00:00:00Z", 951_782_400_000),
      ("2016-12-31T23:59:60Z", 1_483_228_800_000),
      ("9999-12-31T23:59:59Z", 253_402_300_799_000),
      ("1969-12-31T23:59:59Z", 0), ("0001-01-01T00:00:00Z", 0), ("0000-01-01T00:00:00+00:00", 0),
    ] as [(String, UInt64)])
  func times(text: String, unixMs: UInt64) {
    #expect(time(text) == unixMs)
  }

  @Test(
    "what is no time of RFC 3339 is refused",
    arguments: [
      "", "2026", "2026-11-24", "2026-11-24T08:00:00", "2026-11-24 08:00:00Z",
      "2026-11-24T08:00Z", "2026-11-24T08:00:00.Z", "2026-11-24T08:00:00+1", "2026-1-24T08:00:00Z",
      "2026-11-24T08:00:00+01", "2026-11-24T08:00:00+0100", "2026-11-24T08:00:00Z ",
      "2026-00-24T08:00:00Z", "2026-13-24T08:00:00Z", "2026-11-00T08:00:00Z",
      "2026-11-31T08:00:00Z", "2026-02-29T08:00:00Z", "1900-02-29T08:00:00Z",
      "2026-11-24T24:00:00Z", "2026-11-24T08:60:00Z", "2026-11-24T08:00:61Z",
      "2026-11-24T08:00:00+24:00", "2026-11-24T08:00:00+01:60", "-026-11-24T08:00:00Z",
      "+2026-11-24T08:00:00Z", "2026-11-24T08:00:00,5Z", "２026-11-24T08:00:00Z",
    ])
  func noTimes(text: String) {
    #expect(time(text) == nil)
  }

  @Test("times agree with Foundation on every day of four centuries")
  func calendar() throws {
    let formatter = Date.ISO8601FormatStyle()
    for day in stride(from: 0, to: 400 * 366, by: 1) {
      let date = Date(timeIntervalSince1970: Double(day) * 86_400 + 3_661)
      guard day % 7 == 0 || day % 365 < 70 else { continue }
      #expect(time(date.formatted(formatter)) == UInt64(date.timeIntervalSince1970) * 1000)
    }
  }

  @Test("base64 is decoded as Foundation does")
  func base64() {
    var random = SeededGenerator(seed: 5)
    for count in 0..<200 {
      let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
      let text = Array(Data(bytes).base64EncodedString().utf8)
      text.withUnsafeBufferPointer {
        #expect(Base64.decode($0) == .success(bytes))
        #expect(Base64.decodedCount($0) == count)
      }
    }
  }

  @Test(
    "base64 that is not strict is refused with the place",
    arguments: [
      ("Q", .length), ("QQ=", .length), ("QQ==Q", .length), ("====", .character(offset: 0)),
      ("Q===", .character(offset: 1)), ("QQ=Q", .character(offset: 2)),
      ("Q Q=", .character(offset: 1)),
      ("QUI-", .character(offset: 3)), ("QQ==QQ==", .character(offset: 2)), ("QR==", .leftoverBits),
      ("QUJ=", .leftoverBits), ("\u{80}AA", .character(offset: 0)),
    ] as [(String, Base64.Failure)])
  func badBase64(text: String, failure: Base64.Failure) {
    Array(text.utf8).withUnsafeBufferPointer {
      #expect(Base64.decode($0) == .failure(failure))
    }
  }

  @Test(
    "numbers are exact",
    arguments: [
      ("18446744073709551615", .integer(.max)), ("18446744073709551616", .tooLarge),
      ("1844674407370955161500e-2", .integer(.max)), ("1e19", .integer(10_000_000_000_000_000_000)),
      ("1e20", .tooLarge), ("99999999999999999999", .tooLarge), ("-1", .negative),
      ("-1e99999999999999999999", .negative), ("1e99999999999999999999", .tooLarge),
      ("1e-99999999999999999999", .fraction), ("0e99999999999999999999", .integer(0)),
      ("1.5", .fraction), ("1.50e1", .integer(15)), ("1.05e2", .integer(105)),
      ("1.0005e4", .integer(10_005)), ("10.01e2", .integer(1001)), ("15e-1", .fraction),
      ("150e-1", .integer(15)),
      ("0.000000000000000000000000000000001e33", .integer(1)),
      ("1000000000000000000000000000000000e-33", .integer(1)),
      ("1000000000000000000000000000000001e-33", .fraction),
      ("9007199254740993", .integer(9_007_199_254_740_993)),
    ] as [(String, JSONNumber)])
  func numbers(text: String, value: JSONNumber) throws {
    let number = try Array(text.utf8).withUnsafeBufferPointer { bytes in
      var cursor = JSONCursor(bytes)
      let number = try cursor.number()
      #expect(cursor.offset == bytes.count)
      return number
    }
    #expect(number == value)
  }

  @Test("generated UUIDs hold the time, and version and variant whatever the random bits are")
  func uuid() {
    var ones = Constant(value: .max)
    var zeros = Constant(value: 0)
    #expect(
      MessageUUID.makeV7(nowMs: 0x0123_4567_89AB, random: &ones)
        == "01234567-89ab-7fff-bfff-ffffffffffff")
    #expect(
      MessageUUID.makeV7(nowMs: 0x0123_4567_89AB, random: &zeros)
        == "01234567-89ab-7000-8000-000000000000")
  }

  private struct Constant: RandomNumberGenerator {
    var value: UInt64
    mutating func next() -> UInt64 { value }
  }
}
