/// Puts answers into words that mean something else than their status says.
enum AnswerMeaning {
  static let wantsTLS = "the port speaks TLS, the URL says http"
  static let wantsCertificate = "the receiver wants a client certificate, and there is none to show"

  /// Bytes of an answer's body that are looked at.
  static let bytesLookedAt = 1024

  /// Whether the body of an answer with this status may say more.
  static func isWorthReading(_ status: UInt16) -> Bool { status == 400 }

  /// The words of servers that answer 400 to a request without TLS at their port for it (nginx,
  /// Apache, Go, Tomcat), or to one without the certificate that they want (nginx).
  private static let words: [(String, meaning: String)] = [
    ("plain http request was sent to https port", wantsTLS),
    ("plain http to an ssl-enabled", wantsTLS),
    ("http request to an https server", wantsTLS),
    ("host and port requires tls", wantsTLS),
    ("no required ssl certificate was sent", wantsCertificate),
    ("the ssl certificate error", wantsCertificate),
  ]

  /// What the start of a body says, when we know it.
  static func of(body: [UInt8]) -> String? {
    guard !body.isEmpty else { return nil }
    let text = String(decoding: body, as: UTF8.self).lowercased()
    return words.first { text.utf8.contains($0.0.utf8) }?.meaning
  }
}

extension String.UTF8View {
  fileprivate func contains(_ needle: String.UTF8View) -> Bool {
    guard let first = needle.first else { return true }
    var rest = self[...]
    while let at = rest.firstIndex(of: first) {
      rest = rest[at...]
      if rest.starts(with: needle) { return true }
      rest = rest.dropFirst()
    }
    return false
  }
}
