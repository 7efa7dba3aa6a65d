import Delivery
import Logging
import Testing

/// A running `DeliveryService` between an in-memory store and a scripted network, in manual time.
struct DeliveryWorld {
  let time = ManualTime()
  let log: InMemoryLog
  let store: InMemoryStore
  let sender: ScriptedSender
  let service: DeliveryService
  private let running: Task<Void, Never>

  init(
    log: InMemoryLog = InMemoryLog(),
    script: @escaping @Sendable (ScriptedSender.Call) -> ScriptedSender.Answer = { _ in .status(200)
    }
  ) {
    self.init(log: log, storeOptions: .init(), configure: { _ in }, script: script)
  }

  init(
    log: InMemoryLog = InMemoryLog(), storeOptions: InMemoryStore.Options = .init(),
    configure: (inout DeliveryConfiguration) -> Void,
    script: @escaping @Sendable (ScriptedSender.Call) -> ScriptedSender.Answer = { _ in .status(200)
    }
  ) {
    self.log = log
    store = InMemoryStore(log: log, clock: time, options: storeOptions)
    sender = ScriptedSender(time: time, script: script)
    var configuration = DeliveryConfiguration()
    configuration.seed = 1
    configure(&configuration)
    service = DeliveryService(
      store: store, sender: sender, clock: time, configuration: configuration,
      logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }),
      sleep: time.sleep)
    let service = service
    running = Task { await service.run() }
  }

  func end() async {
    await service.shutdown(grace: .zero)
    await running.value
    await store.close()
  }

  /// Enqueues; UUIDs are `prefix-1`, `prefix-2` …
  func enqueue(
    _ count: Int = 1, to origin: String = "http://b:80", prefix: String = "m",
    limits: RetryLimits = .init(),
    start: Message.Start = .atOnce, body: [UInt8] = Array("{}".utf8)
  ) async throws {
    for number in 1...count {
      let message = Message(
        uuid: "\(prefix)-\(number)", url: origin + "/hook",
        origin: Origin(normalised: origin), headers: [HeaderField(name: "X-Own", value: "Yes")],
        body: body, start: start, limits: limits)
      _ = try await store.enqueue([message])
    }
  }

  /// Lets tasks run until it holds; with `step`, time goes on meanwhile. The number of rounds only
  /// ends a test that would hang.
  func until(
    step: Duration = .zero, sourceLocation: SourceLocation = #_sourceLocation,
    _ holds: () async throws -> Bool
  ) async throws {
    for _ in 0..<20_000 {
      if try await holds() { return }
      for _ in 0..<20 { await Task.yield() }
      if step > .zero { time.advance(by: step) }
    }
    Issue.record("never held", sourceLocation: sourceLocation)
  }

  func state(_ uuid: String) async throws -> MessageStatus.State? {
    try await store.lookup(uuid: uuid)?.state
  }
}
