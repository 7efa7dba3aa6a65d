import AsyncHTTPClient
import Glibc
import NIOCore
import NIOSSL

/// A connection reached an address that may not be a destination.
struct BlockedDestination: Error {
  var reason: String
}

/// The other end of a connection was verified, by a certificate that is too weak to mean anything.
struct WeakCertificate: Error {
  var weakness: String
}

extension AttemptCore.ExchangeFailure {
  /// What an error of the network stack means for an attempt; nil when the client is shutting down.
  /// `connecting`: no connection stood yet. `place`: address and port.
  init?(_ error: any Error, connecting: Bool, place: String) {
    switch error {
    case let error as BlockedDestination:
      self.init(kind: .blocked, detail: error.reason)
    case let error as WeakCertificate:
      self.init(kind: .tls, detail: "the certificate \(error.weakness)")
    case let failure as Self:
      self = failure
    case let doubted as DoubtedError:
      self.init(doubted.error, connecting: connecting, place: place)
      if doubt == nil { doubt = doubted.doubt }
    case let error as IOError:
      self.init(error, connecting: connecting, place: place)
    case let error as HTTPClientError:
      self.init(error, connecting: connecting, place: place)
    case is NIOSSLError, is NIOSSLExtraError, is BoringSSLError:
      self.init(kind: .tls, detail: Self.tlsText(error))
    case is ChannelError:
      self.init(Self.closed(connecting: connecting, place: place))
    default:
      self.init(kind: connecting ? .connect : .closed, detail: "\(error)")
    }
  }

  private init(_ failure: Self) { self = failure }

  private static func closed(connecting: Bool, place: String) -> Self {
    // A kept connection may have died just before it was taken: nothing was sent, so that another
    // try is free.
    guard connecting else { return .connectionClosed }
    var failure = Self.unsent
    failure.detail += " (\(place))"
    return failure
  }

  private init(_ error: IOError, connecting: Bool, place: String) {
    let text =
      switch error.errnoCode {
      case ECONNREFUSED: "connection refused"
      case ECONNRESET, EPIPE: "connection reset"
      case EHOSTUNREACH: "host unreachable"
      case ENETUNREACH: "network unreachable"
      case ETIMEDOUT: "connection timed out"
      case EADDRNOTAVAIL: "no local address or port"
      case EMFILE, ENFILE: "too many open files here"
      default: String(cString: strerror(error.errnoCode))
      }
    // Once a request is on its way, the receiver may have it: then our shortage is a connection that
    // broke, like any other.
    self.init(
      kind: connecting ? .connect : .closed, detail: "\(text) (\(place))",
      shortage: connecting ? OwnShortage(errno: error.errnoCode) : nil)
  }

  private init?(_ error: HTTPClientError, connecting: Bool, place: String) {
    switch error {
    case .cancelled, .alreadyShutdown:
      return nil
    case .connectTimeout, .getConnectionFromPoolTimeout, .tlsHandshakeTimeout:
      self.init(kind: .timeout, detail: "no connection to \(place) in time")
    case .remoteConnectionClosed:
      self = Self.closed(connecting: connecting, place: place)
    default:
      self.init(kind: .protocol, detail: "\(error.shortDescription)")
    }
  }

  /// BoringSSL's errors are lists of codes with source lines; a person wants to know which side of
  /// the certificate is wrong.
  private static func tlsText(_ error: any Error) -> String {
    let text = String(describing: error)
    if error is NIOSSLExtraError { return "the certificate is not for this host" }
    if text.contains("CERTIFICATE_VERIFY_FAILED") {
      return "the certificate is not trusted (unknown issuer, self-signed or expired)"
    }
    if text.contains("WRONG_VERSION_NUMBER") || text.contains("HTTP_REQUEST") {
      return "the other side does not speak TLS"
    }
    if text.contains("UNSUPPORTED_PROTOCOL") || text.contains("PROTOCOL_VERSION") {
      return "no common TLS version, at least 1.2 is needed"
    }
    if text.contains("uncleanShutdown") { return "TLS connection closed without a goodbye" }
    if text.contains("CERTIFICATE_REQUIRED") { return AnswerMeaning.wantsCertificate }
    if text.contains("ALERT_BAD_CERTIFICATE") {
      return "the other side refused the TLS handshake: it may want a client certificate"
    }
    if text.contains("ALERT") { return "the other side refused the TLS handshake" }
    return "TLS handshake failed"
  }
}
