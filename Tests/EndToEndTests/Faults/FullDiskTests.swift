import Foundation
import NIOConcurrencyHelpers
import Testing

extension EndToEndFaults {
  /// The real binary on a real file system of 64 MiB.
  @Suite("A full disk") struct FullDisks {
    let folder: TemporaryDirectory
    init() throws { folder = try TemporaryDirectory() }

    /// The mark is at 4 MiB, and it opens at 8 MiB.
    private static let settings = [
      "DISPATCHER_SEGMENT_SIZE": "1MiB", "DISPATCHER_RETRY_INITIAL": "200ms",
      "DISPATCHER_RETRY_CAP": "1s",
    ]

    @Test(
      "new messages are refused with 503, deliveries go on without a free byte, and it opens again by itself"
    )
    func fillAndDrain() async throws {
      guard let disk = try await SmallFileSystem(mebibytes: 64, at: folder.path("disk")) else {
        return
      }
      defer { withExtendedLifetime(disk) {} }
      let isUp = NIOLockedValueBox(false)
      let receiver = try await Receiver { _, _ in
        .init(status: isUp.withLockedValue { $0 } ? 200 : 503)
      }
      let log = disk.url.appendingPathComponent("log")
      let service = try await Service.start(log: log, environment: Self.settings)
      var accepted = try await fill(service, receiver)
      #expect(accepted.count > 300)
      #expect(disk.freeBytes < 4 << 20)
      try await expectFull(service, accepted, receiver)

      // Someone else takes what was left, and the destination is back: it is probed once a minute.
      try disk.fill()
      #expect(disk.freeBytes < 1 << 16)
      isUp.withLockedValue { $0 = true }
      try await eventually("all is delivered; \(service.errors.suffix(1000))", seconds: 120) {
        Set(accepted).isSubset(of: receiver.all.map(\.id))
          ? try await service.metrics()["dispatcher_pending"] == 0 ? true : nil : nil
      }

      // What was delivered is dropped: so room comes back though the other one keeps what it took.
      try await eventually("it takes messages again; \(service.errors.suffix(1000))") {
        let answer = try await service.post("{\"UUID\":\"after\",\"Url\":\"\(receiver.url)\"}")
        return answer.status == 202 ? true : nil
      }
      accepted.append("after")
      try await expectAccounting(service, accepted, receiver)
      #expect(try await service.stop() == 0)
      await receiver.close()
    }

    /// Posts until the disk is full; returns what was taken.
    private func fill(_ service: Service, _ receiver: Receiver) async throws -> [String] {
      let body = FaultRun.Template.noise(100_000)
      for index in 0..<1_000 {
        let answer = try await service.post(
          "{\"UUID\":\"m-\(index)\",\"Url\":\"\(receiver.url)\",\"Body\":\"\(index)\(body)\"}")
        if answer.status == 202 { continue }
        #expect(answer.status == 503, "\(answer.text)")
        #expect(try answer.object()["type"] as? String == "disk-full")
        #expect((Int(answer.header("Retry-After") ?? "") ?? 0) > 0)
        return (0..<index).map { "m-\($0)" }
      }
      throw TestFailure("100 MB in 64 MiB")
    }

    private func expectFull(
      _ service: Service, _ accepted: [String], _ receiver: Receiver
    ) async throws {
      let batch = (0..<3).map { "{\"UUID\":\"b-\($0)\",\"Url\":\"\(receiver.url)\"}" }
      let answer = try await service.post(
        "[" + batch.joined(separator: ",") + "]", path: "/messages")
      #expect(answer.status == 503 || answer.status == 400)
      for index in 0..<3 { #expect(try await service.get("/messages/b-\(index)").status == 404) }
      #expect(try await service.message(accepted[0])["State"] as? String != nil)
      let metrics = try await service.metrics()
      #expect((metrics["dispatcher_disk_level"] ?? 0) >= 1)
      #expect(metrics["dispatcher_accepted_total"] == Double(accepted.count))
      #expect(try await service.get("/readyz").status == 200)
      #expect(try await service.get("/healthz").text.contains("the disk is nearly full"))
    }

    /// Nothing was half-accepted, and nothing is missing.
    private func expectAccounting(
      _ service: Service, _ accepted: [String], _ receiver: Receiver
    ) async throws {
      let metrics = try await eventually("all is delivered") {
        let metrics = try await service.metrics()
        return metrics["dispatcher_pending"] == 0 ? metrics : nil
      }
      #expect(metrics["dispatcher_accepted_total"] == Double(accepted.count))
      #expect(metrics["dispatcher_delivered_total"] == Double(accepted.count))
      #expect(Set(receiver.all.map(\.id)) == Set(accepted))
    }
  }
}
