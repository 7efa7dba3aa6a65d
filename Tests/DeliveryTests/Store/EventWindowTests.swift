import Testing

@testable import Delivery

@Suite("The window of arrivals")
struct EventWindowTests {
  private static let grant = LaneGrant(lane: 0, epoch: 1)

  private static func entries(
    _ numbers: ClosedRange<UInt64>, to origin: Origin = b
  ) -> [PendingEntry] {
    numbers.map { PendingEntry(ref: ref($0), origin: origin, ageFromMs: 0) }
  }

  private static func numbers(_ events: [StoreEvent]) -> [UInt64] {
    events.flatMap { event -> [UInt64] in
      guard case .arrived(_, let entries) = event else { return [] }
      return entries.map(\.ref.number)
    }
  }

  private static func more(_ events: [StoreEvent]) -> [MoreWaiting] {
    events.flatMap { event -> [MoreWaiting] in
      guard case .more(_, let more) = event else { return [] }
      return more
    }
  }

  @Test("the grant is told once, and first")
  func grant() {
    var window = EventWindow(limit: 2, grant: Self.grant)
    #expect(!window.isEmpty)
    window.arrived(Self.entries(1...1))
    let events = window.take(nowMs: 0)
    guard events.count == 2, case .granted(Self.grant) = events[0] else {
      Issue.record("the grant must come first")
      return
    }
    #expect(window.isEmpty)
    #expect(window.take(nowMs: 0).isEmpty)
  }

  @Test("that room for outcomes runs out is told once, and not at all when it is over before")
  func scarcity() {
    var window = EventWindow(limit: 2, grant: Self.grant)
    _ = window.take(nowMs: 0)
    window.scarcity(true)
    window.scarcity(false)
    #expect(window.isEmpty)
    for isScarce in [true, false] {
      window.scarcity(isScarce)
      #expect(!window.isEmpty)
      let events = window.take(nowMs: 0)
      guard events.count == 1, case .scarcity(Self.grant, isScarce) = events[0] else {
        Issue.record("told \(events)")
        return
      }
      #expect(window.isEmpty)
    }
  }

  @Test("a destination that was left out stays so until it was told")
  func overflow() {
    var window = EventWindow(limit: 3, grant: Self.grant)
    window.arrived(Self.entries(1...2) + Self.entries(3...3, to: c) + Self.entries(4...4))
    window.arrived(Self.entries(5...5) + Self.entries(6...6, to: c))
    let events = window.take(nowMs: 0)
    #expect(Self.numbers(events) == [1, 2, 3])
    #expect(
      Self.more(events) == [MoreWaiting(origin: b, from: 4), MoreWaiting(origin: c, from: 6)])
    window.arrived(Self.entries(7...7))
    #expect(Self.numbers(window.take(nowMs: 0)) == [7])
  }

  @Test("one that waits since the start is announced from its first number on")
  func backlog() {
    var window = EventWindow(limit: 10, grant: Self.grant)
    window.more(b, from: 5, ownExpiryMs: nil)
    window.more(b, from: 9, ownExpiryMs: 70)
    window.arrived(Self.entries(10...10) + Self.entries(11...11, to: c))
    let events = window.take(nowMs: 0)
    #expect(Self.more(events) == [MoreWaiting(origin: b, from: 5, earliestOwnMs: 70)])
    #expect(Self.numbers(events) == [11])
  }

  @Test("a wait that runs is counted down until it is told")
  func countdown() {
    var window = EventWindow(limit: 10, grant: Self.grant)
    let due = PendingEntry.Due.after(milliseconds: 500)
    window.arrived([PendingEntry(ref: ref(1), origin: b, ageFromMs: 1_500, due: due)])
    guard case .arrived(_, let entries)? = window.take(nowMs: 1_200).last else {
      Issue.record("an arrival was expected")
      return
    }
    #expect(entries[0].due == .after(milliseconds: 300))
  }

  @Test(
    "what remains is never negative and never more than the delay",
    arguments: [
      (1_000, .after(milliseconds: 500)), (1_600, .now), (1_499, .after(milliseconds: 1)),
      (0, .after(milliseconds: 500)),
    ] as [(UInt64, PendingEntry.Due)])
  func remaining(_ nowMs: UInt64, _ expected: PendingEntry.Due) {
    #expect(PendingEntry.Due.remaining(untilMs: 1_500, ofMs: 500, nowMs: nowMs) == expected)
  }
}
