/// Tells deliveries of this very process from everything else that calls it.
///
/// Through a proxy or a forwarded port a delivery can reach our own listeners at an address that is
/// not ours: a message would enqueue messages, or a caller would reach what only an operator may. So
/// every delivery carries the mark, and a request that carries our own is refused. Another
/// instance's mark means nothing here: instances may deliver to each other.
package enum InstanceMark {
  /// A name that no message can set: the gateway refuses `Dispatcher-*`.
  package static let header = "Dispatcher-Instance"
  /// 128 random bits, others at each start, so that nobody outside can know or keep them.
  package static let own: String = (0..<4).map { _ in
    let digits = String(UInt32.random(in: 0...UInt32.max), radix: 16)
    return String(repeating: "0", count: 8 - digits.count) + digits
  }.joined()
}
