import Foundation
import Testing

extension EndToEndFaults {
  /// The real binary with a wall clock that is set by years while it runs.
  @Suite("A clock that jumps") struct ClockJumps {
    private static let year = 365 * 86_400
    /// A message's age is counted by the wall clock: without an end to it a jump makes none dead.
    private static let settings = [
      "DISPATCHER_RETRY_INITIAL": "1s", "DISPATCHER_RETRY_MAX_AGE": "0",
    ]

    let folder: TemporaryDirectory
    init() throws { folder = try TemporaryDirectory() }

    @Test(
      "messages, delays and retries go their way while the clock jumps by years, and over restarts")
    func jumps() async throws {
      let receiver = try await Receiver { request, _ in
        .init(status: request.id.hasPrefix("again") && request.attempt == 1 ? 503 : 200)
      }
      let log = folder.path("log")
      let shim = try await FaultShim(in: folder)
      let state = FaultShim.State(file: folder.path("state"))
      let environment = Self.settings.merging(shim.environment(nil, below: log, state: state)) {
        $1
      }

      var service = try await Service.start(log: log, environment: environment)
      try state.setClock(ahead: -3 * Self.year)
      try await post("back", service, receiver)
      try await post("again-1", service, receiver)
      try await post("later-1", service, receiver, delay: 1500)
      try state.setClock(ahead: 20 * Self.year)
      try await post("ahead", service, receiver)
      try await post("again-2", service, receiver)
      try await waitFor(["back", "again-1", "later-1", "ahead", "again-2"], at: receiver)
      #expect(service.errors.contains("the wall clock was set"))

      // What waits over a restart waits no longer than it would have, wherever the clock stands then.
      try await post("again-3", service, receiver)
      try await post("later-2", service, receiver, delay: 1500)
      _ = try await eventually("the first attempt of again-3") {
        receiver.all.contains { $0.id == "again-3" } ? true : nil
      }
      _ = try await service.waitForState("retrying", of: "again-3")
      try await service.killHard()
      try state.setClock(ahead: -10 * Self.year)
      service = try await Service.start(log: log, environment: environment)
      try await waitFor(["again-3", "later-2"], at: receiver)
      try await post("end", service, receiver)
      try await waitFor(["end"], at: receiver)
      try await service.killHard()

      service = try await Service.start(log: log)
      let metrics = try await eventually("all is recorded") {
        let metrics = try await service.metrics()
        return metrics["dispatcher_pending"] == 0 ? metrics : nil
      }
      #expect(metrics["dispatcher_accepted_total"] == 8)
      #expect(metrics["dispatcher_delivered_total"] == 8)
      #expect(!service.errors.contains(" error "))
      #expect(try await service.stop() == 0)
      await receiver.close()
    }

    private func post(
      _ uuid: String, _ service: Service, _ receiver: Receiver, delay: Int = 0
    ) async throws {
      let answer = try await service.post(
        #"{"UUID":"\#(uuid)","Url":"\#(receiver.url)","Delay":\#(delay)}"#)
      #expect(answer.status == 202, "\(answer.text)")
    }

    /// Within seconds: not within years.
    private func waitFor(_ uuids: [String], at receiver: Receiver) async throws {
      try await eventually("\(uuids) to arrive") {
        let delivered = receiver.all.filter { !$0.id.hasPrefix("again") || $0.attempt > 1 }
        return Set(uuids).isSubset(of: delivered.map(\.id)) ? true : nil
      }
    }
  }
}
