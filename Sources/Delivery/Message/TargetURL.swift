/// An absolute http or https URL (RFC 3986), taken apart strictly: what is accepted here can be
/// sent, so that no message fails later for its URL's form.
///
/// Stricter than the RFC where the resolver or TLS would be in the end: host names are made of
/// letters, digits, `-`, `_` and dots, user info is refused, and a colon needs a port. A fragment
/// is accepted and never sent.
package struct TargetURL: Sendable, Equatable {
  /// At most this many bytes; longer ones are refused.
  package static let maxBytes = 8192

  package let isSecure: Bool
  /// Lower case; numeric hosts in their canonical form, IPv6 in brackets.
  package let host: String
  /// The port that is written in the URL, or 80 or 443.
  package let port: Int
  /// Where path and query stand in the URL's UTF-8; may be empty or begin with `?` (then `/` goes
  /// before it on the wire).
  package let target: Range<Int>
  package let origin: Origin

  package init(_ url: String) throws(URLRefusal) {
    var url = url
    // `withUTF8` knows no typed throws.
    let result = url.withUTF8 { bytes in
      Result { () throws(URLRefusal) in try TargetURL(utf8: bytes) }
    }
    self = try result.get()
  }

  package init(utf8 bytes: UnsafeBufferPointer<UInt8>) throws(URLRefusal) {
    guard !bytes.isEmpty else { throw .empty }
    guard bytes.count <= Self.maxBytes else { throw .tooLong(bytes: bytes.count) }
    var parser = URLParser(bytes)
    isSecure = try parser.scheme()
    let authority = try parser.authority()
    let (hostRange, portRange) = try parser.split(authority)
    host = try parser.host(hostRange)
    port = try parser.port(portRange) ?? (isSecure ? 443 : 80)
    target = try parser.target()
    try parser.fragment()
    origin = Origin(isSecure: isSecure, host: host, port: port)
  }
}

extension Origin {
  /// The destination of an absolute http or https URL.
  package init(url: String) throws(URLRefusal) { self = try TargetURL(url).origin }

  /// `host` in lower case, IPv6 in brackets; `port` from 1 to 65535.
  init(isSecure: Bool, host: String, port: Int) {
    var host = host
    let text = host.withUTF8 { host in
      // "https://" and ":65535" are the longest that go around the host.
      String(unsafeUninitializedCapacity: host.count + 14) { buffer in
        var end = 0
        func append(_ byte: UInt8) {
          buffer[end] = byte
          end += 1
        }
        let scheme: StaticString = isSecure ? "https://" : "http://"
        scheme.withUTF8Buffer { $0.forEach(append) }
        host.forEach(append)
        append(UInt8(ascii: ":"))
        var divisor = 10_000
        while divisor > port { divisor /= 10 }
        while divisor > 0 {
          append(UInt8(ascii: "0") + UInt8(port / divisor % 10))
          divisor /= 10
        }
        return end
      }
    }
    self.init(normalised: text)
  }
}
