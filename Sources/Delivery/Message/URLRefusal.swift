/// Why a URL is not one that messages can be sent to. Offsets in bytes from its start.
package enum URLRefusal: Error, Sendable, Equatable, CustomStringConvertible {
  case empty
  case tooLong(bytes: Int)
  case relative
  case otherScheme(String)
  case userInfo
  case noHost
  case badHost(String)
  case badAddress(String)
  case unbracketedIPv6
  case badPort(String)
  case badCharacter(UInt8, offset: Int)
  case beyondASCII(offset: Int)
  case badEscape(offset: Int)

  /// Goes on after "Url ".
  package var description: String {
    switch self {
    case .empty:
      "is empty"
    case .tooLong(let bytes):
      "has \(bytes) bytes; at most \(TargetURL.maxBytes) are allowed"
    case .relative:
      "must be absolute and begin with http:// or https://"
    case .otherScheme(let scheme):
      "has the scheme \"\(scheme)\"; it must begin with http:// or https://"
    case .userInfo:
      "must not hold a user name or password; send an Authorization header"
    case .noHost:
      "has no host"
    case .badHost(let host):
      "has the host \"\(host)\", which is not a valid host name"
    case .badAddress(let host):
      "has the host \"\(host)\", which is not a valid IP address"
    case .unbracketedIPv6:
      "has too many colons in its host; an IPv6 address stands in brackets"
    case .badPort(let port):
      "has the port \"\(port)\"; a port is a number from 1 to 65535"
    case .badCharacter(let byte, let offset):
      "has \(Self.name(of: byte)) at byte \(offset), which a URL can only hold percent-encoded"
    case .beyondASCII(let offset):
      "has a character beyond ASCII at byte \(offset); "
        + "write host names in punycode (xn--) and percent-encode the rest"
    case .badEscape(let offset):
      "has a % at byte \(offset) that is not followed by two hexadecimal digits"
    }
  }

  private static func name(of byte: UInt8) -> String {
    switch byte {
    case UInt8(ascii: " "): "a space"
    case 0..<0x20, 0x7F: "a control character"
    default: "the character \(Character(UnicodeScalar(byte)))"
    }
  }
}
