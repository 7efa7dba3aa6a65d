import ArgumentParser
import Foundation

/// A large backlog for a dead destination, through the real program: taking it, holding it, starting
/// with it and delivering it.
struct BacklogBench: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "backlog",
    abstract: "Backlog: accepting, memory, restart and delivery with millions of pending messages.",
    discussion: """
      Posts the messages in equal parts over HTTP for a port where nobody listens, and compares the
      last part with the first, and one more with the first of an empty log, in turns; then stops
      the program, starts it again and lets the port answer.
      Deliveries are compared with those of a log that holds no more than --deliver messages,
      before and after.
      """)

  @Option(help: "Pending messages.") var count = 10_000_000
  @Option(help: "Parts that are measured by themselves.") var parts = 10
  @Option(help: "Connections that post.") var connections = 128
  @Option(help: "Messages of the empty backlog, and deliveries that are timed.") var deliver =
    50_000
  @Option(help: "Bytes of the message bodies.") var bytes = 600
  @Option(help: "Where the log is written (default: the working directory).") var directory: String?
  @Flag(help: "Fill through the store instead of HTTP: no rates, much faster.") var fill = false

  func run() async throws {
    let scratch = try Scratch(parent: directory)
    let before = try emptyBacklog(scratch.url, 1)
    let log = scratch.path("log")
    let port = try Self.freePort(scratch.url)
    if fill {
      try Self.fill(log, count: count, port: port, bytes: bytes, scratch.url)
    } else {
      try accept(log, port, scratch.url)
    }
    let rate = try restart(log, port, scratch.url)
    let after = try emptyBacklog(scratch.url, 2)
    print(
      """
      delivering \(deliver): \(fixed(rate, 0))/s beside \(fixed(before, 0)) and \
      \(fixed(after, 0))/s with an empty backlog: ratio \(fixed(rate * 2 / (before + after))) \
      (at least 0.70)
      """)
  }

  // MARK: Accepting

  private func accept(_ log: URL, _ port: Int, _ scratch: URL) throws {
    let server = try Served(log, scratch)
    defer { server.process.stop() }
    let part = count / parts
    let widths = [6, 10, 14, 10, 10, 10]
    print(row(["part", "202/s", "CPU µs/202", "p50 ms", "p99 ms", "RSS MiB"], widths: widths))
    var posted: [Posted] = []
    for number in 1...parts {
      posted.append(try post(part, seed: number, to: server, port, scratch))
      let last = posted[number - 1]
      print(
        row(
          [
            "\(number)", fixed(last.speed, 0), fixed(last.cost, 1), fixed(last.p50Ms),
            fixed(last.p99Ms), fixed(Double(server.process.residentMemory()) / 1_048_576, 0),
          ], widths: widths))
      flushOutput()
    }
    print(
      """
      accepting \(count): the last part at \(fixed(posted[parts - 1].speed / posted[0].speed)) × \
      the first's rate (at least 0.90), CPU \(fixed(posted[parts - 1].cost / posted[0].cost)) ×; \
      peak memory \(fixed(Double(server.process.peakMemory()) / 1_048_576, 0)) MiB (at most 400 MB)
      """)
    try compare(server, port, scratch)
    flushOutput()
  }

  /// The first and the last part lie minutes apart, in which the machine changes: so one part more,
  /// in turns with the first part of an empty log.
  private func compare(_ full: Served, _ port: Int, _ scratch: URL) throws {
    let log = scratch.appendingPathComponent("beside")
    defer { try? FileManager.default.removeItem(at: log) }
    let empty = try Served(log, scratch, errors: "beside.err")
    defer { empty.process.stop() }
    var (speed, cost) = (Series(), Series())
    for round in 0..<Self.rounds {
      let share = count / parts / Self.rounds
      let first = try post(share, seed: 1_000 + round, to: empty, port, scratch)
      let last = try post(share, seed: 2_000 + round, to: full, port, scratch)
      speed.add(last.speed / first.speed)
      cost.add(last.cost / first.cost)
    }
    print(
      """
      one part more, in turns with the first part of an empty log: rate \(fixed(speed.median)) × \
      (\(fixed(speed.minimum)) to \(fixed(speed.maximum))), CPU \(fixed(cost.median)) ×
      """)
  }

  private static let rounds = 5

  private struct Posted {
    /// Messages a second.
    var speed: Double
    /// Microseconds of the server's CPU for each.
    var cost: Double
    var p50Ms: Double
    var p99Ms: Double
  }

  private func post(
    _ count: Int, seed: Int, to server: Served, _ port: Int, _ scratch: URL
  ) throws -> Posted {
    let cpu = try server.process.cpuSeconds()
    let load = try ChildProcess(
      Programs.own,
      [
        "load", "--port", "\(server.port)", "--connections", "\(connections)", "--count",
        "\(count)", "--seed", "\(seed)", "--bytes", "\(bytes)", "--delay=-1", "--url",
        "http://127.0.0.1:\(port)/hook",
      ], errors: scratch.appendingPathComponent("load.err"))
    let result = try JSONDecoder().decode(LoadResult.self, from: Data(load.readLine().utf8))
    _ = load.wait()
    try result.check(count: count)
    return Posted(
      speed: Double(count) / result.seconds,
      cost: (try server.process.cpuSeconds() - cpu) * 1e6 / Double(count), p50Ms: result.p50Ms,
      p99Ms: result.p99Ms)
  }

  // MARK: Starting and delivering

  /// - Returns: deliveries per second.
  private func restart(_ log: URL, _ port: Int, _ scratch: URL) throws -> Double {
    let start = nowNanoseconds()
    let server = try Served(log, scratch)
    defer { server.process.stop() }
    let load = try ChildProcess(
      Programs.own,
      ["load", "--port", "\(server.port)", "--connections", "1", "--count", "1", "--seed", "777"],
      errors: scratch.appendingPathComponent("load.err"))
    let result = try JSONDecoder().decode(LoadResult.self, from: Data(load.readLine().utf8))
    _ = load.wait()
    try result.check(count: 1)
    let seconds = Double(nowNanoseconds() - start) / 1e9
    print(
      """
      starting with \(count) pending: first 202 after \(fixed(seconds)) s (at most 5), memory \
      \(fixed(Double(server.process.residentMemory()) / 1_048_576, 0)) MiB
      """)
    flushOutput()
    let receiver = try ChildProcess(
      Programs.own, ["receiver", "--expect", "\(deliver)", "--port", "\(port)"],
      errors: scratch.appendingPathComponent("receiver.err"))
    defer { receiver.stop() }
    _ = try receiver.readLine()
    // The first ones come one by one, until the destination is known to work.
    _ = try doneSeconds(receiver)
    let rates = try (0..<3).map { _ in Double(deliver) / (try doneSeconds(receiver)) }
    print(
      """
      while it delivers: memory at most \
      \(fixed(Double(server.process.peakMemory()) / 1_048_576, 0)) MiB
      """)
    return rates.sorted()[1]
  }

  /// Deliveries per second from a log with few messages.
  private func emptyBacklog(_ scratch: URL, _ round: Int) throws -> Double {
    let log = scratch.appendingPathComponent("empty-\(round)")
    defer { try? FileManager.default.removeItem(at: log) }
    let receiver = try ChildProcess(
      Programs.own, ["receiver", "--expect", "\(deliver)"],
      errors: scratch.appendingPathComponent("receiver.err"))
    defer { receiver.stop() }
    let port = try port(of: receiver.readLine())
    try Self.fill(log, count: deliver * 2, port: port, bytes: bytes, scratch)
    let server = try Served(log, scratch)
    defer { server.process.stop() }
    _ = try doneSeconds(receiver)
    return Double(deliver) / (try doneSeconds(receiver))
  }

  private static func fill(
    _ log: URL, count: Int, port: Int, bytes: Int, _ scratch: URL
  ) throws {
    let child = try ChildProcess(
      Programs.own,
      [
        "fill", "--log", log.path, "--count", "\(count)", "--url",
        "http://127.0.0.1:\(port)/hook", "--bytes", "\(bytes)",
      ], errors: scratch.appendingPathComponent("fill.err"))
    guard child.wait() == 0 else { throw BenchError(description: child.errorText()) }
  }

  /// Where nobody listens.
  private static func freePort(_ scratch: URL) throws -> Int {
    let receiver = try ChildProcess(
      Programs.own, ["receiver", "--expect", "1"],
      errors: scratch.appendingPathComponent("receiver.err"))
    defer { receiver.stop() }
    return try port(of: receiver.readLine())
  }
}

/// The real program on a log, ready to take messages.
struct Served {
  let process: ChildProcess
  let port: Int

  /// `errors`: the name of the file that takes its log lines.
  init(
    _ log: URL, _ scratch: URL, environment: [String: String] = [:],
    errors: String = "dispatcher.err"
  ) throws {
    let settings = [
      "DISPATCHER_LISTEN": "127.0.0.1:0", "DISPATCHER_ADMIN": "off", "DISPATCHER_LOG": log.path,
    ]
    process = try ChildProcess(
      Programs.dispatcher, ["serve"], environment: settings.merging(environment) { $1 },
      errors: scratch.appendingPathComponent(errors))
    let address = try process.waitForWord(after: "listen=", seconds: 300)
    port = Int(address.split(separator: ":").last ?? "") ?? 0
    // It listens at once, and answers 503 until the log is recovered.
    _ = try process.waitForWord(after: "log recovered ", seconds: 600)
  }
}

/// The seconds of the receiver's next batch.
func doneSeconds(_ receiver: ChildProcess) throws -> Double {
  let line = try receiver.readLine()
  guard let seconds = Double(line.split(separator: " ").last ?? "") else {
    throw BenchError(description: "no time in '\(line)'")
  }
  return seconds
}
