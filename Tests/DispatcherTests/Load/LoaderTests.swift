import Delivery
import Synchronization
import Testing

@testable import Dispatcher

@Suite("loading a file of envelopes") struct LoaderTests {
  /// Answers, time and what was said, all in the test's hands.
  private final class World: Clock, Sendable {
    struct State {
      var now = Duration.zero
      var posted: [(line: String, key: String)] = []
      var said: [String] = []
      var waits: [Duration] = []
      var notes: [LoadPosition] = []
    }
    let state = Mutex(State())
    func monotonic() -> Duration { state.withLock(\.now) }
    func wallMs() -> UInt64 { 0 }

    var posted: [String] { state.withLock { $0.posted.map(\.line) } }
    var keys: [String] { state.withLock { $0.posted.map(\.key) } }
  }

  private let world = World()

  private func run(
    _ text: String, from start: LoadPosition = LoadPosition(run: "r"), parallel: Int = 1,
    patience: Duration = .seconds(60),
    answer: @escaping @Sendable (_ line: String, _ count: Int) throws(ClientFailure) -> ClientAnswer
  ) async throws -> Loader.Result {
    let loader = Loader(
      parallel: parallel, patience: patience, clock: world,
      sleep: { [world] time in
        world.state.withLock {
          $0.now += time
          $0.waits.append(time)
        }
      },
      post: { [world] line, key throws(ClientFailure) in
        let text = String(decoding: line, as: UTF8.self)
        let count = world.state.withLock { state in
          state.posted.append((text, key))
          return state.posted.count
        }
        return try answer(text, count)
      },
      say: { [world] line in world.state.withLock { $0.said.append(line) } })
    let all = Array(text.utf8)
    let isRead = Mutex(false)
    var lines = LineFile { _ in
      isRead.withLock { isRead in
        defer { isRead = true }
        return isRead ? [] : all
      }
    }
    return try await loader.run(&lines, from: start) { [world] position in
      world.state.withLock { $0.notes.append(position) }
    }
  }

  private static func accepted(duplicate: Bool = false) -> ClientAnswer {
    ClientAnswer(
      status: 202, reason: "Accepted", body: Array(#"{"UUID":"a","Duplicate":\#(duplicate)}"#.utf8))
  }

  private static func problem(_ status: Int, after: Int? = nil) -> ClientAnswer {
    ClientAnswer(
      status: status, reason: "R", body: Array(#"{"detail":"why"}"#.utf8), retryAfter: after)
  }

  @Test("each line is posted as it stands; what is refused is named and the others go on")
  func refusals() async throws {
    let result = try await run("{\"UUID\":\"a\"}\nb\n\n c \n") { line, _ in
      line == #"{"UUID":"a"}"# ? Self.problem(400) : Self.accepted(duplicate: line == "b")
    }
    #expect(result == Loader.Result(counts: LoadCounts(accepted: 1, known: 1, refused: 1)))
    #expect(world.posted == [#"{"UUID":"a"}"#, "b", " c "])
    #expect(world.state.withLock(\.said) == ["line 1 (a): 400 R: why"])
    #expect(world.keys == ["load-r-1", "load-r-2", "load-r-4"])
  }

  @Test("where the dispatcher asks to wait, or is not there, the same line comes again")
  func waits() async throws {
    let result = try await run("a\nb\n") { _, count throws(ClientFailure) in
      switch count {
      case 1: return Self.problem(503, after: 7)
      case 2: return Self.problem(429)
      case 3: throw ClientFailure(reason: "refused")
      default: return Self.accepted()
      }
    }
    #expect(result.counts.accepted == 2 && result.end == nil)
    #expect(world.posted == ["a", "a", "a", "a", "b"])
    #expect(Set(world.keys) == ["load-r-1", "load-r-2"])
    #expect(world.state.withLock(\.waits) == [.seconds(7), .milliseconds(200), .milliseconds(400)])
    #expect(world.state.withLock(\.said) == ["waiting, for 1m at most: 503 R: why"])
  }

  @Test(
    "it ends when nothing is taken for so long, or nothing ever will be, and says how far it is")
  func ends() async throws {
    let tired = try await run("a\nb\n") { line, _ in
      line == "a" ? Self.accepted() : Self.problem(503)
    }
    #expect(tired.end == "503 R: why" && tired.counts.accepted == 1)
    #expect(world.state.withLock(\.now) < .seconds(120))
    #expect(world.state.withLock(\.notes).last?.bytes == 2)
    for answer in [
      Self.problem(401), Self.problem(404), Self.problem(301),
      ClientAnswer(status: 202, reason: "Accepted", body: Array("<html>".utf8)),
      ClientAnswer(status: 200, reason: "OK", body: []),
    ] {
      let before = world.posted.count
      let result = try await run("a\nb\n") { _, _ in answer }
      #expect(result.end != nil && result.counts == LoadCounts())
      #expect(world.posted.count == before + 1)
    }
  }

  @Test(
    "it goes on where every line before was answered, with the same keys, if the file is the same")
  func goesOn() async throws {
    let text = (1...2_000).map { "line \($0)\n" }.joined()
    let isDown = Mutex(false)
    let first = try await run(text, parallel: 8, patience: .zero) { line, _ in
      if line == "line 1500" { isDown.withLock { $0 = true } }
      return isDown.withLock { $0 } ? Self.problem(503) : Self.accepted()
    }
    #expect(first.end != nil)
    let note = try #require(world.state.withLock(\.notes).last)
    #expect(note.lines < 1_500 && note.lines > 1_480)
    let firstKeys = Set(world.keys)
    world.state.withLock { $0.posted = [] }
    let second = try await run(text, from: note, parallel: 8) { _, _ in Self.accepted() }
    #expect(second.end == nil)
    #expect(second.counts.accepted == 2_000)
    #expect(world.posted.count == 2_000 - note.lines)
    #expect(firstKeys.union(world.keys).count == 2_000)
    for other in ["x" + text.dropFirst(), String(text.prefix(100)), ""] {
      await #expect(throws: LoadFailure.self) {
        _ = try await run(other, from: note) { _, _ in Self.accepted() }
      }
    }
  }

  @Test("the position does not pass a line that is not answered")
  func position() {
    var settled = SettledLines(LoadPosition(run: "r"))
    let lines = (1...3).map { LineFile.Line(number: $0, end: $0 * 10, bytes: [1]) }
    for line in lines { settled.begin(line, checksum: UInt32(line.number)) }
    settled.settle(lines[1], .accepted)
    #expect(settled.position.bytes == 0 && settled.counts.accepted == 1)
    settled.settle(lines[0], .refused("x"))
    #expect(settled.position.bytes == 20 && settled.position.checksum == 2)
    #expect(settled.position.counts == LoadCounts(accepted: 1, refused: 1))
    settled.settle(lines[2], .again("x", after: nil))
    #expect(settled.position.bytes == 20 && settled.behind == 1)
  }
}
