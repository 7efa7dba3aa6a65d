import ArgumentParser
import Foundation

/// Delivering a backlog beside AsyncHTTPClient straight to the same receiver.
struct DeliverBench: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "deliver",
    abstract: "Delivering: a backlog from the log beside the HTTP client alone.")

  @Option(help: "Messages per round.") var count = 20_000
  @Option(help: "Rounds of both sides, in turn.") var rounds = 5
  @Option(help: "Deliveries in flight.") var workers = 64
  @Option(help: "Bytes of the message bodies.") var bytes = 600
  @Option(help: "Where the log is written (default: the working directory).") var directory: String?

  func run() async throws {
    let scratch = try Scratch(parent: directory)
    let receiver = try ChildProcess(
      Programs.own, ["receiver", "--expect", "\(count)"], errors: scratch.path("receiver.err"))
    defer { receiver.stop() }
    let target = try port(of: receiver.readLine())
    let widths = [6, 14, 14, 12, 12]
    print(row(["round", "floor /s", "delivered/s", "floor µs", "our µs"], widths: widths))
    var (speed, cost, noise) = (Series(), Series(), Series())
    var (ownSpeed, ownCost) = (Series(), Series())
    for round in 1...rounds {
      let floor = try floorRound(receiver, target, scratch.url)
      let own = try ownRound(receiver, target, scratch.url, round)
      print(
        row(
          [
            "\(round)", fixed(floor.speed, 0), fixed(own.speed, 0), fixed(floor.cost, 1),
            fixed(own.cost, 1),
          ], widths: widths))
      noise.add(floor.speed)
      speed.add(own.speed / floor.speed)
      cost.add(own.cost / floor.cost)
      ownSpeed.add(own.speed)
      ownCost.add(own.cost)
    }
    print(
      """
      medians of \(rounds) rounds of \(count): throughput \(fixed(speed.median)) × the client alone \
      (\(fixed(ownSpeed.median, 0)) of \(fixed(noise.median, 0))/s), CPU per message \
      \(fixed(cost.median)) × (\(fixed(ownCost.median, 1)) µs, start and recovery included); \
      noise of the floor \(fixed(noise.noise * 100, 0)) %
      """)
  }

  private func floorRound(_ receiver: ChildProcess, _ target: Int, _ scratch: URL) throws
    -> (speed: Double, cost: Double)
  {
    let client = try ChildProcess(
      Programs.own,
      [
        "client-floor", "--port", "\(target)", "--count", "\(count)", "--workers", "\(workers)",
        "--bytes", "\(bytes)",
      ], errors: scratch.appendingPathComponent("client.err"))
    let result = try JSONDecoder().decode(LoadResult.self, from: Data(client.readLine().utf8))
    _ = client.wait()
    let seconds = try doneSeconds(receiver)
    return (Double(count) / seconds, result.cpuSeconds * 1e6 / Double(count))
  }

  private func ownRound(_ receiver: ChildProcess, _ target: Int, _ scratch: URL, _ round: Int)
    throws -> (speed: Double, cost: Double)
  {
    let log = scratch.appendingPathComponent("deliver-\(round)")
    defer { try? FileManager.default.removeItem(at: log) }
    let fill = try ChildProcess(
      Programs.own,
      [
        "fill", "--log", log.path, "--count", "\(count)", "--url",
        "http://127.0.0.1:\(target)/hook", "--bytes", "\(bytes)",
      ], errors: scratch.appendingPathComponent("fill.err"))
    guard fill.wait() == 0 else { throw BenchError(description: fill.errorText()) }
    let server = try ChildProcess(
      Programs.dispatcher, ["serve"],
      environment: [
        "DISPATCHER_LISTEN": "127.0.0.1:0", "DISPATCHER_ADMIN": "off",
        "DISPATCHER_LOG": log.path, "DISPATCHER_WORKER": "\(workers)",
      ], errors: scratch.appendingPathComponent("dispatcher.err"))
    defer { server.stop() }
    let seconds = try doneSeconds(receiver)
    return (Double(count) / seconds, try server.cpuSeconds() * 1e6 / Double(count))
  }
}
