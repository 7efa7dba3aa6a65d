import Foundation
import NIOConcurrencyHelpers
import Testing

extension EndToEnd {
  @Suite("Outages") struct Outages {
    let folder: TemporaryDirectory
    init() throws { folder = try TemporaryDirectory() }

    @Test("a limit of time is kept by the clock, also for messages that were never tried")
    func maxAge() async throws {
      let receiver = try await Receiver { _, _ in .init(delay: nil) }
      let service = try await Service.start(log: folder.path("log"))
      for number in 0..<50 {
        _ = try await service.post(
          #"{"UUID":"m\#(number)","Url":"\#(receiver.url)","Timeout":60000,"Retry":{"MaxAge":3000}}"#
        )
      }
      let last = try await service.waitForState("dead", of: "m49", seconds: 10)
      #expect((last["LastError"] as? String)?.contains("before it was tried") == true)
      #expect(last["Attempts"] as? Int == 0)
      try await eventually("all but those in flight are dead") {
        let metrics = try await service.metrics()
        return metrics["dispatcher_dead"] == 50 - Double(receiver.all.count) ? true : nil
      }
      #expect(receiver.all.count < 10)
      try await service.killHard()
      await receiver.close()
    }

    @Test("400 from a destination that has not worked yet is no verdict, 413 twice is")
    func firstProxy() async throws {
      let receiver = try await Receiver { request, index in
        .init(status: request.uri == "/large" ? 413 : request.attempt == 1 ? 400 : 200)
      }
      let service = try await Service.start(
        log: folder.path("log"), environment: ["DISPATCHER_RETRY_INITIAL": "100ms"])
      _ = try await service.post(#"{"UUID":"early","Url":"\#(receiver.url)"}"#)
      _ = try await service.post(
        #"{"UUID":"large","Url":"http://127.0.0.1:\#(receiver.port)/large"}"#)
      let early = try await service.waitForState("delivered", of: "early")
      #expect(early["Attempts"] as? Int == 2)
      let large = try await service.waitForState("dead", of: "large")
      #expect(large["Attempts"] as? Int == 2)
      try await service.stop()
      await receiver.close()
    }

    @Test("a broken destination has a line, metrics and a next attempt, and a line when it is back")
    func broken() async throws {
      let status = NIOLockedValueBox(503)
      let receiver = try await Receiver { _, _ in
        .init(status: status.withLockedValue { $0 })
      }
      let service = try await Service.start(log: folder.path("log"))
      for number in 0..<20 {
        _ = try await service.post(#"{"UUID":"m\#(number)","Url":"\#(receiver.url)"}"#)
      }
      try await eventually("the line; \(service.errors)") {
        service.errors.contains("a destination is broken") ? true : nil
      }
      let metrics = try await service.metrics()
      #expect(metrics["dispatcher_destinations_broken"] == 1)
      #expect((metrics["dispatcher_oldest_waiting_seconds"] ?? 0) > 0)
      let waiting = try await service.message("m19")
      #expect(waiting["State"] as? String == "ready")
      #expect(waiting["NextAttemptAt"] is String)
      status.withLockedValue { $0 = 200 }
      try await eventually("the other line; \(service.errors)", seconds: 60) {
        service.errors.contains("a destination is back") ? true : nil
      }
      try await service.stop()
      await receiver.close()
    }
  }
}
