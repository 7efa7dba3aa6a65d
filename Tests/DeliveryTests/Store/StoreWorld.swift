import Delivery
import Foundation
import Logging
import SegmentLog
import Testing

/// Which store a test of the suite runs against.
enum StoreKind: String, CaseIterable, Sendable, CustomTestStringConvertible {
  case inMemory, segmentLog
  var testDescription: String { rawValue }
}

/// What a test may want smaller than usual.
struct StoreLimits: Sendable {
  var arrivalWindow = 8_192
  var waitingMessages = 8_192
  var segmentSize: UInt64 = 1 << 20
}

/// Storage that outlives a store, with time and commits in the test's hands.
protocol StoreWorld: Sendable {
  var clock: SettableClock { get }
  /// A store over what the last one left. That one is closed.
  func open(_ limits: StoreLimits) async throws -> any MessageStore
  /// From now on nothing becomes durable until `releaseCommits`.
  func holdCommits()
  func releaseCommits()
}

extension StoreWorld {
  func open() async throws -> any MessageStore { try await open(StoreLimits()) }
}

/// Runs `body` in a fresh world of the kind and cleans up behind it.
func withWorld(
  _ kind: StoreKind, _ body: (any StoreWorld) async throws -> Void
) async throws {
  switch kind {
  case .inMemory: try await body(InMemoryWorld())
  case .segmentLog:
    let world = try SegmentLogWorld()
    defer { world.remove() }
    try await body(world)
  }
}

private final class InMemoryWorld: StoreWorld {
  let clock = SettableClock()
  private let log = InMemoryLog()
  private let gate = CommitGate()

  func open(_ limits: StoreLimits) async throws -> any MessageStore {
    var options = InMemoryStore.Options()
    options.arrivalWindow = limits.arrivalWindow
    options.waitingMessages = limits.waitingMessages
    let store = InMemoryStore(log: log, clock: clock, options: options)
    gate.onChange { isHeld in isHeld ? store.holdCommits() : store.releaseCommits() }
    return store
  }

  func holdCommits() { gate.hold() }
  func releaseCommits() { gate.release() }
}

final class SegmentLogWorld: StoreWorld {
  let clock = SettableClock()
  let gate = CommitGate()
  let path: String

  init() throws {
    path = NSTemporaryDirectory() + "store-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  func open(_ limits: StoreLimits) async throws -> any MessageStore {
    var options = SegmentLogStore.Options()
    options.arrivalWindow = limits.arrivalWindow
    options.waitingMessages = limits.waitingMessages
    options.segmentSize = limits.segmentSize
    options.lazyDelay = .milliseconds(5)
    return try await open(options).0
  }

  func open(
    _ options: SegmentLogStore.Options,
    onFailure: @escaping @Sendable (LogFailure) -> Void = { Issue.record("the log failed: \($0)") }
  ) async throws -> (SegmentLogStore, RecoveryReport) {
    try await SegmentLogStore.open(
      options: options, clock: clock, logger: Logger(label: "store"),
      onFailure: onFailure,
      directory: { [path, gate] () throws(LogOpenError) in
        var directory = try LogDirectory(path: path)
        directory.disk = GatedDisk(directory.disk, gate)
        return directory
      })
  }

  func holdCommits() { gate.hold() }
  func releaseCommits() { gate.release() }
  func remove() { try? FileManager.default.removeItem(atPath: path) }
}
