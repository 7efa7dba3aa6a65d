import Foundation
import Testing

extension EndToEnd {
  @Suite("files of the log that are deleted or moved under a server") struct Names {
    let folder: TemporaryDirectory
    var log: URL { folder.path("log") }
    init() throws { folder = try TemporaryDirectory() }

    private static let waiting = #"{"Url":"http://127.0.0.1:9/","Delay":3600000}"#

    /// The active segment: the last one.
    private func active() throws -> URL {
      let names = try FileManager.default.contentsOfDirectory(atPath: log.path).sorted()
      return log.appendingPathComponent(try #require(names.last { $0.hasPrefix("wal-") }))
    }

    /// Posts until nothing is taken any more; a second and a bit has to be enough.
    private func postUntilRefused(_ service: Service) async throws -> Int {
      let end = ContinuousClock.now + .seconds(5)
      var taken = 0
      while ContinuousClock.now < end {
        guard let answer = try? await service.post(Self.waiting), answer.status == 202 else {
          return taken
        }
        taken += 1
        try await Task.sleep(for: .milliseconds(20))
      }
      Issue.record("after 5 s messages are still taken: \(taken)")
      return taken
    }

    enum Loss: String, CaseIterable { case lock = "LOCK", segment, directory }

    @Test("the server stops taking messages at once and says why", arguments: Loss.allCases)
    func lost(_ loss: Loss) async throws {
      let service = try await Service.start(log: log)
      #expect(try await service.post(Self.waiting).status == 202)
      var named = loss.rawValue
      switch loss {
      case .lock: try FileManager.default.removeItem(at: log.appendingPathComponent("LOCK"))
      case .segment:
        let file = try active()
        named = file.lastPathComponent
        try FileManager.default.moveItem(at: file, to: folder.path("moved"))
      case .directory:
        named = "directory"
        try FileManager.default.moveItem(at: log, to: folder.path("moved"))
      }
      let taken = try await postUntilRefused(service)
      #expect(taken < 150, "20 ms each, and a second until it is looked")
      let status = try await service.waitForExit()
      #expect(status == 74)
      #expect(service.errors.contains("the log stopped"), "\(service.errors)")
      #expect(service.errors.contains(named), "\(service.errors)")
    }

    @Test("of two servers on one directory whose LOCK was deleted only the second goes on")
    func twoServers() async throws {
      let first = try await Service.start(log: log)
      #expect(try await first.post(Self.waiting).status == 202)
      try FileManager.default.removeItem(at: log.appendingPathComponent("LOCK"))
      let second = try await Service.start(log: log)
      _ = try await postUntilRefused(first)
      #expect(try await first.waitForExit() == 74)
      #expect(try await second.post(Self.waiting).status == 202)
      try await second.stop()
    }

    @Test("temporary files that somebody deletes are made again")
    func temporary() async throws {
      let service = try await Service.start(
        log: log, environment: ["DISPATCHER_SEGMENT_SIZE": "256KiB"])
      let body = String(repeating: "0123456789abcdefghijklmnopqrstuvwxyz", count: 400)
      for round in 0..<60 {
        for name in try FileManager.default.contentsOfDirectory(atPath: log.path)
        where name.hasSuffix(".tmp") {
          try? FileManager.default.removeItem(at: log.appendingPathComponent(name))
        }
        let noise = String((0..<9000).map { _ in "abcdefghijklmnopqrstuvwxyz".randomElement()! })
        let answer = try await service.post(
          #"{"UUID":"m\#(round)","Url":"http://127.0.0.1:9/","Delay":3600000,"Body":"\#(noise)\#(body)"}"#
        )
        #expect(answer.status == 202)
      }
      let last = try active()
      #expect(last.lastPathComponent != "wal-0000000000000001.seg", "there was a rotation")
      try await service.stop()
      let again = try await Service.start(log: log)
      #expect(try await again.get("/messages/m59").status == 200)
      try await again.stop()
    }

    @Test("who finds the log in use is told by which process, host and listeners")
    func holder() async throws {
      let service = try await Service.start(log: log)
      let refused = try await ProgramRun.run(
        Programs.dispatcher, ["repair", "--log", log.path])
      #expect(refused.status == 75)
      #expect(refused.errors.contains("on host "), "\(refused.errors)")
      #expect(refused.errors.contains("listening 127.0.0.1:"), "\(refused.errors)")
      try await service.stop()
    }
  }
}
