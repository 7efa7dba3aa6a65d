import Foundation
import NIOCore
import NIOPosix
import Testing

/// End-to-end tests: one after the other, since each starts processes of its own.
@Suite(.serialized) enum EndToEnd {}

/// Those with failing calls, full disks and other clocks. They wait most of the time, a few minutes
/// in all, and so they run beside the others.
@Suite(.serialized) enum EndToEndFaults {}

/// Where the binaries of this build stand: beside the test runner.
enum Programs {
  static let directory: URL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    .deletingLastPathComponent()
  static var dispatcher: URL { directory.appendingPathComponent("dispatcher") }
  static var logInspect: URL { directory.appendingPathComponent("log-inspect") }
  /// The top of the checkout.
  static let checkout: URL = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()
}

/// A directory for one test, gone when the test ends.
final class TemporaryDirectory: Sendable {
  let url: URL
  init() throws {
    url = FileManager.default.temporaryDirectory
      .appendingPathComponent("dispatcher-e2e-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }
  func path(_ name: String) -> URL { url.appendingPathComponent(name) }
  deinit { try? FileManager.default.removeItem(at: url) }
}

struct TestFailure: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

/// Asks until the answer is there; a bound in time, not an assertion about it.
///
/// Besides the time, it takes a number of questions before it gives up: where other tests keep all
/// threads busy, half a minute may pass between two of them, and nothing is wrong with the answer.
@discardableResult
func eventually<Value>(
  _ what: String, seconds: Double = 30, _ ask: () async throws -> Value?
) async throws -> Value {
  let end = ContinuousClock.now + .seconds(seconds)
  var questions = 0
  while ContinuousClock.now < end || questions < 100 {
    if let value = try await ask() { return value }
    questions += 1
    try await Task.sleep(for: .milliseconds(20))
  }
  throw TestFailure("not within \(seconds) s: \(what)")
}
