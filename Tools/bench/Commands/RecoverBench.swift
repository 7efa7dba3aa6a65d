import ArgumentParser
import Foundation

/// What `open` and `read-floor` print: one JSON line.
struct RecoveryResult: Codable {
  var seconds: Double
  var cpuSeconds: Double
  var messages: UInt64
  var bytes: UInt64
}

/// Recovering a log of pending messages beside reading the same files with their checksum.
struct RecoverBench: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "recover",
    abstract: "Starting: recovery of pending messages beside reading the same bytes.")

  @Option(help: "Pending messages.") var count = 5_000_000
  @Option(help: "Rounds of both sides, in turn.") var rounds = 5
  @Option(help: "Bytes of the message bodies.") var bytes = 600
  @Option(help: "Where the log is written (default: the working directory).") var directory: String?

  func run() async throws {
    let scratch = try Scratch(parent: directory)
    let log = scratch.path("log")
    let fill = try ChildProcess(
      Programs.own,
      [
        "fill", "--log", log.path, "--count", "\(count)", "--bytes", "\(bytes)", "--url",
        "http://127.0.0.1:9/hook",
      ], errors: scratch.path("fill.err"))
    guard fill.wait() == 0 else { throw BenchError(description: fill.errorText()) }
    let widths = [6, 12, 14, 12, 12]
    print(row(["round", "read MiB/s", "messages/s", "µs/message", "MiB peak"], widths: widths))
    var (speed, cost, ratio, floorSpeed) = (Series(), Series(), Series(), Series())
    for round in 0...rounds {
      let floor = try measure("read-floor", log, scratch.url)
      let own = try measure("open", log, scratch.url)
      guard own.result.messages == UInt64(count) else {
        throw BenchError(description: "\(own.result.messages) of \(count) messages came back")
      }
      if round == 0 { continue }  // brings the files into the page cache
      let mib = Double(floor.result.bytes) / 1_048_576
      floorSpeed.add(mib / floor.result.seconds)
      speed.add(Double(count) / own.result.seconds)
      cost.add(own.result.cpuSeconds * 1e6 / Double(count))
      ratio.add(own.result.seconds / floor.result.seconds)
      print(
        row(
          [
            "\(round)", fixed(mib / floor.result.seconds, 0),
            fixed(Double(count) / own.result.seconds, 0),
            fixed(own.result.cpuSeconds * 1e6 / Double(count)),
            fixed(Double(own.peak) / 1_048_576, 0),
          ], widths: widths))
    }
    print(
      """
      medians of \(rounds) rounds, \(count) pending: \(fixed(speed.median, 0)) messages/s, \
      \(fixed(cost.median)) µs of CPU each, \(fixed(ratio.median)) × the time of reading the same \
      bytes with a CRC; noise of the floor \(fixed(floorSpeed.noise * 100, 0)) %
      """)
  }

  private func measure(_ command: String, _ log: URL, _ scratch: URL) throws
    -> (result: RecoveryResult, peak: UInt64)
  {
    let child = try ChildProcess(
      Programs.own, [command, "--log", log.path],
      errors: scratch.appendingPathComponent("\(command).err"))
    let line = try child.readLine()
    let peak = child.peakMemory()
    guard child.wait() == 0 else { throw BenchError(description: child.errorText()) }
    return (try JSONDecoder().decode(RecoveryResult.self, from: Data(line.utf8)), peak)
  }
}
