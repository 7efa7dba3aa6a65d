import Glibc
import Synchronization

/// How long the writer's syncs took, for `LogMetrics`.
struct SyncTimes: Sendable, Equatable {
  private(set) var count: UInt64 = 0
  private(set) var nanoseconds: UInt64 = 0
  /// One more than `LogMetrics.syncBucketsMs` has bounds.
  private(set) var histogram = [UInt64](repeating: 0, count: LogMetrics.syncBucketsMs.count + 1)

  mutating func add(nanoseconds time: UInt64) {
    count += 1
    nanoseconds += time
    let milliseconds = Double(time) / 1e6
    let bucket = LogMetrics.syncBucketsMs.firstIndex { milliseconds <= $0 }
    histogram[bucket ?? LogMetrics.syncBucketsMs.count] += 1
  }
}

/// The syncs that are under way. Pure: `now` is passed in, nanoseconds that never step.
struct RunningSyncs: Sendable {
  private var began: [UInt64: (file: String, at: UInt64)] = [:]
  private var next: UInt64 = 0

  mutating func begin(_ file: String, now: UInt64) -> UInt64 {
    defer { next += 1 }
    began[next] = (file, now)
    return next
  }

  mutating func end(_ number: UInt64) { began[number] = nil }

  /// The one that is under way longest, when that is too long.
  func hanging(now: UInt64) -> HangingSync? {
    guard let first = began.values.min(by: { $0.at < $1.at }) else { return nil }
    let seconds = (now - min(now, first.at)) / 1_000_000_000
    return seconds >= HangingSync.secondsMin
      ? HangingSync(file: first.file, seconds: seconds) : nil
  }
}

/// A disk that times the syncs of its files, but for the first one of a new file: that belongs to
/// the preparation of a segment, which keeps nobody waiting.
final class TimedDisk: Disk {
  private let disk: any Disk
  private let times = Mutex(SyncTimes())

  private let running = Mutex(RunningSyncs())

  init(_ disk: any Disk) { self.disk = disk }

  /// Of all files, new ones too, and of the directory: each holds up somebody.
  func hangingSync(now: UInt64 = Monotonic.nanoseconds()) -> HangingSync? {
    running.withLock { $0.hanging(now: now) }
  }

  fileprivate func watching(
    _ file: String, _ sync: () throws(DiskError) -> Void
  ) throws(DiskError) {
    let number = running.withLock { $0.begin(file, now: Monotonic.nanoseconds()) }
    defer { running.withLock { $0.end(number) } }
    try sync()
  }

  var syncTimes: SyncTimes { times.withLock { $0 } }
  fileprivate func add(nanoseconds: UInt64) {
    times.withLock { $0.add(nanoseconds: nanoseconds) }
  }

  var path: String { disk.path }
  func list() throws(DiskError) -> [String] { try disk.list() }
  func list(in directory: String) throws(DiskError) -> [String] { try disk.list(in: directory) }
  func open(_ name: String, _ mode: OpenMode) throws(DiskError) -> any DiskFile {
    TimedFile(try disk.open(name, mode), of: self, isNew: mode == .createNew)
  }
  func rename(_ from: String, to: String) throws(DiskError) { try disk.rename(from, to: to) }
  func rename(_ from: String, toNew to: String) throws(DiskError) {
    try disk.rename(from, toNew: to)
  }
  func isStill(_ file: any DiskFile, under name: String) -> Bool {
    disk.isStill((file as? TimedFile)?.file ?? file, under: name)
  }
  var isInPlace: Bool { disk.isInPlace }
  func unlink(_ name: String) throws(DiskError) { try disk.unlink(name) }
  func createDirectory(_ name: String) throws(DiskError) { try disk.createDirectory(name) }
  func syncDirectory() throws(DiskError) {
    try watching(".") { () throws(DiskError) in try disk.syncDirectory() }
  }
  func space() throws(DiskError) -> DiskSpace { try disk.space() }
}

private final class TimedFile: DiskFile {
  fileprivate let file: any DiskFile
  private let disk: TimedDisk
  private let isNew: Atomic<Bool>

  init(_ file: any DiskFile, of disk: TimedDisk, isNew: Bool) {
    self.file = file
    self.disk = disk
    self.isNew = Atomic(isNew)
  }

  func sync() throws(DiskError) {
    let start = Monotonic.nanoseconds()
    try disk.watching(name) { () throws(DiskError) in try file.sync() }
    if isNew.exchange(false, ordering: .relaxed) { return }
    disk.add(nanoseconds: Monotonic.nanoseconds() - start)
  }

  var name: String { file.name }
  var allocatedBytes: UInt64? { file.allocatedBytes }
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

/// CLOCK_BOOTTIME: never steps, goes on while the machine sleeps.
enum Monotonic {
  static func nanoseconds() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_BOOTTIME, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }
}
