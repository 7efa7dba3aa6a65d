/// Where a request goes and what its first lines say, read from the message's URL and origin.
struct RequestTarget: Equatable {
  var usesTLS: Bool
  /// Lower case, without brackets: what is resolved, and what a certificate must be for.
  var host: String
  var port: Int
  /// The `Host` header: host and port as the URL spells them.
  var authority: String
  /// Path and query as the URL spells them, without the fragment; `/` when the path is empty. Bytes
  /// that can't stand in a request line (the gateway takes none) are percent-encoded.
  var requestURI: String

  /// nil when the URL or the origin isn't of the form that the gateway stores.
  init?(url: String, origin: Origin) {
    guard let (usesTLS, rest) = Self.scheme(origin.description[...]),
      let colon = rest.utf8.lastIndex(of: UInt8(ascii: ":")),
      let port = Int(rest[rest.utf8.index(after: colon)...]), (1...65535).contains(port)
    else { return nil }
    let host = Self.withoutBrackets(rest[..<colon])
    guard !host.isEmpty, let (_, remainder) = Self.scheme(url[...]) else { return nil }

    let bytes = remainder.utf8
    let pathStart = bytes.firstIndex { Self.endsAuthority($0) } ?? bytes.endIndex
    guard let authority = Self.authority(remainder[..<pathStart]) else { return nil }
    self.usesTLS = usesTLS
    self.host = host
    self.port = port
    self.authority = authority
    requestURI = Self.requestURI(remainder[pathStart...])
  }

  private static func scheme(_ text: Substring) -> (usesTLS: Bool, rest: Substring)? {
    guard let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")) else { return nil }
    let rest = text[colon...]
    guard rest.hasPrefix("://") else { return nil }
    switch text[..<colon].lowercased() {
    case "http": return (false, rest.dropFirst(3))
    case "https": return (true, rest.dropFirst(3))
    default: return nil
    }
  }

  private static func endsAuthority(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: "/") || byte == UInt8(ascii: "?") || byte == UInt8(ascii: "#")
  }

  private static func withoutBrackets(_ host: Substring) -> String {
    host.hasPrefix("[") && host.hasSuffix("]") ? String(host.dropFirst().dropLast()) : String(host)
  }

  /// Without user info, and without the colon of an empty port.
  private static func authority(_ text: Substring) -> String? {
    var text = text
    if let at = text.utf8.lastIndex(of: UInt8(ascii: "@")) {
      text = text[text.utf8.index(after: at)...]
    }
    if text.hasSuffix(":") { text = text.dropLast() }
    return text.isEmpty ? nil : String(text)
  }

  private static func requestURI(_ text: Substring) -> String {
    let fragment = text.utf8.firstIndex(of: UInt8(ascii: "#")) ?? text.endIndex
    let uri = text[..<fragment]
    let rooted = uri.utf8.first == UInt8(ascii: "/") ? String(uri) : "/" + uri
    guard rooted.utf8.contains(where: { !isVisible($0) }) else { return rooted }
    var encoded = ""
    for byte in rooted.utf8 {
      if isVisible(byte) {
        encoded.unicodeScalars.append(Unicode.Scalar(byte))
      } else {
        let digits = String(byte, radix: 16, uppercase: true)
        encoded += digits.count == 1 ? "%0" + digits : "%" + digits
      }
    }
    return encoded
  }

  private static func isVisible(_ byte: UInt8) -> Bool { (0x21...0x7e).contains(byte) }
}
