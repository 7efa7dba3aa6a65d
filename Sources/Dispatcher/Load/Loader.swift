import Delivery
import FoundationEssentials
import Synchronization

/// Posts the lines of a file, several at once, and waits where the dispatcher asks to.
struct Loader {
  struct Result: Equatable {
    var counts = LoadCounts()
    /// Why it ended before the file did.
    var end: String?
  }

  /// Bytes of lines in flight; one longer than that goes alone.
  static let bytesInFlightMax = 64 << 20
  private static let firstWait = Duration.milliseconds(100)
  private static let longestWait = Duration.seconds(30)
  /// Lines that are remembered behind one that waits.
  private static let behindMax = 4_096
  /// Lines between two notes of how far it is.
  private static let noteEvery = 256

  let parallel: Int
  /// How long to go on without one line that was taken or refused.
  let patience: Duration
  let clock: any Clock
  let sleep: @Sendable (Duration) async -> Void
  /// One line, with the key that stands for it where it has no UUID.
  let post: @Sendable (_ line: [UInt8], _ key: String) async throws(ClientFailure) -> ClientAnswer
  /// What a person should read: a line that was refused, that the load waits.
  let say: @Sendable (String) -> Void

  /// - Parameters:
  ///   - start: what an earlier run has done: so far the lines are passed over.
  ///   - note: is called now and then with how far it is, and at the end.
  func run(
    _ lines: inout LineFile, from start: LoadPosition,
    note: (LoadPosition) async -> Void
  ) async throws(LoadFailure) -> Result {
    var settled = SettledLines(start)
    var isSameFile = start.bytes == 0
    let wait = SharedWait(since: clock.monotonic())
    var failure: LoadFailure?
    var end: String?
    await withTaskGroup(of: Outcome.self) { group in
      var count = 0
      var bytes = 0
      var answered = 0
      func take(_ outcome: Outcome) async {
        count -= 1
        bytes -= outcome.bytes
        settled.settle(outcome.line, outcome.verdict)
        switch outcome.verdict {
        case .refused(let reason): say("\(outcome.name): \(reason)")
        case .hopeless(let reason), .again(let reason, _): end = end ?? reason
        case .accepted, .known: break
        }
        answered += 1
        if answered.isMultiple(of: Self.noteEvery) { await note(settled.position) }
      }
      do throws(LoadFailure) {
        while end == nil, let line = try await lines.next() {
          if line.end <= start.bytes {
            isSameFile = line.end == start.bytes && lines.checksum == start.checksum
            continue
          }
          guard isSameFile else { break }
          if line.isEmpty { continue }
          let size = line.bytes?.count ?? 0
          while count >= parallel || count > 0 && bytes + size > Self.bytesInFlightMax
            || settled.behind >= Self.behindMax, let outcome = await group.next()
          {
            await take(outcome)
          }
          if end != nil { break }
          settled.begin(line, checksum: lines.checksum)
          count += 1
          bytes += size
          group.addTask { await outcome(of: line, key: start.key(of: line.number), wait) }
        }
      } catch {
        failure = error
      }
      while let outcome = await group.next() { await take(outcome) }
    }
    if failure == nil, !isSameFile {
      failure = LoadFailure("it is not the file that this load was begun with", .input)
    }
    if let failure { throw failure }
    await note(settled.position)
    return Result(counts: settled.counts, end: end)
  }

  private struct Outcome: Sendable {
    var line: LineFile.Line
    var verdict: LineVerdict
    var bytes: Int { line.bytes?.count ?? 0 }
    /// For a person.
    var name: String {
      struct Named: Decodable {
        var uuid: String
        enum CodingKeys: String, CodingKey { case uuid = "UUID" }
      }
      let named = line.bytes.flatMap { try? JSONDecoder().decode(Named.self, from: Data($0)) }
      return "line \(line.number)" + (named.map { " (\($0.uuid))" } ?? "")
    }
  }

  private func outcome(
    of line: LineFile.Line, key: String, _ wait: SharedWait
  ) async -> Outcome {
    guard let bytes = line.bytes else {
      let reason = "longer than \(LineFile.lineBytesMax >> 20) MiB"
      return Outcome(line: line, verdict: .refused(reason))
    }
    var pause = Self.firstWait
    while true {
      let verdict: LineVerdict
      do throws(ClientFailure) {
        verdict = LineVerdict(try await post(bytes, key))
      } catch {
        verdict = .again(error.reason, after: nil)
      }
      guard case .again(let reason, let after) = verdict else {
        wait.end(at: clock.monotonic())
        return Outcome(line: line, verdict: verdict)
      }
      let waited = clock.monotonic() - wait.since
      guard waited < patience else { return Outcome(line: line, verdict: verdict) }
      if wait.begin() {
        say("waiting, for \(DurationText.format(patience)) at most: \(reason)")
      }
      await sleep(min(after.map { .seconds(max(0, $0)) } ?? pause, Self.longestWait))
      pause = min(pause * 2, Self.longestWait)
    }
  }
}

/// What the tasks of a load share: since when no line was settled.
private final class SharedWait: Sendable {
  private let state: Mutex<(since: Duration, isTold: Bool)>

  init(since: Duration) { state = Mutex((since, false)) }

  var since: Duration { state.withLock(\.since) }

  /// True for the first one that waits.
  func begin() -> Bool {
    state.withLock { state in
      defer { state.isTold = true }
      return !state.isTold
    }
  }

  func end(at now: Duration) { state.withLock { $0 = (now, false) } }
}
