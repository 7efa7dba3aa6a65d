import Delivery
import Dispatch
import Synchronization
import Testing

@Suite("Resolving names off the event loops")
struct NameResolverTests {
  private static let found = NameResolver.Outcome.success([.v4(1)])

  private func ask(_ resolver: NameResolver, _ host: String) async -> NameResolver.Outcome {
    await withCheckedContinuation { continuation in
      let reply = resolver.ask(host) { continuation.resume(returning: $0) }
      if case .ready(let outcome) = reply { continuation.resume(returning: outcome) }
    }
  }

  @Test("a name is looked up once and then answered at once until it expires")
  func cached() async {
    let clock = HTTPTestClock()
    let lookups = Mutex(0)
    let resolver = NameResolver(clock: clock) { _ in
      lookups.withLock { $0 += 1 }
      return Self.found
    }
    #expect(await ask(resolver, "a") == Self.found)
    #expect(await ask(resolver, "a") == Self.found)
    #expect(lookups.withLock { $0 } == 1)
    clock.advance(.seconds(31))
    #expect(await ask(resolver, "a") == Self.found)
    #expect(lookups.withLock { $0 } == 2)
    resolver.shutdown()
  }

  @Test("dead names that hang don't keep a good one from being looked up")
  func deadNames() async {
    let release = DispatchSemaphore(value: 0)
    let clock = HTTPTestClock()
    let resolver = NameResolver(clock: clock) { host in
      guard host.hasPrefix("dead") else { return Self.found }
      release.wait()
      return .failure(.unavailable)
    }
    #expect(await ask(resolver, "good") == Self.found)
    clock.advance(.seconds(31))
    let dead = (0..<20).map { index in
      Task { await ask(resolver, "dead\(index)") }
    }
    #expect(await ask(resolver, "good") == Self.found)
    for _ in dead { release.signal() }
    for task in dead { #expect(await task.value == .failure(.unavailable)) }
    resolver.shutdown()
  }

  @Test("who abandons is not answered, the others are")
  func abandoned() async {
    let release = DispatchSemaphore(value: 0)
    let resolver = NameResolver(clock: HTTPTestClock()) { _ in
      release.wait()
      return Self.found
    }
    let wrong = Mutex(false)
    if case .waits(let ticket) = resolver.ask("a", then: { _ in wrong.withLock { $0 = true } }) {
      resolver.abandon(ticket)
    }
    async let outcome = ask(resolver, "a")
    release.signal()
    #expect(await outcome == Self.found)
    #expect(wrong.withLock { $0 } == false)
    resolver.shutdown()
  }

  @Test("where no thread can be started a look-up says so, and later ones work")
  func noThread() async {
    let fails = Mutex(true)
    let resolver = NameResolver(
      clock: HTTPTestClock(), lookup: { _ in Self.found },
      startThread: { job in
        fails.withLock { $0 } ? false : LookupThreads.startThread(job)
      })
    for host in ["a", "b", "a"] {
      let outcome = await ask(resolver, host)
      #expect(
        outcome == .failure(.shortage(.threads, reason: "the system starts no thread")))
    }
    fails.withLock { $0 = false }
    #expect(await ask(resolver, "a") == Self.found)
    resolver.shutdown()
  }

  @Test("work waits for the threads there are when no more can be started")
  func fewThreads() async {
    let started = Mutex(0)
    let resolver = NameResolver(
      clock: HTTPTestClock(), lookup: { _ in Self.found },
      startThread: { job in
        let isFirst = started.withLock { count in
          count += 1
          return count == 1
        }
        return isFirst && LookupThreads.startThread(job)
      })
    await withTaskGroup(of: NameResolver.Outcome.self) { group in
      for number in 0..<20 { group.addTask { await self.ask(resolver, "host-\(number)") } }
      for await outcome in group { #expect(outcome == Self.found) }
    }
    resolver.shutdown()
  }

  @Test("of a name with thousands of addresses 64 are kept")
  func manyAddresses() async {
    let all = (1...5000).map { IPAddress.v4($0) }
    let resolver = NameResolver(clock: HTTPTestClock(), lookup: { _ in .success(all) })
    #expect(await ask(resolver, "a") == .success(Array(all.prefix(64))))
    #expect(await ask(resolver, "a") == .success(Array(all.prefix(64))))
    resolver.shutdown()
  }

  @Test("the system knows localhost, and that .invalid never exists or can't say now")
  func system() {
    guard case .success(let addresses) = SystemLookup.addresses(of: "localhost") else {
      Issue.record("localhost has no address")
      return
    }
    #expect(addresses.allSatisfy { $0.isLoopback })
    #expect(SystemLookup.addresses(of: "a\u{0}b") == .failure(.noSuchHost))
    #expect(SystemLookup.addresses(of: "") == .failure(.noSuchHost))
    #expect(
      SystemLookup.addresses(of: String(repeating: "a", count: 300)) == .failure(.noSuchHost))
  }
}
