/// An absolute http or https URL, taken apart.
package struct TargetURL: Sendable, Equatable {
  /// At most this many bytes; longer ones are refused.
  package static let maxBytes = 8192

  package let isSecure: Bool
  /// Lower case; numeric hosts in their canonical form, IPv6 in brackets.
  package let host: String
  /// The port written in the URL, or 80 or 443.
  package let port: UInt16
  /// Where path and query stand in the URL's UTF-8; may be empty or begin with `?` (then `/` goes
  /// before it on the wire). The fragment is not part of it and is never sent.
  package let target: Range<Int>
  package let origin: Origin

  package init(_ url: String) throws(URLRefusal) {
    throw .relative
  }

  package init(utf8 bytes: UnsafeBufferPointer<UInt8>) throws(URLRefusal) {
    throw .relative
  }
}

package enum URLRefusal: Error, Sendable, Equatable {
  case relative
}
