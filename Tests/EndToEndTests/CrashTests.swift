import Foundation
import NIOConcurrencyHelpers
import Testing

extension EndToEnd {
  @Suite("kill -9 and restarts") struct Crashes {
    let folder: TemporaryDirectory
    init() throws { folder = try TemporaryDirectory() }

    @Test("killed 20 times under load, nothing that was answered 202 is missing")
    func killedUnderLoad() async throws {
      let receiver = try await Receiver()
      let log = folder.path("log")
      let acknowledged = NIOLockedValueBox<Set<String>>([])
      for round in 0..<20 {
        let service = try await Service.start(
          log: log, environment: ["DISPATCHER_SEGMENT_SIZE": "256KiB"])
        let port = service.port
        let url = receiver.url
        let senders = Task {
          await withTaskGroup(of: Void.self) { group in
            for sender in 0..<8 {
              group.addTask {
                await Self.post(
                  port: port, url: url, prefix: "r\(round)-s\(sender)", into: acknowledged)
              }
            }
          }
        }
        let before = acknowledged.withLockedValue(\.count)
        try await eventually("some load") {
          acknowledged.withLockedValue(\.count) > before + 40 + 7 * round ? true : nil
        }
        try await service.killHard()
        await senders.value
      }
      let service = try await Service.start(log: log)
      let expected = acknowledged.withLockedValue { $0 }
      let missing = try await Self.missing(expected, at: receiver)
      #expect(missing.isEmpty, "\(missing.count) of \(expected.count) are missing")
      let metrics = try await eventually("all is delivered") {
        let metrics = try await service.metrics()
        return metrics["dispatcher_pending"] == 0 ? metrics : nil
      }
      let accepted = metrics["dispatcher_accepted_total"] ?? -1
      #expect(accepted >= Double(expected.count))
      #expect(
        accepted == (metrics["dispatcher_delivered_total"] ?? 0) + (metrics["dispatcher_dead"] ?? 0)
          + (metrics["dispatcher_cancelled_total"] ?? 0) + (metrics["dispatcher_pending"] ?? 0))
      try await service.stop()
      await receiver.close()
    }

    /// Posts on one connection, one after the other, until the connection breaks.
    private static func post(
      port: Int, url: String, prefix: String, into acknowledged: NIOLockedValueBox<Set<String>>
    ) async {
      guard let connection = try? await RawConnection(port: port) else { return }
      var answered = 0
      for index in 0..<100_000 {
        let uuid = "\(prefix)-\(index)"
        let body = #"{"UUID":"\#(uuid)","Url":"\#(url)","Body":"\#(uuid)"}"#
        let head =
          "POST / HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
          + "Content-Length: \(body.utf8.count)\r\n\r\n"
        guard (try? await connection.send(head + body)) != nil else { return }
        while true {
          if let answers = try? Answer.parse(connection.received), answers.count > answered {
            answered = answers.count
            if answers[answered - 1].status == 202 {
              acknowledged.withLockedValue { _ = $0.insert(uuid) }
            }
            break
          }
          if connection.isClosed { return }
          try? await Task.sleep(for: .milliseconds(1))
        }
      }
    }

    private static func missing(_ expected: Set<String>, at receiver: Receiver) async throws
      -> Set<String>
    {
      do {
        return try await eventually("all at the receiver", seconds: 60) {
          let left = expected.subtracting(receiver.all.map(\.id))
          return left.isEmpty ? left : nil
        }
      } catch {
        return expected.subtracting(receiver.all.map(\.id))
      }
    }

    @Test("a message accepted just before kill -9 arrives after the restart")
    func acceptKillRestart() async throws {
      let log = folder.path("log")
      var service = try await Service.start(log: log)
      let receiver = try await Receiver()
      let answer = try await service.post(
        #"{"UUID":"kept","Url":"\#(receiver.url)","Delay":500,"Body":"x"}"#)
      #expect(answer.status == 202)
      try await service.killHard()
      service = try await Service.start(log: log)
      let request = try #require(try await receiver.waitFor(1).first)
      #expect(request.id == "kept")
      #expect(request.body == Array("x".utf8))
      try await service.stop()
      await receiver.close()
    }

    @Test("a message in flight at the crash is delivered again and not charged an attempt")
    func inFlightAtTheCrash() async throws {
      let receiver = try await Receiver { _, index in
        index == 0 ? .init(delay: nil) : .init()
      }
      let log = folder.path("log")
      var service = try await Service.start(log: log)
      _ = try await service.post(#"{"UUID":"flying","Url":"\#(receiver.url)","Timeout":60000}"#)
      _ = try await receiver.waitFor(1)
      _ = try await service.waitForState("inflight", of: "flying")
      try await service.killHard()
      service = try await Service.start(log: log)
      let requests = try await receiver.waitFor(2)
      #expect(requests.map(\.attempt) == [1, 1])
      try await service.stop()
      await receiver.close()
    }

    @Test("SIGTERM lets calls in flight end, then seals the log; the next start is clean")
    func gracefulStop() async throws {
      let receiver = try await Receiver { _, _ in .init(delay: .milliseconds(700)) }
      let log = folder.path("log")
      var service = try await Service.start(log: log)
      _ = try await service.post(#"{"UUID":"slow","Url":"\#(receiver.url)"}"#)
      _ = try await receiver.waitFor(1)
      #expect(try await service.stop() == 0)
      let verify = try await ProgramRun.run(Programs.logInspect, [log.path, "--verify"])
      #expect(verify.status == 0, "\(verify.output) \(verify.errors)")
      service = try await Service.start(log: log)
      #expect(try await service.message("slow")["State"] as? String == "delivered")
      #expect(receiver.all.count == 1)
      try await service.stop()
      await receiver.close()
    }

    @Test("a second signal ends it at once")
    func secondSignal() async throws {
      let receiver = try await Receiver { _, _ in .init(delay: nil) }
      let service = try await Service.start(log: folder.path("log"))
      _ = try await service.post(#"{"UUID":"stuck","Url":"\#(receiver.url)","Timeout":600000}"#)
      _ = try await receiver.waitFor(1)
      service.signal(SIGINT)
      try await eventually("draining") {
        (try? await service.get("/readyz").status) == 200 ? nil : true
      }
      service.signal(SIGINT)
      try await service.waitForExit(seconds: 10)
      await receiver.close()
    }
  }
}
