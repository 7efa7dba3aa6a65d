import AsyncHTTPClient
import Glibc
import NIOCore
import NIOPosix

/// What a failed network call says to a person.
enum ErrorSentence {
  static func text(_ error: any Error) -> String {
    switch error {
    case let error as IOError: return String(cString: strerror(error.errnoCode))
    case let error as NIOConnectionError:
      if let first = error.connectionErrors.first?.error { return text(first) }
      return error.dnsAError == nil ? "no connection" : "there is no host \"\(error.host)\""
    case let error as HTTPClientError: return error.shortDescription
    default: return "\(error)"
    }
  }
}
