/// How much of a request's head is read. What goes beyond is refused, and no message may be made
/// that a receiver with these limits would refuse.
package struct HeadLimits: Sendable, Equatable {
  /// Bytes: a URL of 8 KiB, which is the longest that messages are taken for, and what stands around
  /// its path.
  package var requestLine = (8 << 10) + 64
  /// Bytes, the request line included.
  package var head = 32 << 10
  package var fields = 100
  /// Empty lines before a request. Without a limit a client could keep a connection for ever by
  /// sending nothing else.
  package var emptyLines = 8
  package init() {}
}
