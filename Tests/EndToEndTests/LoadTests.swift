import Foundation
import Testing

extension EndToEnd {
  @Suite("loading a file") struct Loading {
    let folder: TemporaryDirectory
    init() throws { folder = try TemporaryDirectory() }

    private func load(_ file: URL, _ port: Int, _ more: [String] = []) async throws -> ProgramRun {
      try await ProgramRun.run(
        Programs.dispatcher, ["load", file.path, "--to", "127.0.0.1:\(port)"] + more)
    }

    @Test("what was salvaged is posted again, large bodies too, and is known the second time")
    func salvaged() async throws {
      let first = try await Service.start(log: folder.path("first"))
      let body = String(repeating: "0123456789", count: 40_000)
      for index in 0..<5 {
        let answer = try await first.post(
          #"{"UUID":"m\#(index)","Url":"http://127.0.0.1:9/","Delay":3600000,"Body":"\#(body)"}"#)
        #expect(answer.status == 202)
      }
      try await first.stop()
      let saved = folder.path("saved.ndjson")
      let salvage = try await ProgramRun.run(
        Programs.logInspect, [folder.path("first").path, "--salvage", saved.path])
      #expect(salvage.status == 0)

      let second = try await Service.start(log: folder.path("second"))
      let loaded = try await load(saved, second.port)
      #expect(loaded.status == 0, "\(loaded)")
      #expect(loaded.output.hasSuffix(": 5 accepted, 0 known before, 0 refused\n"), "\(loaded)")
      let again = try await load(saved, second.port)
      #expect(again.output.hasSuffix(": 0 accepted, 5 known before, 0 refused\n"), "\(again)")
      #expect(try await second.get("/messages/m4").text.contains(#""State":"scheduled""#))
      #expect(!FileManager.default.fileExists(atPath: saved.path + ".progress"))
      try await second.stop()
    }

    @Test("one that is killed goes on with the same command, and posts nothing twice")
    func killed() async throws {
      let service = try await Service.start(log: folder.path("log"))
      let file = folder.path("many.ndjson")
      // Without a UUID, so that only the keys of the load tell that a line was posted before.
      let text = (0..<3_000)
        .map { #"{"Url":"http://127.0.0.1:9/\#($0)","Delay":3600000}"# + "\n" }.joined()
      try Data(text.utf8).write(to: file)
      let process = Process()
      process.executableURL = Programs.dispatcher
      process.arguments = [
        "load", file.path, "--to", "127.0.0.1:\(service.port)", "--parallel", "4",
      ]
      process.standardOutput = FileHandle.nullDevice
      process.standardError = FileHandle.nullDevice
      try process.run()
      try await eventually("some lines to be posted") {
        try await service.metrics()["dispatcher_accepted_total"] ?? 0 > 300 ? true : nil
      }
      kill(process.processIdentifier, SIGKILL)
      await Task.detached { process.waitUntilExit() }.value
      let run = try await load(file, service.port)
      #expect(run.status == 0, "\(run)")
      #expect(run.errors.contains("going on behind line"), "\(run)")
      #expect(try await service.metrics()["dispatcher_accepted_total"] == 3_000)
      try await service.stop()
    }

    @Test("what is refused, and what can't be done, is said, with a code")
    func refused() async throws {
      let service = try await Service.start(log: folder.path("log"))
      let file = folder.path("mixed.ndjson")
      try Data(
        """
        {"UUID":"good","Url":"http://127.0.0.1:9/","Delay":3600000}
        {"UUID":"bad","Url":"nowhere"}
        no JSON

        """.utf8
      ).write(to: file)
      let run = try await load(file, service.port)
      #expect(run.status == 1)
      #expect(run.output.contains("1 accepted, 0 known before, 2 refused"), "\(run)")
      #expect(run.errors.contains("line 2 (bad): 400"), "\(run)")
      #expect(run.errors.contains("line 3: 400"), "\(run)")
      let nowhere = try await load(folder.path("none"), service.port)
      #expect(nowhere.status == 66, "\(nowhere)")
      try await service.stop()
      let gone = try await load(file, service.port, ["--patience", "300ms"])
      #expect(gone.status == 1 && gone.errors.contains("not done: Connection refused"), "\(gone)")
    }
  }
}
