import Foundation
import Testing

extension EndToEnd {
  @Suite("damage and what the operator does about it") struct DamagedLogs {
    let folder: TemporaryDirectory
    init() throws { folder = try TemporaryDirectory() }
    private var log: URL { folder.path("log") }

    /// A stopped log of three segments (each run begins one) with two waiting messages in each:
    /// `a0`, `a1`, `b0` … `c1`, so large that no segment is worth compacting.
    private func build() async throws {
      let text = String(repeating: "x", count: 8000)
      for run in ["a", "b", "c"] {
        let service = try await Service.start(log: log)
        for index in 0..<2 {
          let body =
            #"{"UUID":"\#(run)\#(index)","Url":"http://127.0.0.1:9","#
            + #""Body":"\#(text)","Delay":3600000}"#
          #expect(try await service.post(body).status == 202)
        }
        try await service.stop()
      }
    }

    private func segment(_ id: Int) -> URL {
      let digits = String(id, radix: 16)
      return log.appendingPathComponent(
        "wal-" + String(repeating: "0", count: 16 - digits.count) + digits + ".seg")
    }

    /// Flips a bit of the first frame.
    private func flip(segment id: Int) throws {
      var data = try Data(contentsOf: segment(id))
      data[8192 + 80] ^= 1
      try data.write(to: segment(id))
    }

    private func repair(_ arguments: String...) async throws -> ProgramRun {
      try await ProgramRun.run(
        Programs.dispatcher, ["repair", "--log", log.path] + arguments, directory: folder.url)
    }

    private func inspect(_ arguments: String...) async throws -> ProgramRun {
      try await ProgramRun.run(Programs.logInspect, [log.path] + arguments)
    }

    private func serve(_ environment: [String: String] = [:]) async throws -> ProgramRun {
      try await ProgramRun.run(
        Programs.dispatcher, ["serve"],
        environment: [
          "DISPATCHER_LISTEN": "127.0.0.1:0", "DISPATCHER_ADMIN": "off",
          "DISPATCHER_LOG": log.path,
        ].merging(environment) { $1 }, directory: folder.url, seconds: 30)
    }

    private func contents() throws -> [String: Data] {
      var files: [String: Data] = [:]
      for name in try FileManager.default.contentsOfDirectory(atPath: log.path) {
        files[name] = try? Data(contentsOf: log.appendingPathComponent(name))
      }
      files["LOCK"] = nil
      return files
    }

    /// The file that is the log's list of accepted damage stays, checkpoints go.
    private func removeCheckpoints() throws {
      for name in try FileManager.default.contentsOfDirectory(atPath: log.path)
      where name.hasPrefix("ckpt") {
        try FileManager.default.removeItem(at: log.appendingPathComponent(name))
      }
    }

    @Test(
      "repair shows what is lost and changes nothing; --accept goes on without it for good",
      arguments: [true, false])
    func repaired(hasCheckpoints: Bool) async throws {
      try await build()
      let clean = try await repair()
      #expect(clean.status == 0, "\(clean)")
      #expect(clean.output.contains("nothing is damaged"))
      try flip(segment: 2)
      if !hasCheckpoints { try removeCheckpoints() }
      let before = try contents()
      let shown = try await repair()
      #expect(shown.status == 2, "\(shown)")
      #expect(shown.output.contains(segment(2).lastPathComponent + " at offset 8192"))
      #expect(shown.output.contains("message 3 lost"), "\(shown.output)")
      #expect(shown.output.contains("--accept"))
      #expect(try contents() == before, "nothing was changed")

      let accepted = try await repair("--accept")
      #expect(accepted.status == 0, "\(accepted)")
      #expect(accepted.output.contains("1 message given up"), "\(accepted.output)")
      #expect(
        accepted.output.contains(
          "6 accepted = 0 delivered + 0 dead + 1 cancelled or lost + 5 pending"),
        "\(accepted.output)")
      let verified = try await inspect("--verify")
      #expect(verified.status == 0, "\(verified)")
      #expect(
        verified.output.contains("message 3 stood there and had ended: nothing is lost; accepted"),
        "\(verified)")
      let audit = try await inspect("--audit")
      #expect(audit.status == 0 && audit.output.contains("message 3 lost to damage and given up"))
      #expect(audit.output.contains("dead + cancelled + lost + pending"), "\(audit.output)")
      for _ in 0..<2 {
        if !hasCheckpoints { try removeCheckpoints() }
        let service = try await Service.start(log: log)
        #expect(!service.errors.contains("is damaged"), "\(service.errors)")
        #expect(service.errors.contains("accepted before"), "\(service.errors)")
        let metrics = try await service.metrics()
        #expect(metrics["dispatcher_pending"] == 5)
        #expect(metrics["dispatcher_cancelled_total"] == 1)
        #expect(metrics["dispatcher_log_lost_messages"] == 1)
        #expect(metrics["dispatcher_log_damaged_frames"] == 0)
        try await service.stop()
      }
      let service = try await Service.start(log: log)
      #expect(try await service.post(#"{"Url":"http://127.0.0.1:9"}"#).status == 202)
      try await service.stop()
      #expect(try await repair().status == 0)
    }

    @Test("on_damage: drain takes nothing new, continue takes it, refuse does not start")
    func policies() async throws {
      try await build()
      try flip(segment: 2)
      try removeCheckpoints()
      let refused = try await serve(["DISPATCHER_ON_DAMAGE": "refuse"])
      #expect(refused.status == 74, "\(refused)")
      #expect(refused.errors.contains("the log is damaged"), "\(refused.errors)")
      #expect(refused.errors.contains("message 3 lost"), "\(refused.errors)")

      var service = try await Service.start(log: log, ready: false)
      let answer = try await eventually("recovered") {
        let answer = try await service.post(#"{"Url":"http://127.0.0.1:9"}"#)
        return answer.text.contains("log-damaged") ? answer : nil
      }
      #expect(answer.status == 503)
      #expect(answer.text.contains("dispatcher repair"), "\(answer.text)")
      #expect(try await service.get("/messages/a0").status == 200)
      #expect(try await service.get("/messages/b0").status == 404)
      #expect(service.errors.contains("dispatcher repair --log \(log.path)"))
      #expect(service.errors.contains("lost_messages=3"), "\(service.errors)")
      try await service.stop()
      let copy = log.appendingPathComponent(
        "quarantine/\(segment(2).lastPathComponent)-8192")
      #expect(FileManager.default.fileExists(atPath: copy.path))

      service = try await Service.start(log: log, environment: ["DISPATCHER_ON_DAMAGE": "continue"])
      #expect(try await service.post(#"{"Url":"http://127.0.0.1:9"}"#).status == 202)
      #expect(service.errors.contains("the log is damaged"), "it is said all the same")
      try await service.stop()
    }

    @Test("repair of a log in use, of no log, and of a foreign one ends with its exit code")
    func exitCodes() async throws {
      let service = try await Service.start(log: log)
      let held = try await repair()
      #expect(held.status == 75, "\(held)")
      #expect(held.errors.contains("stop the server first"))
      try await service.stop()
      let nowhere = try await ProgramRun.run(
        Programs.dispatcher, ["repair", "--log", folder.path("nowhere").path])
      #expect(nowhere.status == 74, "\(nowhere)")
      #expect(!FileManager.default.fileExists(atPath: folder.path("nowhere").path))
    }

    @Test(
      "a checkpoint that can't be read is named and not believed; one that can tells what is missing"
    )
    func checkpoints() async throws {
      try await build()
      let names = try FileManager.default.contentsOfDirectory(atPath: log.path)
        .filter { $0.hasPrefix("ckpt-") }.sorted()
      let newest = try #require(names.last)
      let whole = try Data(contentsOf: log.appendingPathComponent(newest))
      var rotten = whole
      rotten[whole.count / 2] ^= 1
      // Rotten, cut, empty; and the log as it was before its last run, beside what knows more.
      for (number, bytes) in [rotten, whole.prefix(20), Data(), whole].enumerated() {
        let copy = folder.path("copy-\(number)")
        try FileManager.default.copyItem(at: log, to: copy)
        try bytes.write(to: copy.appendingPathComponent(newest))
        let isOlder = bytes == whole
        if isOlder {
          try FileManager.default.removeItem(
            at: copy.appendingPathComponent(segment(3).lastPathComponent))
        }
        let service = try await Service.start(log: copy, ready: false)
        // It is said behind the line that the log was recovered.
        let said =
          isOlder
          ? "\(segment(3).lastPathComponent) is missing" : "\(newest) is not used"
        try await eventually("the note about the checkpoint, or about the segment") {
          service.errors.contains(said) ? true : nil
        }
        try await service.stop()
        let run = try await ProgramRun.run(Programs.dispatcher, ["repair", "--log", copy.path])
        // What a checkpoint knows and the log doesn't reach was lost.
        #expect(run.status == (isOlder ? 2 : 0), "\(isOlder): \(run)")
      }
    }

    @Test("a missing segment in the middle is named, and can be accepted")
    func missing() async throws {
      try await build()
      try FileManager.default.removeItem(at: segment(2))
      try removeCheckpoints()
      let shown = try await repair()
      #expect(shown.status == 2, "\(shown)")
      #expect(shown.output.contains("segment 2 is missing"), "\(shown.output)")
      #expect(shown.output.contains("messages 3 to 4 lost"), "\(shown.output)")
      #expect(try await inspect("--verify").status == 3)
      #expect(try await repair("--accept").status == 0)
      // The checkpoint that was written then doesn't need it.
      #expect(try await inspect("--verify").status <= 1)
      try removeCheckpoints()
      // Nothing proves the end of the segment before the hole any more.
      let verified = try await inspect("--verify")
      #expect(verified.status <= 1, "\(verified)")
      #expect(verified.output.contains("missing; accepted"), "\(verified)")
      let service = try await Service.start(log: log)
      #expect(try await service.metrics()["dispatcher_pending"] == 4)
      #expect(try await service.metrics()["dispatcher_log_lost_messages"] == 2)
      try await service.stop()
    }

    @Test("files that don't belong there stop the start in one line that names them")
    func strangers() async throws {
      try await build()
      let stranger = segment(9)
      let copy = try Data(contentsOf: segment(1))
      let other = folder.path("other")
      let service = try await Service.start(log: other)
      #expect(try await service.post(#"{"Url":"http://127.0.0.1:9","Delay":9000}"#).status == 202)
      try await service.stop()
      let foreign = try Data(
        contentsOf: other.appendingPathComponent(segment(1).lastPathComponent))
      let name = stranger.lastPathComponent

      try copy.write(to: stranger)
      try await expectRefusal(naming: [name, "holds segment 1"])
      try foreign.write(to: stranger)
      // A segment of another store, under its own number.
      try await expectRefusal(naming: [name])
      try FileManager.default.removeItem(at: stranger)
      let third = try Data(contentsOf: segment(1))
      try foreign.write(to: segment(1))
      try await expectRefusal(naming: [segment(1).lastPathComponent, "belongs to the store"])
      try third.write(to: segment(1))
      try FileManager.default.createDirectory(
        at: segment(4), withIntermediateDirectories: false)
      try await expectRefusal(naming: [segment(4).lastPathComponent, "directory"])
      try FileManager.default.removeItem(at: segment(4))
      #expect(mkfifo(segment(4).path, 0o600) == 0)
      try await expectRefusal(naming: [segment(4).lastPathComponent])
      try FileManager.default.removeItem(at: segment(4))
      let after = try await Service.start(log: log)
      #expect(try await after.metrics()["dispatcher_pending"] == 6, "nothing was lost by it")
      try await after.stop()
    }

    private func expectRefusal(naming words: [String]) async throws {
      let run = try await serve()
      #expect(run.status == 74, "\(words): \(run)")
      let lines = run.errors.split(separator: "\n").filter { $0.contains("log: ") }
      #expect(lines.count == 1, "\(run.errors)")
      for word in words { #expect(lines.first?.contains(word) == true, "\(word): \(run.errors)") }
    }

    @Test("an empty or cut file is damage that is named, wherever it stands", arguments: [1, 2, 3])
    func cut(id: Int) async throws {
      try await build()
      try removeCheckpoints()
      let whole = try Data(contentsOf: segment(id))
      for length in [0, 100, 5000] {
        try whole.prefix(length).write(to: segment(id))
        let shown = try await repair()
        #expect(shown.status == 2, "\(length): \(shown)")
        #expect(shown.output.contains(segment(id).lastPathComponent), "\(shown.output)")
      }
      try whole.write(to: segment(id))
      #expect(try await repair().status == 0)

      // Given up, its file stays as it is, and that is no news.
      try whole.prefix(100).write(to: segment(id))
      #expect(try await repair("--accept").status == 0)
      let verified = try await inspect("--verify")
      #expect(verified.status <= 1 && verified.output.contains("; accepted"), "\(verified)")
      // Of what stood in the last one only the server knows how much it was.
      guard id < 3 else { return }
      let audit = try await inspect("--audit")
      #expect(audit.status == 0 && audit.output.contains("lost and given up"), "\(audit)")
    }
  }
}
