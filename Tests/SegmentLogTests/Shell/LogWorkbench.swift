import Foundation
import Synchronization

@testable import SegmentLog

/// A running log in a directory of its own, with its syncs in the test's hands.
final class LogWorkbench: Sendable {
  let path: String
  let syncs = SyncSwitch()
  /// What the observer was told.
  let failures = Mutex<[LogFailure]>([])
  let committed = Mutex<[LogArrival]>([])
  let space = Mutex<[SpaceLevel]>([])
  let checkpoints = Mutex<[DiskError?]>([])
  /// What the log takes for the time, in milliseconds.
  let wallMs = Atomic<UInt64>(1_790_000_000_000)

  init() throws {
    path = NSTemporaryDirectory() + "log-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  func remove() { try? FileManager.default.removeItem(atPath: path) }

  func open(
    _ change: (inout RunningLog.Settings) -> Void = { _ in }
  ) async throws(LogOpenError) -> RunningLog {
    var settings = RunningLog.Settings(
      log: LogOptions(
        segmentSize: 1 << 20, newStore: StoreUUID(high: 1, low: 2), saltSeed: 3))
    settings.lazyDelay = .seconds(3_600)
    change(&settings)
    let observer = RunningLog.Observer(
      committed: { [self] arrivals, _ in committed.withLock { $0 += arrivals } },
      failed: { [self] failure in failures.withLock { $0.append(failure) } },
      space: { [self] level in space.withLock { $0.append(level) } },
      checkpoints: { [self] failure in checkpoints.withLock { $0.append(failure) } })
    let machine: @Sendable () -> MachineTime = { [self] in
      let now = wallMs.load(ordering: .relaxed)
      return MachineTime(wallMs: now, uptimeMs: now, boot: "test")
    }
    return try await RunningLog.open(settings, machine: machine, observer: observer) {
      [path, syncs] () throws(LogOpenError) in
      var directory = try LogDirectory(path: path)
      directory.disk = SwitchedDisk(directory.disk, syncs)
      return directory
    }.log
  }

  /// Keys are spread as the UUID index expects, and payloads don't shrink.
  static func record(_ number: Int, size: Int = 100) -> NewRecord {
    var random = SaltSource(seed: UInt64(number))
    return NewRecord(
      uuid: Array("m\(number)".utf8), key: UUIDKey(high: random.next(), low: random.next()),
      contentHash: UInt64(number), destination: "http://b:80",
      payload: (0..<size).map { _ in UInt8(truncatingIfNeeded: random.next()) })
  }
}

/// Makes syncs wait or fail, and the disk full.
final class SyncSwitch: @unchecked Sendable {
  // Guarded by `condition`, whose lock every access takes.
  private let condition = NSCondition()
  private var isHeld = false
  private var isBroken = false
  private var isFull = false
  private var refusesCheckpoints = false
  private var blocked = 0

  func hold() { change { isHeld = true } }
  func release() { change { isHeld = false } }
  /// Every later sync fails with EIO.
  func breakDown() { change { isBroken = true } }

  /// No file can be created from now on.
  func fill() { change { isFull = true } }
  func makeRoom() { change { isFull = false } }

  /// No checkpoint can be created.
  func refuseCheckpoints(_ refuses: Bool) { change { refusesCheckpoints = refuses } }

  fileprivate func create(_ file: String) throws(DiskError) {
    if condition.withLock({ isFull }) {
      throw DiskError(operation: .open, file: file, code: ENOSPC)
    }
    if file == FileNames.checkpointTemporary, condition.withLock({ refusesCheckpoints }) {
      throw DiskError(operation: .open, file: file, code: EACCES)
    }
  }

  /// Returns when a sync waits.
  func waitUntilBlocked() async {
    await withCheckedContinuation { continuation in
      Thread.detachNewThread { [self] in
        condition.withLock {
          while blocked == 0 { condition.wait() }
        }
        continuation.resume()
      }
    }
  }

  fileprivate func pass(_ file: String) throws(DiskError) {
    let fails = condition.withLock {
      blocked += 1
      condition.broadcast()
      while isHeld { condition.wait() }
      blocked -= 1
      return isBroken
    }
    if fails { throw DiskError(operation: .sync, file: file, code: EIO) }
  }

  private func change(_ body: () -> Void) {
    condition.withLock {
      body()
      condition.broadcast()
    }
  }
}

private final class SwitchedDisk: Disk {
  private let disk: any Disk
  private let syncs: SyncSwitch

  init(_ disk: any Disk, _ syncs: SyncSwitch) {
    self.disk = disk
    self.syncs = syncs
  }

  var path: String { disk.path }
  func list() throws(DiskError) -> [String] { try disk.list() }
  func list(in directory: String) throws(DiskError) -> [String] { try disk.list(in: directory) }
  func open(_ name: String, _ mode: OpenMode) throws(DiskError) -> any DiskFile {
    if mode == .createNew { try syncs.create(name) }
    return SwitchedFile(try disk.open(name, mode), syncs, isNew: mode == .createNew)
  }
  func rename(_ from: String, to: String) throws(DiskError) { try disk.rename(from, to: to) }
  func rename(_ from: String, toNew to: String) throws(DiskError) {
    try disk.rename(from, toNew: to)
  }
  func unlink(_ name: String) throws(DiskError) { try disk.unlink(name) }
  func createDirectory(_ name: String) throws(DiskError) { try disk.createDirectory(name) }
  func syncDirectory() throws(DiskError) { try disk.syncDirectory() }
  func space() throws(DiskError) -> DiskSpace { try disk.space() }
}

private final class SwitchedFile: DiskFile {
  private let file: any DiskFile
  private let syncs: SyncSwitch
  /// The first sync of a new file belongs to the preparation of a segment and is left alone.
  private let isPreparing: Atomic<Bool>

  init(_ file: any DiskFile, _ syncs: SyncSwitch, isNew: Bool) {
    self.file = file
    self.syncs = syncs
    isPreparing = Atomic(isNew)
  }

  var name: String { file.name }
  func sync() throws(DiskError) {
    if !isPreparing.exchange(false, ordering: .relaxed) { try syncs.pass(file.name) }
    try file.sync()
  }
  func size() throws(DiskError) -> UInt64 { try file.size() }
  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(DiskError) -> Int
  {
    try file.read(into: buffer, at: offset)
  }
  func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(DiskError) -> Int {
    try file.write(bytes, at: offset)
  }
  func truncate(to size: UInt64) throws(DiskError) { try file.truncate(to: size) }
  func close() { file.close() }
}

/// What a producer was told, for one who waits for it.
final class Completions: Sendable {
  private struct State {
    var completions: [LogCompletion] = []
    var rooms = 0
    var calls = 0
    var waiting: [(Int, CheckedContinuation<Void, Never>)] = []
  }
  private let state = Mutex(State())

  @Sendable func deliver(_ signal: LogSignal) {
    let ready = state.withLock { state in
      switch signal {
      case .completed(let new):
        state.completions += new
        state.calls += 1
      case .roomAvailable: state.rooms += 1
      }
      let count = state.completions.count
      let ready = state.waiting.filter { $0.0 <= count }
      state.waiting.removeAll { $0.0 <= count }
      return ready
    }
    for (_, continuation) in ready { continuation.resume() }
  }

  func wait(for count: Int) async -> [LogCompletion] {
    await withCheckedContinuation { continuation in
      let isReady = state.withLock { state in
        if state.completions.count >= count { return true }
        state.waiting.append((count, continuation))
        return false
      }
      if isReady { continuation.resume() }
    }
    return state.withLock { $0.completions }
  }

  var calls: Int { state.withLock { $0.calls } }
}
