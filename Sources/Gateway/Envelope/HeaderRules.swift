import Delivery

/// Which request headers and methods a message may bring.
///
/// `webhook-id` and `webhook-timestamp` are allowed: a message that was signed by its sender
/// (Standard Webhooks) can be passed on only with the values that its signature covers. So the
/// message's own win, and Dispatcher adds its own only where the message has none; the same goes
/// for `User-Agent`.
enum HeaderRules {
  static let token = ASCIISet(
    "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")

  /// `token` of RFC 9110 §5.6.2.
  static func isToken(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    let token = token
    return !bytes.isEmpty && bytes.allSatisfy { token.contains($0) }
  }

  /// Why this header is Dispatcher's own to set; nil = it is not. Goes on after the header's name.
  static func refusal(ofName name: UnsafeBufferPointer<UInt8>) -> String? {
    switch lowercased(name[0]) {
    case UInt8(ascii: "c"):
      if equalsIgnoringCase(name, "content-length") { return "is computed from the body" }
      return equalsIgnoringCase(name, "connection") ? hopByHop : nil
    case UInt8(ascii: "d"):
      return hasPrefixIgnoringCase(name, "dispatcher-") ? "is set by Dispatcher itself" : nil
    case UInt8(ascii: "e"):
      // The body is sent at once, so that nobody waits for the answer that this asks for.
      return equalsIgnoringCase(name, "expect") ? "can't be used: the body is sent at once" : nil
    case UInt8(ascii: "h"):
      if equalsIgnoringCase(name, "host") { return "is taken from Url" }
      return equalsIgnoringCase(name, "http2-settings") ? hopByHop : nil
    case UInt8(ascii: "k"):
      return equalsIgnoringCase(name, "keep-alive") ? hopByHop : nil
    case UInt8(ascii: "p"):
      return hasPrefixIgnoringCase(name, "proxy-") ? hopByHop : nil
    case UInt8(ascii: "t"):
      let isHopByHop =
        equalsIgnoringCase(name, "te") || equalsIgnoringCase(name, "trailer")
        || equalsIgnoringCase(name, "transfer-encoding")
      return isHopByHop ? hopByHop : nil
    case UInt8(ascii: "u"):
      return equalsIgnoringCase(name, "upgrade") ? hopByHop : nil
    default:
      return nil
    }
  }

  /// Why this can't be a header's value (RFC 9110 §5.5); nil = it can. Goes on after "The value of X".
  ///
  /// White space at the ends is refused rather than cut: HTTP would lose it on the way, and what
  /// arrives would not be what was given.
  static func refusal(ofValue value: UnsafeBufferPointer<UInt8>) -> String? {
    for byte in value where (byte < 0x20 && byte != 0x09) || byte == 0x7F {
      switch byte {
      case 0x0D, 0x0A: return "holds a line break"
      case 0: return "holds a NUL"
      default: return "holds a control character"
      }
    }
    guard let first = value.first, let last = value.last else { return nil }
    let hasSpace = isBlank(first) || isBlank(last)
    return hasSpace ? "begins or ends with white space, which HTTP would lose" : nil
  }

  /// Whether a request with two of these fields is one that receivers refuse or read in different
  /// ways: those that RFC 9110 defines as no list (§5.3), and a few from elsewhere.
  static func hasOneValue(_ name: String) -> Bool {
    var name = name
    return name.withUTF8 { name in singletons.contains { equalsIgnoringCase(name, $0) } }
  }

  private static let singletons: [StaticString] = [
    // RFC 9110.
    "authorization", "content-length", "content-location", "content-range", "content-type", "date",
    "etag", "from", "host", "if-modified-since", "if-range", "if-unmodified-since", "last-modified",
    "location", "max-forwards", "range", "referer", "retry-after", "server", "user-agent",
    // RFC 9111, 6266, 6454 and 2045, the Fetch standard.
    "age", "expires", "content-disposition", "origin", "mime-version",
    "access-control-request-method",
    // Standard Webhooks, Trace Context (W3C), SOAP 1.1, draft-ietf-httpapi-idempotency-key-header.
    "webhook-id", "webhook-timestamp", "webhook-signature", "traceparent", "soapaction",
    "idempotency-key",
  ]

  /// The method that is meant, in its own case; nil = none that is known.
  static func knownMethod(_ name: UnsafeBufferPointer<UInt8>) -> String? {
    methods.first { equalsIgnoringCase(name, $0.lowercase) }?.method
  }

  /// The IANA registry of methods without those that no webhook uses.
  private static let methods: [(lowercase: StaticString, method: String)] = [
    ("post", "POST"), ("put", "PUT"), ("get", "GET"), ("patch", "PATCH"), ("delete", "DELETE"),
    ("head", "HEAD"), ("options", "OPTIONS"), ("query", "QUERY"), ("copy", "COPY"),
    ("move", "MOVE"), ("lock", "LOCK"), ("unlock", "UNLOCK"), ("link", "LINK"),
    ("unlink", "UNLINK"), ("mkcol", "MKCOL"), ("propfind", "PROPFIND"),
    ("proppatch", "PROPPATCH"), ("report", "REPORT"), ("search", "SEARCH"),
  ]

  private static let hopByHop = "belongs to a single connection (hop-by-hop) and is not passed on"

  private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }
}
