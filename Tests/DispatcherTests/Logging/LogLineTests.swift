import Foundation
import Logging
import Testing

@testable import Dispatcher

@Suite struct LogLineTests {
  private func line(
    _ format: LogFormat, _ message: String, _ metadata: Logger.Metadata = [:]
  ) -> String {
    String(
      decoding: LogLine.bytes(
        format, timeMs: 1_795_507_200_042, level: .info, message: message, metadata: metadata),
      as: UTF8.self)
  }

  @Test("text is time, level, message and the fields in alphabetical order")
  func text() {
    #expect(
      line(.text, "listening", ["listen": "127.0.0.1:1", "admin": "off"])
        == "2026-11-24T08:00:00.042Z info listening admin=off listen=127.0.0.1:1\n")
  }

  @Test("a value that could be mistaken for something else stands in quotation marks")
  func quoting() {
    #expect(line(.text, "m", ["a": "two words"]).hasSuffix(" a=\"two words\"\n"))
    #expect(line(.text, "m", ["a": ""]).hasSuffix(" a=\"\"\n"))
    #expect(line(.text, "m", ["a": "b=c"]).hasSuffix(" a=\"b=c\"\n"))
    #expect(line(.text, "m", ["a": "\"\\"]).hasSuffix(" a=\"\\\"\\\\\"\n"))
    #expect(line(.text, "m", ["a": "größer"]).hasSuffix(" a=größer\n"))
  }

  @Test(
    "whatever stands in message or value, an event is one line",
    arguments: [LogFormat.text, .json])
  func oneLine(format: LogFormat) {
    let nasty = "a\nb\r\nc\u{1B}[31m\u{0}\u{7F}\t"
    let text = line(format, nasty, ["k\n": "\(nasty)"])
    #expect(text.filter(\.isNewline).count == 1)
    #expect(text.utf8.dropLast().allSatisfy { $0 >= 0x20 && $0 != 0x7F })
  }

  @Test("json is one object a line that says the same")
  func json() throws {
    let text = line(
      .json, "a \"b\"\n\u{1}", ["uuid": "x", "level": "mine", "list": ["1", "2"]])
    let object = try #require(
      try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: String])
    #expect(
      object == [
        "time": "2026-11-24T08:00:00.042Z", "level": "info", "message": "a \"b\"\n\u{1}",
        "uuid": "x", "level_": "mine", "list": "[\"1\", \"2\"]",
      ])
  }

  @Test("json has numbers and truth values as such, and texts of digits as texts")
  func jsonNumbers() throws {
    let text = line(
      .json, "m",
      [
        "attempt": .stringConvertible(UInt32(3)), "by_ms": .stringConvertible(Int64.min),
        "most": .stringConvertible(UInt64.max), "share": .stringConvertible(0.25),
        "none": .stringConvertible(Double.nan), "clean": .stringConvertible(true),
        "uuid": "123", "reason": "7",
      ])
    let fields = """
      "attempt":3,"by_ms":-9223372036854775808,"clean":true,"most":18446744073709551615,\
      "none":"nan","reason":"7","share":0.25,"uuid":"123"}

      """
    #expect(text.hasSuffix(fields), "\(text)")
    #expect(try JSONSerialization.jsonObject(with: Data(text.utf8)) is [String: Any])
  }

  @Test(
    "times are shown in UTC with milliseconds",
    arguments: [
      (0, "1970-01-01T00:00:00.000Z"), (951_782_400_999, "2000-02-29T00:00:00.999Z"),
      (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
    ] as [(UInt64, String)])
  func times(unixMs: UInt64, text: String) {
    #expect(UTCTime.text(unixMs: unixMs) == text)
  }
}
