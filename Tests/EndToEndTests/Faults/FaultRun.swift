import Foundation

/// A short life of the real binary on a directory of its own, with one call that goes wrong, and a
/// healthy start after it.
struct FaultRun: Sendable {
  /// What a healthy life left behind that was killed: copied for each run.
  let template: Template
  let shim: FaultShim
  let receiver: Receiver
  let folder: URL
  let name: String

  /// Segments fill after three messages, and what is answered 503 is tried again at once.
  static let settings = ["DISPATCHER_SEGMENT_SIZE": "256KiB", "DISPATCHER_RETRY_INITIAL": "50ms"]

  /// What one run showed.
  struct Result: Sendable {
    var counts: [FaultShim.Call: Int]
    var hits: Int
    /// The exit status of the life with the fault.
    var status: Int32
  }

  func run(_ fault: FaultShim.Fault?) async throws -> Result {
    let log = folder.appendingPathComponent("\(name)/log")
    try FileManager.default.createDirectory(
      at: log.deletingLastPathComponent(), withIntermediateDirectories: true)
    try FileManager.default.copyItem(at: template.log, to: log)
    defer { try? FileManager.default.removeItem(at: log.deletingLastPathComponent()) }
    let state = FaultShim.State(file: log.deletingLastPathComponent().appendingPathComponent("s"))
    let service = try Service.launch(
      log: log,
      environment: Self.settings.merging(shim.environment(fault, below: log, state: state)) { $1 })
    let accepted = try await live(service, state)
    let status = try checkEnd(service)
    try await checkStart(log, accepted)
    let counts = FaultShim.Call.allCases.map { ($0, state.count($0)) }
    return Result(
      counts: Dictionary(uniqueKeysWithValues: counts), hits: state.hits, status: status)
  }

  /// Start, messages, deliveries, a compaction, a quiet second, a stop: as far as the process comes.
  /// Returns what was answered with 202.
  private func live(_ service: Service, _ state: FaultShim.State) async throws -> [String] {
    guard try await becomesReady(service) else { return [] }
    var accepted: [String] = []
    for index in 0..<4 {
      guard let status = try await post("\(name)-\(index)", to: service) else { break }
      if status == 202 { accepted.append("\(name)-\(index)") }
    }
    // What can't be read for the moment is delivered later; so this wait may end without.
    try await wait(seconds: 2) { !service.isRunning || isReceived(accepted) }
    if service.isRunning { _ = try? await service.admin("POST", "/log/compact") }
    // The last frame gets its witness; when the fault is over, the wait shows nothing new.
    try await wait(seconds: 1.3) { !service.isRunning || state.hits > 0 }
    service.signal(SIGTERM)
    try await service.waitForExit()
    return accepted
  }

  /// False when it ended instead.
  private func becomesReady(_ service: Service) async throws -> Bool {
    do {
      try await service.listen()
    } catch {
      if service.isRunning { throw error }
      return false
    }
    return try await eventually("ready or an end; \(service.errors)", seconds: 30) {
      if !service.isRunning { return false }
      return (try? await service.get("/readyz").status) == 200 ? true : nil
    }
  }

  /// The status; nil when the process ended before it answered.
  private func post(_ uuid: String, to service: Service) async throws -> Int? {
    let body = Template.noise(90_000)
    do {
      let answer = try await service.post(
        #"{"UUID":"\#(uuid)","Url":"\#(receiver.url)","Body":"\#(body)"}"#)
      guard [202, 503].contains(answer.status) else {
        throw TestFailure("answered \(answer.status) \(answer.text)")
      }
      return answer.status
    } catch {
      try await eventually("an answer or an end after \(error)") {
        service.isRunning ? nil : true
      }
      return nil
    }
  }

  /// That it comes to pass is not required.
  private func wait(seconds: Double, until isOver: () -> Bool) async throws {
    let end = ContinuousClock.now + .seconds(seconds)
    while !isOver(), ContinuousClock.now < end { try await Task.sleep(for: .milliseconds(20)) }
  }

  private func isReceived(_ uuids: [String]) -> Bool {
    Set(uuids).isSubset(of: receiver.all.map(\.id))
  }

  /// It ended in good order or with one line that says what failed where and why.
  private func checkEnd(_ service: Service) throws -> Int32 {
    let status = service.status
    guard !service.wasSignalled else { throw TestFailure("signal \(status): \(service.errors)") }
    guard status != 0 else { return status }
    let lines = service.errors.split(separator: "\n").filter { $0.contains(" critical ") }
    guard status == 74, lines.count == 1, Self.saysWhy(lines[0]) else {
      throw TestFailure("ended with \(status), and not with one clear line: \(service.errors)")
    }
    return status
  }

  /// Names the operation, the file and the reason.
  private static func saysWhy(_ line: Substring) -> Bool {
    let failed =
      /(list|open|read|write|sync|truncate|rename|unlink|syncDirectory|lock) of \/\S+ failed: .+ \(errno \d+\)/
    return line.contains(failed) || line.contains(/\/\S+ can't be opened: [A-Z]/)
  }

  /// Without faults everything that was answered with 202 is delivered.
  private func checkStart(_ log: URL, _ accepted: [String]) async throws {
    let service = try await Service.start(log: log, environment: Self.settings)
    try await eventually("nothing is pending; \(service.errors)") {
      try await service.metrics()["dispatcher_pending"] == 0 ? true : nil
    }
    guard isReceived(accepted + template.pending) else {
      throw TestFailure("\(accepted) did not all arrive")
    }
    let errors = service.errors
    let status = try await service.stop()
    guard status == 0, !errors.contains(" error "), !errors.contains(" critical ") else {
      throw TestFailure("the healthy start ended with \(status): \(errors)")
    }
  }
}

extension FaultRun {
  /// A directory with two segments, a message that waits, and an end that nothing proves.
  struct Template: Sendable {
    let log: URL
    let pending: [String]

    static func make(in folder: TemporaryDirectory, receiver: Receiver) async throws -> Template {
      let log = folder.path("template")
      let service = try await Service.start(log: log, environment: settings)
      for index in 0..<3 {
        _ = try await service.post(
          #"{"UUID":"old-\#(index)","Url":"\#(receiver.url)","Body":"\#(noise(90_000))"}"#)
        _ = try await service.waitForState("delivered", of: "old-\(index)")
      }
      let answer = try await service.post(
        #"{"UUID":"waiting","Url":"\#(receiver.url)","Delay":1500}"#)
      guard answer.status == 202 else { throw TestFailure("not accepted: \(answer.text)") }
      try await service.killHard()
      return Template(log: log, pending: ["waiting"])
    }

    /// Text that deflate hardly shortens.
    static func noise(_ count: Int) -> String {
      var random = SystemRandomNumberGenerator()
      var bytes = Data(capacity: count)
      while bytes.count < count * 3 / 4 {
        withUnsafeBytes(of: random.next()) { bytes.append(contentsOf: $0) }
      }
      return bytes.base64EncodedString()
    }
  }
}
