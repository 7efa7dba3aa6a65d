import Foundation

/// A finished run of one of our programs.
struct ProgramRun {
  var status: Int32
  var output: String
  var errors: String

  /// Runs to the end; killed after `seconds`.
  static func run(
    _ program: URL, _ arguments: [String], environment: [String: String] = [:],
    directory: URL? = nil, seconds: Int = 60
  ) async throws -> ProgramRun {
    let folder = try TemporaryDirectory()
    let out = folder.path("out")
    let err = folder.path("err")
    for file in [out, err] { _ = FileManager.default.createFile(atPath: file.path, contents: nil) }
    let process = Process()
    process.executableURL = program
    process.arguments = arguments
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    if let directory { process.currentDirectoryURL = directory }
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = try FileHandle(forWritingTo: out)
    process.standardError = try FileHandle(forWritingTo: err)
    try process.run()
    let end = ContinuousClock.now + .seconds(seconds)
    while process.isRunning {
      if ContinuousClock.now > end {
        kill(process.processIdentifier, SIGKILL)
        throw TestFailure("\(program.lastPathComponent) \(arguments) did not end in \(seconds) s")
      }
      try await Task.sleep(for: .milliseconds(10))
    }
    return ProgramRun(
      status: process.terminationStatus,
      output: try String(contentsOf: out, encoding: .utf8),
      errors: try String(contentsOf: err, encoding: .utf8))
  }
}
