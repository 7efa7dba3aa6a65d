import Delivery
import Testing

@Suite("Which name is looked up when")
struct LookupTableTests {
  private static let found = LookupTable.Outcome.success([.v4(1)])
  private static let missing = LookupTable.Outcome.failure(.noSuchHost)

  private func limits(_ change: (inout LookupTable.Limits) -> Void = { _ in }) -> LookupTable.Limits
  {
    var limits = LookupTable.Limits()
    change(&limits)
    return limits
  }

  /// Asks and lets the look-up end with `outcome` after `took`.
  private func lookUp(
    _ host: String, in table: inout LookupTable, at now: Duration, took: Duration = .zero,
    _ outcome: LookupTable.Outcome = found
  ) {
    _ = table.ask(host, now: now)
    same(table.nextToRun(now: now), host)
    _ = table.finished(host, outcome, now: now + took)
  }

  /// All that may run now.
  private func startable(_ table: inout LookupTable, at now: Duration) -> [String] {
    var hosts: [String] = []
    while let host = table.nextToRun(now: now) { hosts.append(host) }
    return hosts
  }

  @Test("callers for one name share one look-up")
  func joined() {
    var table = LookupTable()
    let replies = (0..<3).map { _ in table.ask("a", now: .zero) }
    same(replies, [.waits(1), .waits(2), .waits(3)])
    same(startable(&table, at: .zero), ["a"])
    same(table.ask("a", now: .zero), .waits(4))
    same(startable(&table, at: .zero), [])
    same(table.finished("a", Self.found, now: .zero), [1, 2, 3, 4])
  }

  @Test("addresses are kept for 30 s, failures for 2 s")
  func cached() {
    var table = LookupTable()
    lookUp("good", in: &table, at: .zero)
    lookUp("bad", in: &table, at: .zero, Self.missing)
    same(table.ask("good", now: .milliseconds(29_999)), .answer(Self.found))
    same(table.ask("bad", now: .milliseconds(1_999)), .answer(Self.missing))
    same(table.ask("good", now: .seconds(30)), .waits(3))
    same(table.ask("bad", now: .seconds(2)), .waits(4))
  }

  @Test("names that failed or were slow have half of the threads, new ones three quarters")
  func shares() {
    var table = LookupTable()
    let dead = (0..<10).map { "dead\($0)" }
    for host in dead { lookUp(host, in: &table, at: .zero, Self.missing) }
    lookUp("slow", in: &table, at: .zero, took: .seconds(2))
    let good = (0..<10).map { "good\($0)" }
    for host in good { lookUp(host, in: &table, at: .zero) }

    let later = Duration.seconds(60)
    for host in dead + ["slow"] { _ = table.ask(host, now: later) }
    same(startable(&table, at: later), ["dead0", "dead1", "dead2", "dead3"])
    for host in (0..<10).map({ "new\($0)" }) { _ = table.ask(host, now: later) }
    same(startable(&table, at: later), ["new0", "new1"])
    for host in good { _ = table.ask(host, now: later) }
    same(startable(&table, at: later), ["good0", "good1"])
    _ = table.finished("good0", Self.found, now: later)
    same(startable(&table, at: later), ["good2"])
    _ = table.finished("dead3", Self.missing, now: later)
    same(startable(&table, at: later), ["dead4"])
  }

  @Test("a look-up that is slow right now counts as a suspect's")
  func slowNow() {
    var table = LookupTable()
    for host in ["a", "b", "c", "d", "e"] { _ = table.ask(host, now: .zero) }
    same(startable(&table, at: .zero).count, 5)
    lookUp("x", in: &table, at: .zero, Self.missing)
    _ = table.ask("x", now: .seconds(3))
    _ = table.ask("y", now: .seconds(3))
    same(startable(&table, at: .seconds(3)), ["y"])
  }

  @Test("a name that recovers is good again")
  func recovers() {
    var table = LookupTable(limits: limits { $0.suspects = 0 })
    lookUp("a", in: &table, at: .zero, Self.missing)
    _ = table.ask("a", now: .seconds(60))
    same(startable(&table, at: .seconds(60)), [])
    var generous = LookupTable(limits: limits { $0.unproven = 1 })
    lookUp("a", in: &generous, at: .zero, Self.missing)
    lookUp("a", in: &generous, at: .seconds(60))
    _ = generous.ask("new", now: .seconds(120))
    _ = generous.ask("a", now: .seconds(120))
    same(startable(&generous, at: .seconds(120)), ["new", "a"])
  }

  @Test("a name nobody waits for any longer is not looked up")
  func abandoned() {
    var table = LookupTable()
    _ = table.ask("a", now: .zero)
    _ = table.ask("a", now: .zero)
    table.abandon(1, host: "a")
    table.abandon(1, host: "a")
    table.abandon(9, host: "unknown")
    same(startable(&table, at: .zero), ["a"])
    same(table.finished("a", Self.found, now: .zero), [2])

    _ = table.ask("b", now: .zero)
    table.abandon(3, host: "b")
    same(startable(&table, at: .zero), [])
    same(table.ask("b", now: .zero), .waits(4))
    same(startable(&table, at: .zero), ["b"])
  }

  @Test("beyond its limits a look-up is refused at once")
  func limited() {
    var table = LookupTable(
      limits: limits {
        $0.queued = 2
        $0.waiting = 4
      })
    same(table.ask("a", now: .zero), .waits(1))
    same(table.ask("b", now: .zero), .waits(2))
    same(table.ask("c", now: .zero), .answer(.failure(.busy)))
    same(table.ask("a", now: .zero), .waits(3))
    same(table.ask("a", now: .zero), .waits(4))
    same(table.ask("a", now: .zero), .answer(.failure(.busy)))
    same(startable(&table, at: .zero), ["a", "b"])
    same(table.finished("a", Self.found, now: .zero), [1, 3, 4])
    same(table.ask("c", now: .zero), .waits(5))
  }

  @Test("a look-up that we lacked the means for is asked again at once and is no fault of the name")
  func shortage() {
    var table = LookupTable(limits: limits { $0.suspects = 0 })
    same(table.ask("a", now: .zero), .waits(1))
    same(startable(&table, at: .zero), ["a"])
    let error = LookupError.shortage(.descriptors, reason: "none is left")
    same(table.finished("a", .failure(error), now: .zero), [1])
    same(table.ask("a", now: .zero), .waits(2))
    // As a suspect it would have to wait for a place that there isn't.
    same(startable(&table, at: .zero), ["a"])
  }

  @Test("the table forgets idle names when it is full, and never those in use")
  func full() {
    var table = LookupTable(limits: limits { $0.names = 8 })
    _ = table.ask("busy", now: .zero)
    same(startable(&table, at: .zero), ["busy"])
    for index in 0..<100 { lookUp("n\(index)", in: &table, at: .zero) }
    same(table.ask("n99", now: .zero), .answer(Self.found))
    let known = (0..<100).filter { index in
      var copy = table
      return copy.ask("n\(index)", now: .zero) == .answer(Self.found)
    }
    #expect(known.count < 8)
    same(table.finished("busy", Self.found, now: .zero), [1])
  }

  @Test("the end of a look-up that nobody began is ignored")
  func unknownEnd() {
    var table = LookupTable()
    same(table.finished("a", Self.found, now: .zero), [])
  }
}
