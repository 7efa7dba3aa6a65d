import Foundation

/// The real binary as a process of its own, on ports the system chose.
final class Service: @unchecked Sendable {
  // Sendable: `process` is only touched by the one test that owns the service.
  private let process: Process
  private let errorFile: URL
  private(set) var port = 0
  private(set) var adminPort = 0

  private init(process: Process, errorFile: URL) {
    self.process = process
    self.errorFile = errorFile
  }

  /// Starts it and waits until it listens, and with `ready` until it has recovered. `descriptors` is
  /// the hard limit of its open files.
  static func start(
    log: URL, environment: [String: String] = [:], descriptors: Int? = nil, ready: Bool = true
  ) async throws -> Service {
    let service = try launch(log: log, environment: environment, descriptors: descriptors)
    try await service.listen()
    if ready {
      try await eventually("ready; \(service.errors)", seconds: 60) {
        try await service.get("/readyz").status == 200 ? true : nil
      }
    }
    return service
  }

  /// Starts it and waits for nothing.
  static func launch(
    log: URL, environment: [String: String] = [:], descriptors: Int? = nil
  ) throws -> Service {
    let errorFile = log.deletingLastPathComponent()
      .appendingPathComponent("stderr-\(UUID().uuidString)")
    _ = FileManager.default.createFile(atPath: errorFile.path, contents: nil)
    let process = Process()
    process.executableURL = Programs.dispatcher
    process.arguments = ["serve"]
    if let descriptors {
      process.executableURL = URL(fileURLWithPath: "/bin/sh")
      process.arguments = [
        "-c", "ulimit -n \(descriptors) && exec \"$0\" serve", Programs.dispatcher.path,
      ]
    }
    process.currentDirectoryURL = log.deletingLastPathComponent()
    process.environment = ProcessInfo.processInfo.environment.merging([
      "DISPATCHER_LISTEN": "127.0.0.1:0", "DISPATCHER_ADMIN": "127.0.0.1:0",
      "DISPATCHER_LOG": log.path,
    ]) { $1 }.merging(environment) { $1 }
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    process.standardError = try FileHandle(forWritingTo: errorFile)
    try process.run()
    return Service(process: process, errorFile: errorFile)
  }

  /// Waits until it listens; throws when it ends before.
  func listen() async throws {
    port = try await port(after: "listen=")
    adminPort = try await port(after: "admin=")
  }

  private func port(after marker: String) async throws -> Int {
    try await eventually("'\(marker)' in the log", seconds: 30) {
      if !self.process.isRunning {
        throw TestFailure("ended with \(self.process.terminationStatus): \(self.errors)")
      }
      guard let found = self.errors.range(of: marker) else { return nil }
      let word = self.errors[found.upperBound...].prefix { !$0.isWhitespace && $0 != "\"" }
      guard self.errors[found.upperBound...].contains(where: \.isWhitespace) else { return nil }
      if word == "off" { return 0 }
      return Int(word.split(separator: ":").last ?? "")
    }
  }

  var pid: Int32 { process.processIdentifier }
  var errors: String { (try? String(contentsOf: errorFile, encoding: .utf8)) ?? "" }
  var isRunning: Bool { process.isRunning }
  /// Its exit status or the number of the signal, once it has ended.
  var status: Int32 { process.terminationStatus }
  /// Whether it ended by a signal, as a crash does.
  var wasSignalled: Bool { process.terminationReason == .uncaughtSignal }

  func get(_ path: String) async throws -> Answer {
    try await request(port: port, method: "GET", path: path)
  }

  func admin(_ method: String, _ path: String, headers: [(String, String)] = []) async throws
    -> Answer
  {
    try await request(port: adminPort, method: method, path: path, headers: headers)
  }

  func post(_ body: String, path: String = "/", contentType: String? = "application/json")
    async throws -> Answer
  {
    try await request(
      port: port, method: "POST", path: path,
      headers: contentType.map { [("Content-Type", $0)] } ?? [], body: Array(body.utf8))
  }

  /// What `GET /messages/{uuid}` says now.
  func message(_ uuid: String) async throws -> [String: Any] {
    try await get("/messages/\(uuid)").object()
  }

  func waitForState(_ state: String, of uuid: String, seconds: Double = 30) async throws
    -> [String: Any]
  {
    try await eventually("\(uuid) \(state); \(errors.suffix(2000))", seconds: seconds) {
      let message = try await self.message(uuid)
      return message["State"] as? String == state ? message : nil
    }
  }

  func metrics() async throws -> [String: Double] {
    let text = try await admin("GET", "/metrics").text
    var values: [String: Double] = [:]
    for line in text.split(separator: "\n") where !line.hasPrefix("#") {
      guard let space = line.lastIndex(of: " ") else { continue }
      values[String(line[..<space])] = Double(line[line.index(after: space)...])
    }
    return values
  }

  func signal(_ number: Int32) { kill(pid, number) }

  /// Waits for the end and gives the exit status (or the signal's number).
  @discardableResult
  func waitForExit(seconds: Double = 40) async throws -> Int32 {
    try await eventually("the end of the process; \(errors.suffix(2000))", seconds: seconds) {
      self.process.isRunning ? nil : true
    }
    return process.terminationStatus
  }

  func killHard() async throws {
    signal(SIGKILL)
    try await waitForExit()
  }

  /// A clean stop.
  @discardableResult
  func stop() async throws -> Int32 {
    signal(SIGTERM)
    return try await waitForExit()
  }

  deinit { if process.isRunning { kill(process.processIdentifier, SIGKILL) } }
}
