import ArgumentParser
import Foundation

/// Durable accepts beside a bare NIO server that keeps nothing and a bare write-and-sync loop.
struct EnqueueBench: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "enqueue", abstract: "Accepting: durable 202s beside a server that keeps nothing.")

  @Option(help: "Connections to try, separated by commas.") var connections = "1,16,128"
  @Option(help: "Requests per round; a fraction of it at few connections.") var count = 40_000
  @Option(help: "Rounds of both sides, in turn.") var rounds = 5
  @Option(help: "Bytes of the message bodies.") var bytes = 600
  @Option(help: "Where the log is written (default: the working directory).") var directory: String?

  func run() async throws {
    let scratch = try Scratch(parent: directory)
    let widths = [12, 6, 14, 14, 12, 12, 10, 10]
    print(
      row(
        [
          "connections", "round", "floor req/s", "202/s", "floor µs", "202 µs", "p50 ms", "p99 ms",
        ], widths: widths))
    for text in connections.split(separator: ",") {
      guard let number = Int(text), number > 0 else {
        throw ValidationError("--connections: '\(text)' is not a positive number")
      }
      try compare(connections: number, scratch: scratch.url, widths: widths)
    }
    let syncs = try SyncFloor.syncsPerSecond(directory: scratch.url, bytes: 512)
    print("floor: bare pwrite + fdatasync of 512 bytes: \(fixed(syncs, 0))/s")
  }

  private func compare(connections: Int, scratch: URL, widths: [Int]) throws {
    let floor = try ChildProcess(
      Programs.own, ["floor-server"], errors: scratch.appendingPathComponent("floor.err"))
    defer { floor.stop() }
    let floorPort = try port(of: floor.readLine())
    let log = scratch.appendingPathComponent("log-\(connections)")
    let server = try Served(log, scratch)
    defer {
      server.process.stop()
      try? FileManager.default.removeItem(at: log)
    }
    // Few connections wait for the disk most of the time: fewer requests say as much.
    let count =
      connections >= 64 ? self.count : max(self.count / 20, self.count * connections / 128)
    var (speed, cost) = (Series(), Series())
    var (floorSpeed, floorCost, ownSpeed, ownCost) = (Series(), Series(), Series(), Series())
    for round in 0...rounds {
      let seed = UInt64(connections * 1000 + round)
      let a = try measure(floor, floorPort, connections, count, seed, scratch)
      let b = try measure(server.process, server.port, connections, count, seed, scratch)
      try b.result.check(count: count)
      if round == 0 { continue }  // warm-up
      print(
        row(
          [
            "\(connections)", "\(round)", fixed(a.speed, 0), fixed(b.speed, 0), fixed(a.cost, 1),
            fixed(b.cost, 1), fixed(b.result.p50Ms), fixed(b.result.p99Ms),
          ], widths: widths))
      floorSpeed.add(a.speed)
      floorCost.add(a.cost)
      ownSpeed.add(b.speed)
      ownCost.add(b.cost)
      speed.add(b.speed / a.speed)
      cost.add(b.cost / a.cost)
    }
    print(
      """
      \(connections) connections, medians of \(rounds) rounds of \(count): \
      throughput \(fixed(speed.median)) × the floor (\(fixed(ownSpeed.median, 0)) of \
      \(fixed(floorSpeed.median, 0))/s), CPU per 202 \(fixed(cost.median)) × the floor \
      (\(fixed(ownCost.median, 1)) of \(fixed(floorCost.median, 1)) µs); \
      noise of the floor \(fixed(floorSpeed.noise * 100, 0)) %
      """)
  }

  private struct Measurement {
    var result: LoadResult
    var speed: Double
    /// Microseconds of the server's CPU per request.
    var cost: Double
  }

  private func measure(
    _ server: ChildProcess, _ port: Int, _ connections: Int, _ count: Int, _ seed: UInt64,
    _ scratch: URL
  ) throws -> Measurement {
    let before = try server.cpuSeconds()
    let load = try ChildProcess(
      Programs.own,
      [
        "load", "--port", "\(port)", "--connections", "\(connections)", "--count", "\(count)",
        "--seed", "\(seed)", "--bytes", "\(bytes)",
      ], errors: scratch.appendingPathComponent("load.err"))
    let result = try JSONDecoder().decode(LoadResult.self, from: Data(load.readLine().utf8))
    _ = load.wait()
    let cpu = try server.cpuSeconds() - before
    return Measurement(
      result: result, speed: Double(result.answered) / result.seconds,
      cost: cpu * 1e6 / Double(result.answered))
  }
}

/// The number in a line "port 1234".
func port(of line: String) throws -> Int {
  guard let port = Int(line.split(separator: " ").last ?? "") else {
    throw BenchError(description: "no port in '\(line)'")
  }
  return port
}
