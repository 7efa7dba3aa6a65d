import Testing

@testable import Delivery

@Suite("What is told of destinations")
struct DestinationNewsTests {
  private static let a = Origin(normalised: "http://a:80")

  private struct World {
    var news = DestinationNews()
    var now = Moment(monotonic: .zero, wallMs: 0)
    var told: [DestinationNews.Item] = []

    mutating func fail(
      _ times: Int, _ origin: Origin = a, error: String = "refused",
      standing: Scheduler.Standing = .works
    ) {
      for _ in 0..<times { news.failed(origin, error, standing: standing, at: now) }
    }

    mutating func deliver(_ standing: Scheduler.Standing) {
      let note = AttemptNote(status: 200)
      _ = news.heard(.delivered(note), of: a, standing: standing, at: now)
    }

    mutating func pass(seconds: Int, standing: Scheduler.Standing = .works) {
      for _ in 0..<seconds {
        now.monotonic += .seconds(1)
        told += news.look(at: now) { _ in standing }
      }
    }
  }

  @Test("one line when it breaks, one each ten minutes, one when it is back")
  func outage() {
    var world = World()
    world.fail(5)
    world.pass(seconds: 1)
    #expect(world.told == [.broke(Self.a, failures: 5, isPartly: false, lastError: "refused")])
    #expect(world.news.brokenCount == 1)
    for _ in 0..<20 {
      world.fail(1, error: "timeout")
      world.pass(seconds: 60)
    }
    #expect(
      world.told.dropFirst() == [
        .stillBroken(Self.a, since: .seconds(601), lastError: "timeout"),
        .stillBroken(Self.a, since: .seconds(1201), lastError: "timeout"),
      ])
    world.news.succeeded(Self.a, at: world.now)
    world.pass(seconds: 11)
    #expect(world.told.last == .back(Self.a, after: .seconds(1201)))
    #expect(world.told.count == 4)
    #expect(world.news.brokenCount == 0)
    #expect(world.news.isQuiet)
  }

  @Test("a destination that fails now and then is no news")
  func flickers() {
    var world = World()
    for _ in 0..<20 {
      world.fail(4)
      world.pass(seconds: 2)
      world.news.succeeded(Self.a, at: world.now)
    }
    world.fail(5)
    world.news.succeeded(Self.a, at: world.now)
    world.pass(seconds: 2)
    #expect(world.told.isEmpty)
  }

  @Test("while a path is dead the success of another one ends nothing")
  func deadPath() {
    var world = World()
    world.fail(1)
    world.deliver(.works)
    world.fail(1, standing: .dead)
    world.deliver(.partlyDead)
    world.pass(seconds: 1)
    #expect(
      world.told == [.broke(Self.a, failures: 5, isPartly: false, lastError: "refused")])
    world.deliver(.dead)
    world.pass(seconds: 1)
    #expect(world.news.brokenCount == 1)
    world.deliver(.works)
    world.pass(seconds: 1)
    #expect(world.told.last == .back(Self.a, after: .seconds(2)))
    #expect(world.news.brokenCount == 0)
  }

  @Test("one whose other paths have messages, too, is told of as broken in part")
  func partly() {
    var world = World()
    world.fail(5, standing: .partlyDead)
    world.pass(seconds: 1, standing: .partlyDead)
    #expect(
      world.told == [.broke(Self.a, failures: 5, isPartly: true, lastError: "refused")])
  }

  @Test("ten thousand destinations that break have ten lines and one that counts the rest")
  func many() {
    var world = World()
    for number in 0..<10_000 { world.fail(5, Origin(normalised: "http://d\(number):80")) }
    world.pass(seconds: 12)
    #expect(world.told.count == 11)
    #expect(world.told.last == .others(broke: 9_990, back: 0))
    #expect(world.news.brokenCount == 10_000)
  }

  @Test("three thousand dead messages of a destination have five lines and a count")
  func deaths() {
    var world = World()
    let lines = (0..<3000).count { _ in
      world.news.heard(
        .dead(AttemptNote(status: 410, error: "gone")), of: Self.a, standing: .works,
        at: world.now)
    }
    #expect(lines == 5)
    world.pass(seconds: 61)
    #expect(world.told == [.othersDied(Self.a, 2995, lastError: "gone")])
    #expect(world.news.isQuiet)
  }

  @Test("dead messages of ten thousand destinations have fifty lines")
  func manyDeaths() {
    var world = World()
    let lines = (0..<10_000).count { number in
      let origin = Origin(normalised: "http://d\(number):80")
      return world.news.died(origin, "gone", at: world.now)
    }
    #expect(lines == 50)
    world.pass(seconds: 61)
    #expect(world.told.count <= 101)
  }

  @Test("a destination for which nothing waits any more is no longer counted")
  func over() {
    var world = World()
    world.fail(5)
    world.pass(seconds: 1)
    world.news.isOver(Self.a)
    #expect(world.news.brokenCount == 0)
  }
}
