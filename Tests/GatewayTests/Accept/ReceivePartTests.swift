import NIOCore
import Testing

@testable import Gateway

@Suite("A part of the receiving budget")
struct ReceivePartTests {
  private static let mebibyte = 1 << 20
  private let here = PeerAddress.v4(1)
  private let there = PeerAddress.v4(2)

  /// A part of 16 MiB whose time is in milliseconds.
  private final class Part {
    private(set) var part = ReceivePart(limit: 16 * mebibyte, patience: .milliseconds(500))

    private func time(_ milliseconds: Int64) -> NIODeadline {
      .uptimeNanoseconds(1_000_000_000_000) + .milliseconds(milliseconds)
    }

    /// One more request, which holds so many bytes at once.
    func open(_ id: UInt64, _ peer: PeerAddress, _ bytes: Int, at now: Int64) -> Bool {
      part.open(id, peer: peer, since: time(now))
      return charge(id, bytes, at: now)
    }

    func charge(_ id: UInt64, _ bytes: Int, at now: Int64) -> Bool {
      part.charge(id, bytes, now: time(now))
    }

    func close(_ id: UInt64) { part.close(id) }
    func take(_ count: Int) -> Bool { part.take(count) }
    func give(back count: Int) { part.give(back: count) }
    func settle(at now: Int64) -> ReceivePart.Orders { part.settle(now: time(now)) }
    var held: Int { part.held }
  }

  @Test("while there is room nobody waits and nobody pays, whoever has it")
  func room() {
    let part = Part()
    #expect(part.open(1, here, 16 * Self.mebibyte, at: 0))
    #expect(part.settle(at: 1_000_000).isEmpty)
    part.close(1)
    #expect(part.held == 0)
  }

  @Test("what is read before anybody could say no counts, and its owner waits")
  func countsAtOnce() {
    let part = Part()
    #expect(part.open(1, here, 16 * Self.mebibyte, at: 0))
    #expect(!part.open(2, here, Self.mebibyte, at: 0))
    #expect(part.held == 17 * Self.mebibyte)
    #expect(part.settle(at: 499).isEmpty)
  }

  @Test("who waits goes on in order, as far as there is room, when somebody is done")
  func goesOn() {
    let part = Part()
    #expect(part.open(1, here, 16 * Self.mebibyte, at: 0))
    for id in 2...4 as ClosedRange<UInt64> { #expect(!part.open(id, here, 1000, at: 0)) }
    #expect(part.charge(1, 16 * Self.mebibyte - 70_000, at: 1))
    #expect(part.settle(at: 1) == .init(goOn: [2, 3]))
    #expect(part.charge(2, 2000, at: 2))
    #expect(!part.charge(4, 2000, at: 2))
    part.close(1)
    #expect(part.settle(at: 2) == .init(goOn: [4]))
  }

  @Test("after half a second without room the slowest and largest pays, not who came last")
  func pays() {
    let part = Part()
    #expect(part.open(1, here, Self.mebibyte, at: 0))
    #expect(part.open(2, here, 7 * Self.mebibyte, at: 1000))
    #expect(part.open(3, here, 8 * Self.mebibyte, at: 9000))
    #expect(!part.open(4, here, Self.mebibyte, at: 10_000))
    #expect(part.settle(at: 10_499).isEmpty)
    #expect(part.settle(at: 10_500) == .init(goOn: [4], giveUp: [2]))
    #expect(part.held == 10 * Self.mebibyte)
  }

  @Test("an address with more than half of the room pays at once when another one waits")
  func share() {
    let part = Part()
    for id in 1...4 as ClosedRange<UInt64> {
      #expect(part.open(id, here, 4 * Self.mebibyte, at: Int64(id)))
    }
    #expect(!part.open(9, there, Self.mebibyte, at: 1000))
    #expect(part.settle(at: 1000) == .init(goOn: [9], giveUp: [1]))
    // A proxy's own requests among themselves have their patience.
    #expect(!part.open(5, here, 4 * Self.mebibyte, at: 1000))
    #expect(part.settle(at: 1499).isEmpty)
  }

  @Test("far beyond the limit somebody pays at once, however many came together")
  func overdraft() {
    let part = Part()
    #expect(part.open(1, here, 15 * Self.mebibyte, at: 0))
    #expect(part.open(2, here, Self.mebibyte, at: 0))
    for id in 3...4 as ClosedRange<UInt64> {
      #expect(!part.open(id, here, Self.mebibyte, at: 0))
    }
    #expect(part.settle(at: 1).isEmpty)
    #expect(!part.open(5, here, Self.mebibyte, at: 1))
    #expect(part.settle(at: 1) == .init(goOn: [3, 4, 5], giveUp: [1]))
    #expect(part.held == 4 * Self.mebibyte)
  }

  @Test("whole messages that wait for the store take what is free, and never more")
  func take() {
    let part = Part()
    #expect(part.take(16 * Self.mebibyte))
    #expect(!part.take(1))
    part.give(back: 16 * Self.mebibyte)
    #expect(part.held == 0)
  }
}
