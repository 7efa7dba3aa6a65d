/// Envelopes that were made to be slow to read: each shape repeats one thing for as long as there is
/// room. The tests read them through a symbolic link.
enum HostileEnvelopes {
  struct Shape: Sendable {
    let name: String
    private let head: String
    private let tail: String
    /// The n-th piece between the two.
    private let piece: @Sendable (Int) -> String

    init(
      _ name: String, _ head: String, _ piece: @escaping @Sendable (Int) -> String, _ tail: String
    ) {
      self.name = name
      self.head = head
      self.piece = piece
      self.tail = tail
    }

    init(_ name: String, _ head: String, _ piece: String, _ tail: String) {
      self.init(name, head, { _ in piece }, tail)
    }

    /// An envelope of about so many bytes.
    func bytes(_ count: Int) -> [UInt8] {
      var bytes = Array((#"{"Url":"http://a/","# + head).utf8)
      bytes.reserveCapacity(count + 64 << 10)
      var number = 0
      while bytes.count + tail.utf8.count < count {
        bytes += piece(number).utf8
        number += 1
      }
      return bytes + (tail + "}").utf8
    }
  }

  static let shapes: [Shape] = [
    // Names that are compared with each other.
    Shape("one header name", #""Header":{"#, #""X-A":"1","#, #""Z":""}"#),
    Shape("one long header name", #""Header":{"#, { long($0 & 1 == 0 ? "a" : "A") }, #""Z":""}"#),
    Shape(
      "long header names with other ends", #""Header":{"#, { long("\($0)") }, #""Z":""}"#),
    Shape(
      "90 header names over and over", #""Header":{"#, { #""X-\#($0 % 90)":"1","# }, #""Z":""}"#),
    Shape(
      "90 long header names over and over", #""Header":{"#,
      { "\"\(String(repeating: "a", count: 300))\(10 + $0 % 90)\":null," }, #""Z":""}"#),
    Shape("other header names", #""Header":{"#, { #""X-\#($0)":"1","# }, #""Z":""}"#),
    Shape("header names that are null", #""Header":{"#, { #""X-\#($0)":null,"# }, #""Z":""}"#),
    Shape("escaped header names", #""Header":{"#, #""\u0058\u002dA":"1","#, #""Z":""}"#),
    Shape("refused header names", #""Header":{"#, #""Host":"1","#, #""Z":""}"#),
    Shape("header names of bad characters", #""Header":{"#, #""a b":"1","#, #""Z":""}"#),
    // Values.
    Shape("values of one header", #""Header":{"X":["#, #""1","#, "\"\"]}"),
    Shape("values of a header for one", #""Header":{"Content-Type":["#, #""1","#, "\"\"]}"),
    Shape("header values of another type", #""Header":{"X":["#, "1,", "\"\"]}"),
    Shape("a long header value", #""Header":{"X":""#, "aaaaaaaa", #""}"#),
    // Fields.
    Shape("unknown fields", "", { #""x\#($0)":1,"# }, #""Body":"""#),
    Shape("one field over and over", "", #""Timeout":1,"#, #""Body":"""#),
    Shape("a long name of a field", "\"", "aaaaaaaa", #"":1"#),
    Shape("an escaped name of a field", "\"", #"\u0061"#, #"":1"#),
    Shape("fields of Retry", #""Retry":{"#, #""MaxAge":1,"#, #""MaxAttempts":1}"#),
    Shape("a long schedule", #""Retry":{"Schedule":["#, "1,", "1]}"),
    Shape("a schedule of wrong waits", #""Retry":{"Schedule":["#, "-1,", "1]}"),
    // Nesting.
    Shape("arrays 60 deep", #""X":["#, deep("[", "]") + ",", "1]"),
    Shape("objects 60 deep", #""X":["#, deep(#"{"a":"#, "}", inner: "1") + ",", "1]"),
    // Numbers.
    Shape("a number of nines", #""Timeout":"#, "99999999", ""),
    Shape("a number of zeros", #""Timeout":1"#, "00000000", ""),
    Shape("a number of zeros and ones", #""Timeout":1"#, "00000001", ""),
    Shape("a number of small digits", #""Timeout":0."#, "00000001", ""),
    Shape("a number with a long exponent", #""Timeout":1e"#, "99999999", ""),
    Shape("a time with a long fraction", #""NotBefore":"2026-11-24T08:00:00.0"#, "1", #"Z""#),
    // Strings.
    Shape("a plain body", #""Body":""#, "aaaaaaaa", "\""),
    Shape("a body of short escapes", #""Body":""#, #"\n"#, "\""),
    Shape("a body of long escapes", #""Body":""#, #"\u0061"#, "\""),
    Shape("a body of surrogates", #""Body":""#, #"\ud83d\ude00"#, "\""),
    Shape("a body beyond ASCII", #""Body":""#, "é", "\""),
    Shape("a body in base64", #""BodyBase64":""#, "QUJD", "\""),
    Shape("a body in bad base64", #""BodyBase64":""#, "QUJD", "Q\""),
    Shape("a body in escaped base64", #""BodyBase64":""#, #"\u0051UJD"#, "\""),
    Shape("a long UUID", #""UUID":""#, "a", "\""),
    Shape("a long method", #""Method":""#, "a", "\""),
    Shape("a long URL", #""url":"http://"#, "a.", "\""),
    Shape("white space", "", " \n", #""Body":"""#),
  ]

  private static func long(_ end: String) -> String {
    "\"\(String(repeating: "a", count: 16_000))\(end)\":null,"
  }

  private static func deep(_ open: String, _ close: String, inner: String = "") -> String {
    String(repeating: open, count: 60) + inner + String(repeating: close, count: 60)
  }
}
