import DequeModule

/// Decides which name is looked up when: a cache, one look-up per name at once, and threads shared
/// so that dead and slow names can't keep the others waiting. Time is passed in; it calls nobody.
package struct LookupTable {
  package struct Limits: Sendable {
    /// Look-ups at once.
    package var threads = 8
    /// … of names whose last look-up failed or was slow, or is slow right now.
    package var suspects = 4
    /// … of these and of names that never succeeded: the rest is kept for names known to be good.
    package var unproven = 6
    /// A look-up that takes longer makes its name a suspect.
    package var slow: Duration = .seconds(1)
    package var keepAddresses: Duration = .seconds(30)
    package var keepFailure: Duration = .seconds(2)
    /// Addresses of a name that are kept; a name may have thousands.
    package var addresses = 64
    /// Names remembered; when it is full, answers and history of idle names are forgotten.
    package var names = 4096
    /// Names waiting for a thread; beyond it a look-up is refused.
    package var queued = 1024
    /// Callers waiting for answers; beyond it a look-up is refused.
    package var waiting = 16384
    package init() {}
  }

  package typealias Outcome = Result<[IPAddress], LookupError>
  /// Names a waiting caller.
  package typealias Ticket = UInt64

  package enum Reply: Equatable {
    case answer(Outcome)
    /// The ticket stands in a later answer of `finished`.
    case waits(Ticket)
  }

  private enum Standing { case unproven, proven, suspect }
  private enum Phase { case idle, queued, running }
  private struct Name {
    var phase = Phase.idle
    var standing = Standing.unproven
    var answer: Outcome?
    var expires: Duration = .zero
    var waiters: [Ticket] = []
  }
  private struct Waiting {
    var host: String
    var arrival: UInt64
  }
  private struct Running {
    var host: String
    var standing: Standing
    var since: Duration
  }

  private let limits: Limits
  private var names: [String: Name] = [:]
  /// One queue per standing, oldest first.
  private var queues: [Standing: Deque<Waiting>] = [:]
  private var running: [Running] = []
  private var waiting = 0
  private var lastTicket: Ticket = 0
  private var lastArrival: UInt64 = 0

  package init(limits: Limits = Limits()) { self.limits = limits }

  /// A caller wants the addresses of `host`.
  package mutating func ask(_ host: String, now: Duration) -> Reply {
    if let name = names[host], name.phase == .idle, let answer = name.answer, now < name.expires {
      return .answer(answer)
    }
    guard waiting < limits.waiting else { return .answer(.failure(.busy)) }
    if names[host]?.phase ?? .idle == .idle {
      guard queuedCount < limits.queued else { return .answer(.failure(.busy)) }
      enqueue(host, now: now)
    }
    lastTicket += 1
    waiting += 1
    names[host]?.waiters.append(lastTicket)
    return .waits(lastTicket)
  }

  /// The next name to look up, when a thread may begin one; to be called until it says nil, after
  /// each `ask` and each `finished`.
  package mutating func nextToRun(now: Duration) -> String? {
    guard running.count < limits.threads else { return nil }
    let startable = allowed(now: now).compactMap { standing in
      queues[standing]?.first.map { (standing, $0) }
    }
    guard let (standing, next) = startable.min(by: { $0.1.arrival < $1.1.arrival }) else {
      return nil
    }
    queues[standing]?.removeFirst()
    names[next.host]?.phase = .running
    running.append(Running(host: next.host, standing: standing, since: now))
    return next.host
  }

  /// A look-up ended. Returns who waited for it.
  package mutating func finished(_ host: String, _ outcome: Outcome, now: Duration) -> [Ticket] {
    guard let index = running.firstIndex(where: { $0.host == host }), var name = names[host] else {
      return []
    }
    let took = now - running.remove(at: index).since
    let tickets = name.waiters
    waiting -= tickets.count
    name.waiters = []
    name.phase = .idle
    name.answer = outcome
    switch outcome {
    case .failure(let error) where error.shortage != nil:
      // It says nothing about the name.
      name.answer = nil
    case .success:
      name.standing = took > limits.slow ? .suspect : .proven
      name.expires = now + limits.keepAddresses
    case .failure:
      name.standing = .suspect
      name.expires = now + limits.keepFailure
    }
    names[host] = name
    return tickets
  }

  /// A caller doesn't wait any longer. A name nobody waits for leaves the queue.
  package mutating func abandon(_ ticket: Ticket, host: String) {
    guard var name = names[host], let index = name.waiters.firstIndex(of: ticket) else { return }
    name.waiters.remove(at: index)
    waiting -= 1
    if name.waiters.isEmpty, name.phase == .queued {
      name.phase = .idle
      queues[name.standing]?.removeAll { $0.host == host }
    }
    names[host] = name
  }

  private var queuedCount: Int { queues.values.reduce(0) { $0 + $1.count } }

  private mutating func enqueue(_ host: String, now: Duration) {
    makeRoom(now: now)
    var name = names[host] ?? Name()
    name.phase = .queued
    names[host] = name
    lastArrival += 1
    queues[name.standing, default: []].append(Waiting(host: host, arrival: lastArrival))
  }

  /// The standings of which one more may run now.
  private func allowed(now: Duration) -> [Standing] {
    let suspects = running.count { $0.standing == .suspect || now - $0.since > limits.slow }
    let unproven = running.count { $0.standing == .unproven && now - $0.since <= limits.slow }
    var allowed: [Standing] = [.proven]
    if suspects + unproven < limits.unproven {
      allowed.append(.unproven)
      if suspects < limits.suspects { allowed.append(.suspect) }
    }
    return allowed
  }

  /// Forgets in bulk, so that a stream of new names costs little each: first what has expired, and
  /// when that isn't enough, any that are idle.
  private mutating func makeRoom(now: Duration) {
    guard names.count >= limits.names else { return }
    names = names.filter { $0.value.phase != .idle || now < $0.value.expires }
    var surplus = names.count - limits.names / 2
    guard names.count > limits.names * 3 / 4 else { return }
    names = names.filter { entry in
      guard surplus > 0, entry.value.phase == .idle else { return true }
      surplus -= 1
      return false
    }
  }
}
