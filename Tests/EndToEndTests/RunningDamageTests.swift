import Foundation
import Testing

extension EndToEnd {
  @Suite("damage that comes while the server runs") struct RunningDamage {
    let folder: TemporaryDirectory
    init() throws { folder = try TemporaryDirectory() }
    private var log: URL { folder.path("log") }

    private func segment(_ id: Int) -> URL {
      log.appendingPathComponent("wal-000000000000000\(id).seg")
    }

    private func flip(segment id: Int, frame offset: UInt64) throws {
      let file = try FileHandle(forUpdating: segment(id))
      defer { try? file.close() }
      try file.seek(toOffset: offset + 70)
      let byte = try #require(try file.read(upToCount: 1)?.first)
      try file.seek(toOffset: offset + 70)
      try file.write(contentsOf: [byte ^ 1])
    }

    /// A service whose first segment holds `a`, `b` and `c`, each in a frame of its own, of which no
    /// body was read yet.
    private func start(
      _ environment: [String: String], url: String = "http://127.0.0.1:9/",
      delayMs: Int = 3_600_000
    ) async throws -> Service {
      let first = try await Service.start(log: log)
      // So large that the segment is not worth compacting.
      let text = String(repeating: "x", count: 8000)
      for uuid in ["a", "b", "c"] {
        let answer = try await first.post(
          #"{"UUID":"\#(uuid)","Url":"\#(url)","Delay":\#(delayMs),"Body":"\#(text)"}"#)
        #expect(answer.status == 202)
      }
      try await first.stop()
      return try await Service.start(log: log, environment: environment)
    }

    /// Where the second frame begins: the first one's head says how long it is.
    private func secondFrame() throws -> UInt64 {
      let bytes = try Data(contentsOf: segment(1))[8192 + 4..<8192 + 8]
      return 8192 + bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    @Test("a read that meets it says so everywhere, and all other messages are delivered")
    func read() async throws {
      let receiver = try await Receiver()
      let service = try await start([:], url: receiver.url, delayMs: 15_000)
      try flip(segment: 1, frame: try secondFrame())
      let b = try await service.message("b")
      #expect(b["Unreadable"] as? Bool == true, "\(b)")
      #expect(["scheduled", "ready"].contains(b["State"] as? String), "\(b)")
      try await eventually("drain-only; \(service.errors)") {
        try await service.get("/healthz").text.contains("drain-only") ? true : nil
      }
      #expect(service.errors.contains("file=\(segment(1).lastPathComponent)"), "\(service.errors)")
      #expect(service.errors.contains("lost_messages=2"), "\(service.errors)")
      let metrics = try await service.metrics()
      #expect(metrics["dispatcher_log_damaged_frames"] == 1)
      #expect(metrics["dispatcher_log_unreadable_messages"] == 1)
      #expect(metrics["dispatcher_pending"] == 3)
      #expect(try await service.post(#"{"Url":"http://127.0.0.1:9"}"#).status == 503)
      let copies = try FileManager.default.contentsOfDirectory(
        atPath: log.appendingPathComponent("quarantine").path)
      #expect(copies.contains { $0.hasPrefix(segment(1).lastPathComponent) })
      for uuid in ["a", "c"] { _ = try await service.waitForState("delivered", of: uuid) }
      #expect(try await service.message("b")["Unreadable"] as? Bool == true)
      try await service.stop()

      let again = try await Service.start(log: log, ready: false)
      // Its UUID stood in what can't be read.
      try await eventually("recovered; \(again.errors)") {
        again.errors.contains("lost_messages=2") ? true : nil
      }
      try await eventually("drain-only") {
        try await again.get("/healthz").text.contains("drain-only") ? true : nil
      }
      try await again.stop()
      await receiver.close()
    }

    @Test("the background check finds it where nothing is read, and says when it has read all")
    func verification() async throws {
      let service = try await start(
        ["DISPATCHER_VERIFY_EVERY": "1s", "DISPATCHER_ON_DAMAGE": "continue"])
      try await eventually("a round; \(service.errors)") {
        try await service.metrics()["dispatcher_log_verify_rounds_total"] ?? 0 > 0 ? true : nil
      }
      #expect(try await service.get("/healthz").text.contains("LogVerifiedAt"))
      #expect(try await service.metrics()["dispatcher_log_damaged_frames"] == 0)
      try flip(segment: 1, frame: try secondFrame())
      try await eventually("found; \(service.errors)") {
        try await service.metrics()["dispatcher_log_damaged_frames"] == 1 ? true : nil
      }
      #expect(try await service.get("/healthz").text.contains("damaged in 1 place"))
      #expect(try await service.post(#"{"Url":"http://127.0.0.1:9"}"#).status == 202)
      try await service.stop()
    }

    @Test("it is off where verify_every is 0")
    func off() async throws {
      let service = try await start(["DISPATCHER_VERIFY_EVERY": "0"])
      try await Task.sleep(for: .seconds(2))
      let metrics = try await service.metrics()
      #expect(metrics["dispatcher_log_verified_bytes_total"] == 0)
      #expect(metrics["dispatcher_log_verified_timestamp_seconds"] == 0)
      try await service.stop()
    }
  }
}
