import Synchronization

/// Turns names into addresses, off the event loops and off the cooperative pool: `getaddrinfo`
/// blocks, and NIO's own resolver is one serial queue per event loop, where one dead name delays all
/// others. `LookupTable` decides, this only performs it.
package final class NameResolver: Sendable {
  package typealias Outcome = LookupTable.Outcome

  package enum Reply: Sendable {
    case ready(Outcome)
    case waits(Ticket)
  }

  /// A caller that waits.
  package struct Ticket: Sendable {
    fileprivate let host: String
    fileprivate let number: LookupTable.Ticket
  }

  private struct State: ~Copyable {
    var table: LookupTable
    var callers: [LookupTable.Ticket: @Sendable (Outcome) -> Void] = [:]
  }

  private let clock: any Clock
  private let lookup: @Sendable (String) -> Outcome
  private let threads: LookupThreads
  private let addressesMax: Int
  /// Short and hot: one dictionary look-up for a cached name.
  private let state: Mutex<State>

  package init(
    clock: any Clock, limits: LookupTable.Limits = .init(),
    lookup: @escaping @Sendable (String) -> Outcome = SystemLookup.addresses(of:),
    startThread: @escaping LookupThreads.Start = LookupThreads.startThread
  ) {
    self.clock = clock
    self.lookup = lookup
    threads = LookupThreads(count: limits.threads, start: startThread)
    addressesMax = limits.addresses
    state = Mutex(State(table: LookupTable(limits: limits)))
  }

  /// The addresses of `host`: at once when they are cached, otherwise later through `then`, which is
  /// called once on a thread of the resolver and must only hand over. A caller that doesn't want to
  /// wait as long as the system does (it may be half a minute) says `abandon`.
  package func ask(_ host: String, then: @escaping @Sendable (Outcome) -> Void) -> Reply {
    let reply: Reply = state.withLock { state in
      switch state.table.ask(host, now: clock.monotonic()) {
      case .answer(let outcome): return .ready(outcome)
      case .waits(let number):
        state.callers[number] = then
        return .waits(Ticket(host: host, number: number))
      }
    }
    if case .waits = reply { startLookups() }
    return reply
  }

  /// `then` of this ticket is not called any more, unless it is being called right now.
  package func abandon(_ ticket: Ticket) {
    state.withLock { state in
      state.table.abandon(ticket.number, host: ticket.host)
      state.callers[ticket.number] = nil
    }
  }

  /// Lets the threads end after what they are doing; who waits gets no answer any more.
  package func shutdown() {
    threads.stop()
    state.withLock { $0.callers.removeAll() }
  }

  private func startLookups() {
    while let host = state.withLock({ $0.table.nextToRun(now: clock.monotonic()) }) {
      let taken = threads.run { [weak self, lookup, addressesMax] in
        let outcome = lookup(host).map { Array($0.prefix(addressesMax)) }
        self?.finished(host, outcome)
      }
      if !taken {
        let error = LookupError.shortage(.threads, reason: "the system starts no thread")
        // Later and elsewhere: this may be the call of `ask`, whose caller has no ticket yet.
        Task { self.finished(host, .failure(error)) }
      }
    }
  }

  private func finished(_ host: String, _ outcome: Outcome) {
    let callers = state.withLock { state in
      state.table.finished(host, outcome, now: clock.monotonic())
        .compactMap { state.callers.removeValue(forKey: $0) }
    }
    startLookups()
    for caller in callers { caller(outcome) }
  }
}
