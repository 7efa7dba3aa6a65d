import Foundation
import Testing

extension EndToEnd {
  @Suite("output that can't be written") struct UnwritableOutput {
    let folder: TemporaryDirectory
    init() throws { folder = try TemporaryDirectory() }

    /// Runs a program through a shell that gives it a standard output of this kind.
    private func run(_ redirection: String, _ command: [String]) async throws -> ProgramRun {
      // `exec`: the exit code is the program's own. A pipe whose reader is gone; SIGPIPE is ignored,
      // as it is below most services.
      let script =
        redirection == "pipe"
        ? #"trap '' PIPE; rm -f p; mkfifo p; exec 8<>p 9>p 8>&-; exec "$@" >&9 9>&-"#
        : "exec \"$@\" \(redirection)"
      return try await ProgramRun.run(
        URL(fileURLWithPath: "/bin/bash"), ["-c", script, "bash"] + command,
        environment: ["DISPATCHER_LISTEN": "127.0.0.1:0", "DISPATCHER_ADMIN": "off"],
        directory: folder.url)
    }

    @Test("ends every verb and every mode with 73 and a line that says why")
    func everyMode() async throws {
      let log = folder.path("log")
      let service = try await Service.start(log: log)
      let answer = try await service.post(
        #"{"UUID":"a","Url":"http://127.0.0.1:9/","Delay":3600000,"Body":"x"}"#)
      #expect(answer.status == 202)
      let modes =
        [
          [], ["--records"], ["--verify"], ["--audit"], ["--stats"], ["--uuid", "a"],
          ["--salvage", "-"], ["--follow", "--records"],
        ].flatMap { [$0, $0 + ["--json"]] } + [["--help"], ["--state", "pending"]]
      let inspect = modes.map { [Programs.logInspect.path, log.path] + $0 }
      let send = [
        "send", "http://127.0.0.1:9/", "--delay", "1h", "--to", "http://127.0.0.1:\(service.port)",
      ]
      for command in inspect + [[Programs.dispatcher.path] + send] {
        try await check(command)
      }
      try await service.stop()
      let verbs = [
        ["repair", "--log", log.path], ["repair", "--accept", "--log", log.path],
        ["compact", "--dry-run", "--log", log.path], ["compact", "--log", log.path],
        ["check-config"], ["--help"], ["--version"], ["help", "repair"],
      ]
      for verb in verbs { try await check([Programs.dispatcher.path] + verb) }
      let (copy, back, lines) = (folder.path("copy"), folder.path("back"), folder.path("lines"))
      try Data().write(to: lines)
      for output in Self.unwritable {
        for command in [
          ["backup", copy.path, "--log", log.path], ["restore", copy.path, "--log", back.path],
          ["load", lines.path, "--to", "127.0.0.1:9"],
        ] {
          let run = try await run(output, [Programs.dispatcher.path] + command)
          #expect(run.status == 73, "\(command) \(output): \(run.errors)")
        }
        // What was asked for is done all the same.
        for made in [copy, back] { try FileManager.default.removeItem(at: made) }
      }
    }

    private static let unwritable = [">/dev/full", "pipe", ">&-"]

    private func check(_ command: [String]) async throws {
      for output in Self.unwritable {
        let run = try await run(output, command)
        #expect(run.status == 73, "\(command) \(output): \(run.errors)")
        #expect(!run.errors.isEmpty, "\(command) \(output)")
      }
    }

    @Test("a descriptor that was closed is never a file of the log")
    func closed() async throws {
      let log = folder.path("log")
      try await Service.start(log: log).stop()
      func state() throws -> [String: Data] {
        var files: [String: Data] = [:]
        for name in try FileManager.default.contentsOfDirectory(atPath: log.path) {
          files[name] = FileManager.default.contents(atPath: log.appendingPathComponent(name).path)
        }
        return files
      }
      let before = try state()
      let run = try await run(
        ">&- 2>&- <&-", [Programs.dispatcher.path, "repair", "--log", log.path])
      #expect(run.status == 73)
      #expect(try state() == before)
    }

    @Test("a sink that could not print what arrived says so when it ends")
    func sink() async throws {
      let run = try await run(
        ">/dev/full",
        [
          "timeout", "--preserve-status", "-s", "INT", "2", Programs.dispatcher.path, "sink",
          "--port", "0",
        ])
      #expect(run.status == 73, "\(run.errors)")
    }

    @Test("what only looks changes nothing and needs nothing to be writable")
    func readOnly() async throws {
      let log = folder.path("log")
      try await Service.start(log: log).stop()
      let lock = log.appendingPathComponent("LOCK")
      try Data("as it was\n".utf8).write(to: lock)
      // Whoever is root may write anywhere but to a read-only mount.
      let mounts = #"mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && "$@""#
      for verb in [["repair"], ["compact", "--dry-run"]] {
        let command = [Programs.dispatcher.path] + verb + ["--log", log.path]
        var run = try await ProgramRun.run(
          URL(fileURLWithPath: "/usr/bin/env"), command, directory: folder.url)
        #expect(run.status == 0, "\(run.errors)")
        #expect(try Data(contentsOf: lock) == Data("as it was\n".utf8))
        run = try await ProgramRun.run(
          URL(fileURLWithPath: "/usr/bin/unshare"),
          ["-rm", "--propagation", "private", "bash", "-c", mounts, log.path] + command,
          directory: folder.url)
        // Some containers allow no mounts.
        if run.errors.contains("unshare:") || run.errors.contains("mount:") { continue }
        #expect(run.status == 0, "\(verb): \(run.errors)")
      }
    }
  }
}
