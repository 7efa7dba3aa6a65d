import Delivery

/// Which request headers a message may bring.
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

  private static let hopByHop = "belongs to a single connection (hop-by-hop) and is not passed on"

  private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }
}
