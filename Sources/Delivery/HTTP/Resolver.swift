/// Turns names into addresses, off the event loops and off the cooperative pool.
package final class Resolver: Sendable {
  package init(clock: any Clock) {}
  /// Lets the threads end after what they are doing.
  package func shutdown() {}
}
