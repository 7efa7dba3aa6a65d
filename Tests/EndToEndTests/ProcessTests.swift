import Foundation
import Testing

extension EndToEnd {
  @Suite("the process and its directory") struct ProcessFaults {
    let folder: TemporaryDirectory
    init() throws { folder = try TemporaryDirectory() }

    private func serve(_ log: URL, _ environment: [String: String] = [:]) async throws -> ProgramRun
    {
      try await ProgramRun.run(
        Programs.dispatcher, ["serve"],
        environment: [
          "DISPATCHER_LISTEN": "127.0.0.1:0", "DISPATCHER_ADMIN": "off",
          "DISPATCHER_LOG": log.path,
        ].merging(environment) { $1 }, directory: folder.url, seconds: 30)
    }

    @Test("a second process on the same log ends with a line that names the holder's pid")
    func twoProcesses() async throws {
      let log = folder.path("log")
      let first = try await Service.start(log: log)
      let second = try await serve(log)
      #expect(second.status != 0)
      #expect(second.errors.contains("\(first.pid)"), "\(second.errors)")
      try await first.stop()
    }

    @Test("a log that is begun is said once, and refused where one is required")
    func newLog() async throws {
      let log = folder.path("log")
      for name in ["none", "empty"] {
        let place = folder.path(name)
        if name == "empty" {
          try FileManager.default.createDirectory(at: place, withIntermediateDirectories: false)
        }
        let run = try await serve(place, ["DISPATCHER_REQUIRE_LOG": "true"])
        #expect(run.status == 74, "\(run.errors)")
        #expect(run.errors.contains(place.path) && run.errors.contains("require_log"))
        let left = try? FileManager.default.contentsOfDirectory(atPath: place.path)
        #expect(left == (name == "empty" ? [] : nil), "nothing is made")
      }
      let first = try await Service.start(log: log)
      #expect(first.errors.contains("a new one is begun") && first.errors.contains(log.path))
      try await first.stop()
      let second = try await Service.start(
        log: log, environment: ["DISPATCHER_REQUIRE_LOG": "true"])
      #expect(!second.errors.contains("a new one is begun"))
      try await second.stop()
      // Who forgets by the defaults is told so.
      let repair = try await ProgramRun.run(
        Programs.dispatcher, ["repair", "--log", log.path], directory: folder.url)
      #expect(repair.status == 0 && repair.errors.contains("no configuration was found"))
      try "dedup_window: 7d\n".write(
        to: folder.path("config.yml"), atomically: true, encoding: .utf8)
      let compact = try await ProgramRun.run(
        Programs.dispatcher, ["compact", "--log", log.path], directory: folder.url)
      #expect(compact.status == 0 && compact.errors == "", "\(compact.errors)")
    }

    @Test("a log path that is a file is refused in one clear line")
    func pathIsAFile() async throws {
      let log = folder.path("log")
      try Data("x".utf8).write(to: log)
      let run = try await serve(log)
      #expect(run.status != 0)
      #expect(run.errors.contains(log.lastPathComponent), "\(run.errors)")
      #expect(try Data(contentsOf: log) == Data("x".utf8))
    }

    @Test("a log of another format version is refused by name")
    func otherVersion() async throws {
      let log = folder.path("log")
      let service = try await Service.start(log: log)
      try await service.stop()
      let identity = log.appendingPathComponent("store.json")
      var text = try String(contentsOf: identity, encoding: .utf8)
      text = text.replacing("\"format\":1", with: "\"format\":9")
      try text.write(to: identity, atomically: true, encoding: .utf8)
      let run = try await serve(log)
      #expect(run.status != 0)
      #expect(run.errors.contains("log: store.json: written in log format version 9;"))
    }

    @Test("bad configuration stops the start with file, line, key and reason")
    func badConfiguration() async throws {
      let file = folder.path("config.yml")
      try "listen: \":0\"\nworker: many\n".write(to: file, atomically: true, encoding: .utf8)
      let run = try await ProgramRun.run(
        Programs.dispatcher, ["check-config", "--config", file.path])
      #expect(run.status != 0)
      #expect(run.errors.contains("config.yml:2"), "\(run.errors)")
      #expect(run.errors.contains("worker"), "\(run.errors)")
      try "listn: \":0\"\n".write(to: file, atomically: true, encoding: .utf8)
      let unknown = try await ProgramRun.run(
        Programs.dispatcher, ["check-config", "--config", file.path])
      #expect(unknown.status != 0)
      #expect(unknown.errors.contains("listn"), "\(unknown.errors)")
      let environment = try await ProgramRun.run(
        Programs.dispatcher, ["check-config"], environment: ["DISPATCHER_WORKER": "0"],
        directory: FileManager.default.temporaryDirectory)
      #expect(environment.status != 0)
      #expect(environment.errors.contains("DISPATCHER_WORKER"), "\(environment.errors)")
    }

    @Test(
      "what can't be read of a command line ends with 64, and an unknown verb is told the known")
    func commandLines() async throws {
      for arguments in [
        ["sned"], ["nothing"], ["serve", "extra"], ["--unknown"], ["serve", "--config"],
        ["compact", "--unknown"], ["compact", "--log", "a", "--admin", "b"], ["repair", "x"],
        ["check-config", "x"], ["sink", "--port", "many"], ["sink", "--port", "70000"],
        ["sink", "--delay", "soon"], ["send"], ["send", "u", "--header", "none"],
        ["send", "u", "--timeout", "99999999999999999999s"],
        ["send", "u", "--body", "a", "--body-file", "b"],
      ] {
        let run = try await ProgramRun.run(
          Programs.dispatcher, arguments, environment: ["DISPATCHER_LOG": folder.path("l").path],
          directory: folder.url)
        #expect(run.status == 64, "\(arguments): \(run)")
        #expect(!run.errors.isEmpty, "\(arguments)")
      }
      let unknown = try await ProgramRun.run(Programs.dispatcher, ["sned"])
      for verb in ["did you mean \"send\"?", "serve", "compact", "repair", "check-config", "sink"] {
        #expect(unknown.errors.contains(verb), "\(unknown.errors)")
      }
      // Process can't give bytes that are no text to a program.
      for program in [Programs.dispatcher, Programs.logInspect] {
        let run = try await ProgramRun.run(
          URL(fileURLWithPath: "/bin/sh"),
          ["-c", #"exec "$0" "$(printf 'a\377b')""#, program.path])
        #expect(run.status == 64, "\(run)")
        #expect(run.errors.contains("argument 1 is not UTF-8"), "\(run.errors)")
      }
      for arguments in [[], ["a", "b"], ["a", "--unknown"], ["a", "--since", "soon"]] {
        let run = try await ProgramRun.run(Programs.logInspect, arguments)
        #expect(run.status == 64, "\(arguments)")
      }
    }

    @Test("the first line of a start names the configuration file, or that there is none")
    func firstLine() async throws {
      let log = folder.path("log")
      var service = try await Service.start(log: log)
      try await service.stop()
      #expect(service.errors.split(separator: "\n").first?.contains("config=\"none") == true)
      try Data("worker: 8\n".utf8).write(to: folder.path("config.yml"))
      service = try await Service.start(log: log)
      try await service.stop()
      let first = try #require(service.errors.split(separator: "\n").first)
      #expect(first.contains("config=\(folder.path("config.yml").path)"), "\(first)")
    }

    @Test("SIGHUP, SIGUSR1 and SIGUSR2 are ignored in a line each, and end nothing")
    func otherSignals() async throws {
      let service = try await Service.start(log: folder.path("log"))
      for (number, name) in [(SIGHUP, "SIGHUP"), (SIGUSR1, "SIGUSR1"), (SIGUSR2, "SIGUSR2")] {
        service.signal(number)
        try await eventually("\(name) is said to be ignored") {
          service.errors.contains("\(name) is ignored") ? true : nil
        }
      }
      #expect(try await service.get("/healthz").status == 200)
      #expect(try await service.stop() == 0)
    }

    @Test("a second SIGTERM ends the process at once, and says so")
    func secondSignal() async throws {
      let log = folder.path("log")
      let service = try await Service.start(
        log: log, environment: ["DISPATCHER_DRAIN_DELAY": "60s"])
      service.signal(SIGTERM)
      try await eventually("stopping") { service.errors.contains("stopping") ? true : nil }
      service.signal(SIGTERM)
      #expect(try await service.waitForExit() == 143)
      #expect(service.errors.contains("SIGTERM while stopping: the process ends at once"))
    }

    @Test("what is made is for the owner alone, and a directory that others can see is warned of")
    func modes() async throws {
      let log = folder.path("log")
      var service = try await Service.start(log: log)
      #expect(try await service.post(#"{"Url":"http://127.0.0.1:9/"}"#).status == 202)
      try await service.stop()
      #expect(!service.errors.contains("chmod"), "\(service.errors)")
      func mode(_ path: String) throws -> Int? {
        try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
      }
      #expect(try mode(log.path) == 0o700)
      let names = try FileManager.default.contentsOfDirectory(atPath: log.path)
      #expect(names.contains("LOCK") && names.contains { $0.hasPrefix("ckpt-") })
      for name in names { #expect(try mode(log.path + "/" + name) == 0o600, "\(name)") }
      try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: log.path)
      service = try await Service.start(log: log)
      try await service.stop()
      let warnings = service.errors.split(separator: "\n").filter { $0.contains("chmod 700") }
      #expect(warnings.count == 1 && warnings[0].contains("mode=0755"), "\(service.errors)")
      #expect(try mode(log.path) == 0o755)
    }

    @Test("the value of a secret is in no message, however it was written")
    func secrets() async throws {
      let file = folder.path("config.yml")
      let secret = "s3cretValue77"
      for text in [
        "admin_token=\(secret)\n", "admin_token:\(secret)\n", "ADMIN_TOKEN: \(secret)\n",
        "admin_token: [\(secret)]\n", "admin_token: {value: \(secret)}\n",
        "admin:\n  admin_token: \(secret)\n", "retry: admin_token=\(secret)\n",
        "retry:\n  admin_token: \(secret)\n", "admin_token=\(secret): 1\n",
        "admin_token: \"\(secret) x\"\n", "admin_token: *\(secret)\n",
        "- admin_token: \(secret)\n", "worker: 0\nadmin_token: \(secret)\n",
        "admin_token: \(secret)\nadmin_token: \(secret)\n", "admin_token: \"\(secret)\n",
        "admin_token: 771177117711\n",
      ] {
        try text.write(to: file, atomically: true, encoding: .utf8)
        let run = try await ProgramRun.run(
          Programs.dispatcher, ["check-config", "--config", file.path])
        #expect(run.status == 78, "\(text): \(run)")
        for part in [secret, "771177117711"] {
          #expect(!run.errors.contains(part) && !run.output.contains(part), "\(text): \(run)")
        }
      }
      for (name, value) in [
        ("DISPATCHER_ADMIN_TOKEN", "\(secret) x"), ("DISPATCHER_RETRY", "admin_token=\(secret)"),
        ("DISPATCHER_RETRY", "{admin_token: \(secret)}"), ("DISPATCHER_ADMIN_TOKN", secret),
      ] {
        let run = try await ProgramRun.run(
          Programs.dispatcher, ["check-config"], environment: [name: value],
          directory: FileManager.default.temporaryDirectory)
        #expect(run.status == 78, "\(name): \(run)")
        #expect(!run.errors.contains(secret), "\(name): \(run.errors)")
      }
    }

    @Test("every verb explains itself")
    func help() async throws {
      for verb in [[], ["serve"], ["compact"], ["repair"], ["check-config"], ["sink"], ["send"]] {
        let run = try await ProgramRun.run(Programs.dispatcher, verb + ["--help"])
        #expect(run.status == 0, "\(verb)")
        #expect(run.output.contains("USAGE"), "\(verb)")
      }
      #expect(try await ProgramRun.run(Programs.dispatcher, ["--version"]).status == 0)
      #expect(try await ProgramRun.run(Programs.logInspect, ["--help"]).status == 0)
    }

    @Test("compact removes what is acknowledged and says why the rest stays, online and offline")
    func compaction() async throws {
      let receiver = try await Receiver()
      let log = folder.path("log")
      let environment = ["DISPATCHER_SEGMENT_SIZE": "256KiB"]
      let service = try await Service.start(log: log, environment: environment)
      var random = SystemRandomNumberGenerator()
      for index in 0..<60 {
        let noise = (0..<9000).map { _ in UInt8.random(in: 0...255, using: &random) }
        let body = Data(noise).base64EncodedString()
        let answer = try await service.post(
          #"{"UUID":"m\#(index)","Url":"\#(receiver.url)","BodyBase64":"\#(body)"}"#)
        #expect(answer.status == 202)
      }
      try await eventually("all delivered") {
        try await service.metrics()["dispatcher_pending"] == 0 ? true : nil
      }
      let overview = try await service.admin("GET", "/log")
      #expect(overview.status == 200)
      let compacted = try await service.admin("POST", "/log/compact")
      #expect(compacted.status == 200, "\(compacted.text)")
      let segments = try FileManager.default.contentsOfDirectory(atPath: log.path)
        .filter { $0.hasPrefix("wal-") }
      #expect(segments.count <= 2, "\(segments)")
      try await service.stop()
      let offline = try await ProgramRun.run(
        Programs.dispatcher, ["compact", "--log", log.path], directory: folder.url)
      #expect(offline.status == 0, "\(offline.errors)")
      #expect(offline.output.contains("wal-"), "\(offline.output)")
      await receiver.close()
    }

    @Test("log-inspect tells segments, records and one message's history, also while it runs")
    func inspect() async throws {
      let receiver = try await Receiver { _, index in .init(status: index == 0 ? 500 : 200) }
      let log = folder.path("log")
      let service = try await Service.start(log: log)
      _ = try await service.post(#"{"UUID":"seen","Url":"\#(receiver.url)"}"#)
      _ = try await service.waitForState("delivered", of: "seen")
      for arguments in [[], ["--records"], ["--uuid", "seen"], ["--verify"]] {
        for json in [[], ["--json"]] {
          let run = try await ProgramRun.run(Programs.logInspect, [log.path] + arguments + json)
          #expect(run.status <= 1, "\(arguments) \(run.errors)")
          #expect(!run.output.isEmpty, "\(arguments)")
        }
      }
      try await service.stop()
      let before = try Self.contents(of: log)
      let history = try await ProgramRun.run(Programs.logInspect, [log.path, "--uuid", "seen"])
      #expect(history.output.contains("delivered"), "\(history.output)")
      #expect(history.output.contains("500"), "\(history.output)")
      #expect(
        try await ProgramRun.run(Programs.logInspect, [log.path, "--verify"]).status == 0)
      #expect(try Self.contents(of: log) == before, "it never changes a byte")
      try Self.flip(in: log)
      #expect(
        try await ProgramRun.run(Programs.logInspect, [log.path, "--verify"]).status == 2)
      await receiver.close()
    }

    @Test("damage is named, the rest is served, and enqueue waits for the operator")
    func damage() async throws {
      let log = folder.path("log")
      let receiver = try await Receiver()
      var service = try await Service.start(log: log)
      for index in 0..<5 {
        _ = try await service.post(
          #"{"UUID":"d\#(index)","Url":"\#(receiver.url)","Delay":3000,"Body":"\#(index)"}"#)
      }
      try await service.stop()
      try Self.flip(in: log)
      service = try await Service.start(log: log, ready: false)
      let refused = try await eventually("recovered") {
        let answer = try await service.post(#"{"Url":"\#(receiver.url)"}"#)
        return answer.text.contains("log-damaged") ? answer : nil
      }
      #expect(refused.status == 503)
      #expect(try await service.get("/readyz").status == 503)
      #expect(try await service.get("/healthz").status == 200)
      _ = try await receiver.waitFor(4)
      #expect(service.errors.contains("wal-"), "\(service.errors)")
      try await service.stop()
      await receiver.close()
    }

    private static func contents(of log: URL) throws -> [String: Data] {
      var files: [String: Data] = [:]
      for name in try FileManager.default.contentsOfDirectory(atPath: log.path)
      where name.hasPrefix("wal-") || name.hasSuffix(".json") {
        files[name] = try Data(contentsOf: log.appendingPathComponent(name))
      }
      return files
    }

    /// Flips a bit in the first frame of the first segment.
    private static func flip(in log: URL) throws {
      let name = try #require(
        try FileManager.default.contentsOfDirectory(atPath: log.path)
          .filter { $0.hasPrefix("wal-") }.sorted().first)
      let file = log.appendingPathComponent(name)
      var data = try Data(contentsOf: file)
      data[8192 + 80] ^= 1
      try data.write(to: file)
    }
  }
}
