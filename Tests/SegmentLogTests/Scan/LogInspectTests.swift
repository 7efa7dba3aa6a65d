import Foundation
import Testing

@testable import SegmentLog

/// The real binary on real files.
@Suite("log-inspect")
struct LogInspectTests {
  private let directory: TemporaryDirectory
  private var log: String { directory.path + "/log" }

  init() throws {
    directory = try TemporaryDirectory()
    try FileManager.default.createDirectory(
      atPath: directory.path + "/log", withIntermediateDirectories: false)
  }

  private struct Result {
    var code: Int32
    var output: String
    var errors: String
    var lines: [String] { output.split(separator: "\n").map(String.init) }
  }

  private func run(_ arguments: String...) throws -> Result { try run(arguments) }

  /// The products of a build stand beside the test bundle.
  private func run(_ arguments: [String]) throws -> Result {
    let products = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
    let process = Process()
    process.executableURL = products.appendingPathComponent("log-inspect")
    process.arguments = arguments
    let output = Pipe()
    let errors = directory.path + "/stderr"
    _ = FileManager.default.createFile(atPath: errors, contents: nil)
    process.standardOutput = output
    process.standardError = FileHandle(forWritingAtPath: errors)
    try process.run()
    let bytes = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return Result(
      code: process.terminationReason == .exit ? process.terminationStatus : -1,
      output: String(decoding: bytes, as: UTF8.self),
      errors: try String(contentsOfFile: errors, encoding: .utf8))
  }

  private func put(_ disk: SimDisk) throws {
    for name in try FileManager.default.contentsOfDirectory(atPath: log) {
      try FileManager.default.removeItem(atPath: log + "/" + name)
    }
    for name in try disk.list() {
      try Data(disk.contents(name) ?? []).write(to: URL(fileURLWithPath: log + "/" + name))
    }
  }

  private func json(_ text: String) throws -> [String: Any] {
    try #require(JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
  }

  @Test("the table has a line for each segment and one for their sum")
  func table() throws {
    try put(SampleLog().disk())
    let result = try run(log)
    #expect(result.code == 0 && result.errors == "")
    #expect(result.lines.count == 4)
    #expect(result.lines[0].hasPrefix("segment  state"))
    let first = result.lines[1].split(separator: " ", omittingEmptySubsequences: true)
    #expect(first.prefix(5) == ["1", "sealed", "3", "4", "2"])
    #expect(result.lines[1].hasSuffix("2023-11-14T22:13:20.030Z  2 live messages (1 dead)"))
    let sum = result.lines[3].split(separator: " ", omittingEmptySubsequences: true)
    #expect(sum.prefix(6) == ["total", "2", "files", "6", "6", "3"])

    let object = try json(run(log, "--json").output)
    let segments = try #require(object["Segments"] as? [[String: Any]])
    #expect(segments.map { $0["Live"] as? Int } == [2, 1])
    #expect(segments.map { $0["FirstAt"] as? String }.first == "2023-11-14T22:13:20.010Z")
    #expect((object["Total"] as? [String: Any])?["Messages"] as? Int == 6)
  }

  @Test("a directory without a log is told apart from a log without trouble")
  func nothing() throws {
    let codes = [[log]: 0, [log, "--verify"]: 66, [log, "--audit"]: 66, [log, "--uuid", "a"]: 1]
    for (arguments, code) in codes {
      let process = try run(arguments)
      #expect(process.errors.contains("nothing of a log stands in \(log)"))
      #expect(process.code == code, "\(arguments)")
    }
    try put(SampleLog().disk())
    #expect(try run(log, "--verify").errors == "")
  }

  @Test("--records tells of each message what became of it")
  func records() throws {
    try put(SampleLog().disk())
    let text = try run(log, "--records")
    #expect(text.lines.count == 7)
    #expect(text.lines[2].contains(" http://b:8080 2023-11-14T22:13:20.010Z dead 2 410 "))
    #expect(text.lines[2].hasSuffix(" 410 Gone"))
    let objects = try run(log, "--records", "--json").lines.map(json)
    #expect(objects.map { $0["Sequence"] as? Int } == [1, 2, 3, 4, 5, 6])
    #expect(objects[3]["LastError"] as? String == "connection refused")
    #expect(objects[2]["UUID"] as? String == "order_3-A")
    #expect(objects[5]["NotBefore"] as? String == "2027-01-15T08:00:00.000Z")
  }

  @Test("--uuid tells the whole history, or that there is none")
  func history() throws {
    try put(SampleLog().disk())
    let uuid = String(decoding: SampleLog.records[1].uuid, as: UTF8.self)
    let text = try run(log, "--uuid", uuid)
    #expect(text.code == 0)
    #expect(text.lines.count == 4)
    #expect(text.lines[1].contains("attempt 1 failed with status 503, the next after 2000 ms: 503"))
    #expect(text.lines[3] == "message 2 is dead")
    let object = try json(run(log, "--uuid", uuid, "--json").output)
    let message = try #require((object["Messages"] as? [[String: Any]])?.first)
    #expect((message["Events"] as? [[String: Any]])?.count == 3)
    let none = try run(log, "--uuid", "nobody")
    #expect(none.code == 1 && none.errors.contains("nobody"))
  }

  @Test("--verify answers with 0, 1, 2 or 3")
  func verify() throws {
    let sample = SampleLog()
    try put(sample.disk())
    var result = try run(log, "--verify")
    #expect(result.code == 0)
    #expect(result.output == "clean: 2 segments, 6 frames, 6 messages\n")

    let torn = sample.disk()
    torn.put(FileNames.segment(2), sample.second.bytes.dropLast(70) + [])
    try put(torn)
    result = try run(log, "--verify")
    #expect(result.code == 1)
    #expect(result.output.contains("torn tail at"))
    let active = SimDisk()
    SampleLog(sealed: false).put(on: active, zeros: 5000)
    try put(active)
    #expect(try run(log, "--verify").code == 1)

    let damaged = sample.disk()
    damaged.flip(FileNames.segment(1), bit: (Int(sample.first.offsets[0]) + 20) * 8)
    try put(damaged)
    result = try run(log, "--verify", "--json")
    #expect(result.code == 2)
    let finding = try #require((json(result.output)["Findings"] as? [[String: Any]])?.first)
    #expect(finding["Kind"] as? String == "damage")
    #expect(finding["FirstLost"] as? Int == 1 && finding["LastLost"] as? Int == 4)

    damaged.put(FileNames.segment(4), SegmentBuilder(id: 4, firstSequence: 9).bytes)
    try put(damaged)
    #expect(try run(log, "--verify").code == 3)
  }

  @Test("files, missing directories and wrong arguments are refused with one line")
  func refusals() throws {
    let file = directory.path + "/file"
    _ = FileManager.default.createFile(atPath: file, contents: Data([1]))
    for arguments in [[], ["--verify"], ["--records"], ["--uuid", "x"]] {
      for path in [file, directory.path + "/none"] {
        let result = try run(path, arguments)
        #expect(result.code == 66)
        #expect(result.output == "")
        #expect(result.errors.split(separator: "\n").count == 1)
      }
    }
    #expect(try run(log, "--verify", "--records").code == 64)
    #expect(try run().code == 64)
    #expect(try run("--help").output.contains("Exit codes of --verify"))
    #expect(try run(log).code == 0)
  }

  @Test("--audit closes, or says what is unaccounted for")
  func audit() throws {
    let sample = SampleLog()
    try put(sample.disk())
    let text = try run(log, "--audit")
    #expect(text.code == 0)
    #expect(
      text.lines == [
        "accepted           6", "delivered          2", "dead               1",
        "cancelled          1", "pending            2", "unaccounted for    0",
        "it closes: accepted = delivered + dead + cancelled + pending",
      ])
    let damaged = sample.disk()
    damaged.flip(FileNames.segment(1), bit: (Int(sample.first.offsets[0]) + 20) * 8)
    try put(damaged)
    #expect(try run(log, "--audit").output.contains("message 2 is unaccounted for"))
    let result = try run(log, "--audit", "--json")
    #expect(result.code == 2)
    let object = try json(result.output)
    #expect(object["Accepted"] as? Int == 6 && object["Unaccounted"] as? Int == 2)
    #expect(object["Closes"] as? Bool == false)
    let ranges = try #require(object["UnaccountedSequences"] as? [[String: Int]])
    #expect(ranges == [["First": 2, "Last": 2], ["First": 4, "Last": 4]])
  }

  @Test("--stats tells sizes, ratios, latencies and top destinations")
  func stats() throws {
    try put(SampleLog().disk())
    let text = try run(log, "--stats")
    #expect(text.code == 0 && text.output.contains("1.000 frames per sync"))
    #expect(text.output.contains("p99.9") && text.output.contains("http://b:8080"))
    let object = try json(run(log, "--stats", "--json").output)
    #expect(object["Messages"] as? Int == 6 && object["FramesPerSync"] as? Double == 1)
    let latency = try #require(object["LatencyMs"] as? [String: [String: Any]])
    #expect(latency["Delivered"]?["P50"] as? Int == 10)
    #expect(latency["Dead"]?["P99.9"] as? Int == 20)
    let top = try #require(object["TopDestinations"] as? [[String: Any]])
    #expect(top.first?["Messages"] as? Int == 6)
  }

  @Test("--records shows what is asked for")
  func filters() throws {
    try put(SampleLog().disk())
    func sequences(_ arguments: String...) throws -> [Int] {
      let result = try run([log, "--json"] + arguments)
      #expect(result.code == 0, "\(arguments)")
      return try result.lines.map { try #require(json($0)["Sequence"] as? Int) }
    }
    #expect(try sequences("--records", "--state", "dead,cancelled") == [2, 3])
    #expect(try sequences("--state", "pending", "--state", "dead") == [2, 4, 6])
    #expect(try sequences("--records", "--uuid", "order_3-A") == [3])
    #expect(try sequences("--destination", "HTTP://B:8080/any/path") == [1, 2, 3, 4, 5, 6])
    #expect(try sequences("--destination", "http://b").isEmpty)
    #expect(try sequences("--since", "2023-11-14T22:13:20.040Z") == [5, 6])
    #expect(try sequences("--until", "2023-11-14T23:13:20.040+01:00") == [1, 2, 3, 4])
    #expect(try sequences("--since", "2023-11-15").isEmpty)
    #expect(try sequences("--since", "1h").isEmpty)
    #expect(try sequences("--until", "1h").count == 6)
    #expect(try run(log, "--records", "--state", "lost").code == 64)
    #expect(try run(log, "--since", "yesterday").code == 64)
    #expect(try run(log, "--audit", "--state", "dead").code == 64)
    // What would find nothing is said, not done.
    for day in ["2026-02-31", "2026-02-29", "2026-04-31", "2026-11-24T08:00:00+99:00"] {
      #expect(try run(log, "--since", day).code == 64, "\(day)")
    }
    #expect(try run(log, "--since", "2024-02-29").code == 0)
    #expect(try run(log, "--since", "2024-03-01", "--until", "2024-02-01").code == 64)
    let bare = try run(log, "--destination", "b:8080")
    #expect(bare.code == 64 && bare.errors.contains("https://b:8080"))
    let none = try run(log, "--destination", "http://nobody")
    #expect(none.code == 0 && none.errors.contains("no message is meant"))
  }

  @Test("a salvage without room or a directory leaves nothing behind and says why")
  func salvageFailures() throws {
    try put(SampleLog().disk())
    let none = try run(log, "--salvage", directory.path + "/none/out")
    #expect(none.code == 73 && none.errors.contains("No such file"))
    // The sample's payloads are no messages: each is named, and nothing is written of it.
    let out = directory.path + "/out"
    let result = try run(log, "--salvage", out)
    #expect(result.code == 0 && result.errors.contains("0 messages written to \(out)"))
    #expect(result.errors.contains("message 3 (order_3-A) can't be read"))
    let names = try FileManager.default.contentsOfDirectory(atPath: directory.path)
    #expect(names.contains("out") && !names.contains { $0.hasSuffix(".tmp") })
    // Nothing is written there, so that nothing can fail.
    #expect(try run(log, "--salvage", "/dev/full").code == 0)
  }

  @Test("a salvage overwrites nothing, follows no link and leaves logs alone")
  func salvagePlaces() throws {
    try put(SampleLog().disk())
    let manager = FileManager.default
    func files() throws -> [String: Data] {
      var files: [String: Data] = [:]
      for name in try manager.subpathsOfDirectory(atPath: directory.path) where name != "stderr" {
        files[name] = manager.contents(atPath: directory.path + "/" + name)
      }
      return files
    }
    try manager.createDirectory(atPath: log + "/quarantine", withIntermediateDirectories: true)
    _ = manager.createFile(atPath: directory.path + "/there", contents: Data("kept".utf8))
    for (link, target) in [
      ("link", "there"), ("dangling", "nowhere"), ("into-the-log", log), ("null", "/dev/null"),
    ] {
      try manager.createSymbolicLink(
        atPath: directory.path + "/" + link, withDestinationPath: target)
    }
    let before = try files()
    for (name, reason) in [
      ("there", "exists already"), ("link", "is a link"), ("dangling", "is a link"),
      ("null", "is a link"), ("into-the-log/out", "in a log"), ("log/out", "in a log"),
      ("log/quarantine/out", "in a log"), ("log/../log/wal-0000000000000009.seg", "in a log"),
    ] {
      let result = try run(log, "--salvage", directory.path + "/" + name)
      #expect(result.code == 73, "\(name)")
      #expect(result.errors.contains(reason), "\(name): \(result.errors)")
      #expect(try files() == before, "\(name)")
    }
    let out = directory.path + "/out"
    #expect(try run(log, "--salvage", out).code == 0)
    #expect(try manager.attributesOfItem(atPath: out)[.posixPermissions] as? Int == 0o600)
    #expect(try run(log, "--salvage", out).code == 73)
  }

  @Test("no byte and no time of a file changes")
  func readOnly() throws {
    try put(SampleLog(sealed: false).disk())
    func state() throws -> [String] {
      try FileManager.default.contentsOfDirectory(atPath: log).sorted().map { name in
        var info = stat()
        #expect(stat(log + "/" + name, &info) == 0)
        return "\(name) \(info.st_size) \(info.st_mtim.tv_sec) \(info.st_mtim.tv_nsec)"
      }
    }
    let before = try state()
    for option in ["--verify", "--records", "--json", "--audit", "--stats"] {
      _ = try run(log, option)
    }
    _ = try run(log, "--salvage", "-")
    #expect(try state() == before)
  }

  private func run(_ path: String, _ arguments: [String]) throws -> Result {
    switch arguments.count {
    case 0: try run(path)
    case 1: try run(path, arguments[0])
    default: try run(path, arguments[0], arguments[1])
    }
  }
}
