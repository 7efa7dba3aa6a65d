import ArgumentParser
import Foundation

/// What the program does when there is nothing to do.
struct IdleBench: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "idle",
    abstract: "Idling: wake-ups and writes per minute with everything delivered.",
    discussion: """
      Posts messages to a receiver, waits until they are delivered and the connections and the log
      have come to rest, and then counts for a while what each thread does: how often it was
      scheduled (/proc/<pid>/task/<id>/status), and the bytes and calls of the process
      (/proc/<pid>/io). Nothing should be written, and nobody should wake up.
      """)

  @Option(help: "Messages delivered before.") var count = 2_000
  @Option(help: "Seconds to come to rest.") var settle = 45
  @Option(help: "Seconds that are watched.") var seconds = 60
  @Option(help: "Where the log is written (default: the working directory).") var directory: String?

  func run() async throws {
    let scratch = try Scratch(parent: directory)
    let receiver = try ChildProcess(
      Programs.own, ["receiver", "--expect", "\(count)"], errors: scratch.path("receiver.err"))
    defer { receiver.stop() }
    let target = try port(of: receiver.readLine())
    let log = scratch.path("log")
    let server = try Served(log, scratch.url)
    defer { server.process.stop() }
    let load = try ChildProcess(
      Programs.own,
      [
        "load", "--port", "\(server.port)", "--connections", "16", "--count", "\(count)",
        "--delay=-1", "--url", "http://127.0.0.1:\(target)/hook",
      ], errors: scratch.path("load.err"))
    _ = try load.readLine()
    _ = load.wait()
    _ = try doneSeconds(receiver)
    try await Task.sleep(for: .seconds(settle))
    let before = try Activity(server.process.pid)
    try await Task.sleep(for: .seconds(seconds))
    let after = try Activity(server.process.pid)
    print(row(["thread", "woken"], widths: [24, 8]))
    for thread in after.threads.values.sorted(by: { $0.name < $1.name }) {
      let woken = thread.switches - (before.threads[thread.id]?.switches ?? 0)
      if woken > 0 { print(row([thread.name, "\(woken)"], widths: [24, 8])) }
    }
    let files = try FileManager.default.contentsOfDirectory(atPath: log.path).sorted()
    print(
      """
      in \(seconds) s: \(after.switches - before.switches) wake-ups, \
      \(after.writeCalls - before.writeCalls) writes of \
      \(after.writtenBytes - before.writtenBytes) bytes, \
      \(after.readCalls - before.readCalls) reads; the log is \(files.joined(separator: " "))
      """)
  }
}

/// What a process has done so far.
private struct Activity {
  struct Thread {
    var id: String
    var name: String
    /// Context switches, voluntary or not: each one ended a time on a processor.
    var switches: Int
  }

  var threads: [String: Thread] = [:]
  var readCalls = 0
  var writeCalls = 0
  var writtenBytes = 0
  var switches: Int { threads.values.reduce(0) { $0 + $1.switches } }

  init(_ pid: Int32) throws {
    let tasks = "/proc/\(pid)/task"
    for id in try FileManager.default.contentsOfDirectory(atPath: tasks) {
      let status = Self.values("\(tasks)/\(id)/status")
      let name = (try? String(contentsOfFile: "\(tasks)/\(id)/comm", encoding: .utf8)) ?? ""
      threads[id] = Thread(
        id: id, name: name.filter { !$0.isNewline } + " " + id,
        switches: (status["voluntary_ctxt_switches"] ?? 0)
          + (status["nonvoluntary_ctxt_switches"] ?? 0))
    }
    let io = Self.values("/proc/\(pid)/io")
    readCalls = io["syscr"] ?? 0
    writeCalls = io["syscw"] ?? 0
    writtenBytes = io["wchar"] ?? 0
  }

  /// Lines of a name, a colon and a number.
  private static func values(_ path: String) -> [String: Int] {
    let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
    var values: [String: Int] = [:]
    for line in text.split(separator: "\n") {
      let parts = line.split(separator: ":")
      guard parts.count == 2 else { continue }
      values[String(parts[0])] = Int(parts[1].filter(\.isNumber))
    }
    return values
  }
}
