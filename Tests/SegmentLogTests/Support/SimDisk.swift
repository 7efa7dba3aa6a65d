import Glibc
import Synchronization

@testable import SegmentLog

/// A disk in memory that keeps what was written apart from what was synced, for file contents and
/// for directory entries, and that can lose, keep or tear everything that was not synced.
///
/// Stricter than any real file system: a sync of a file says nothing of its name, and what was not
/// synced survives sector by sector (512 bytes) in any combination. Everything random comes from
/// the seed, so that a run can be repeated.
final class SimDisk: Disk {
  let path = "/sim"
  private let state: Mutex<SimState>

  init(seed: UInt64 = 1, capacity: UInt64 = .max) {
    state = Mutex(SimState(seed: seed, capacity: capacity))
  }

  private init(_ copy: SimState) { state = Mutex(copy) }

  /// A disk of its own in the same state, to go two ways from one point. Faults are not copied.
  func clone(seed: UInt64) -> SimDisk {
    SimDisk(
      state.withLock { state in
        var copy = state
        copy.random = SplitMix64(seed: seed)
        copy.clearFaults()
        return copy
      })
  }

  // Disk

  func list() throws(DiskError) -> [String] {
    try call(.list, "") { (state) throws(DiskError) in state.list() }
  }

  func list(in directory: String) throws(DiskError) -> [String] {
    try call(.list, directory) { (state) throws(DiskError) in state.list(in: directory) }
  }

  func open(_ name: String, _ mode: OpenMode) throws(DiskError) -> any DiskFile {
    let (inode, epoch) = try call(.open, name, changes: mode == .createNew) {
      (state) throws(DiskError) in
      (try state.open(name, mode), state.epoch)
    }
    return SimFile(
      name: name, disk: self, inode: inode, epoch: epoch, isWritable: mode != .readOnly)
  }

  func rename(_ from: String, to: String) throws(DiskError) {
    try call(.rename, from, changes: true) { (state) throws(DiskError) in
      try state.rename(from, to: to)
    }
  }

  func rename(_ from: String, toNew to: String) throws(DiskError) {
    try call(.rename, from, changes: true) { (state) throws(DiskError) in
      guard state.names[to] == nil else {
        throw DiskError(operation: .rename, file: from, code: EEXIST)
      }
      try state.rename(from, to: to)
    }
  }

  func isStill(_ file: any DiskFile, under name: String) -> Bool {
    guard let file = file as? SimFile else { return true }
    return state.withLock { $0.epoch != file.epoch || $0.names[name] == file.inode }
  }

  func unlink(_ name: String) throws(DiskError) {
    try call(.unlink, name, changes: true) { (state) throws(DiskError) in try state.unlink(name) }
  }

  func createDirectory(_ name: String) throws(DiskError) {
    try call(.createDirectory, name, changes: true) { (state) throws(DiskError) in
      try state.createDirectory(name)
    }
  }

  func syncDirectory() throws(DiskError) {
    try call(.syncDirectory, "", changes: true, failing: { $0.dropPendingNames() }) {
      (state) throws(DiskError) in state.syncNames()
    }
  }

  func space() throws(DiskError) -> DiskSpace {
    try call(.space, "") { (state) throws(DiskError) in
      DiskSpace(totalBytes: state.capacity, availableBytes: state.available)
    }
  }
}

// What a test does to the disk.
extension SimDisk {
  /// What a crash leaves of that which was not synced.
  enum Kept: Sendable {
    case nothing
    case everything
    /// Each sector, each size and each change of a name on its own, or names up to one point.
    case random
  }

  /// The machine loses power and starts again: open files become useless, faults are cleared.
  func crash(keeping kept: Kept) { state.withLock { $0.crash(keeping: kept) } }

  /// A crash that leaves nothing but what was synced.
  func cutPower() { crash(keeping: .nothing) }

  /// The process ends and starts again; what was written stays visible, synced or not.
  func restartKeepingCache() { state.withLock { $0.restart() } }

  /// From the change after the next `count` ones on every call fails with EIO, until `crash` or
  /// `restartKeepingCache`: the moment of a crash.
  func stop(afterChanges count: Int) { state.withLock { $0.stopAt = $0.changes + count } }

  var isStopped: Bool { state.withLock { $0.isStopped } }

  func inject(_ fault: SimFault) { state.withLock { $0.faults.append(fault) } }
  /// Whether something is still to go wrong.
  var hasFaults: Bool { state.withLock { !$0.faults.isEmpty || $0.stopAt != nil } }
  func clearFaults() { state.withLock { $0.clearFaults() } }

  func setCapacity(_ bytes: UInt64) { state.withLock { $0.capacity = bytes } }

  /// Calls that change something: creations, writes, syncs, truncations, renames, unlinks.
  var changes: Int { state.withLock { $0.changes } }
  /// All calls.
  var calls: Int { state.withLock { $0.counts.values.reduce(0, +) } }
  func calls(_ operation: DiskError.Operation) -> Int {
    state.withLock { $0.counts[operation] ?? 0 }
  }

  /// The calls so far that changed something, as text (`write wal-….seg 512+64`), while recording.
  func record(_ on: Bool = true) { state.withLock { $0.trace = on ? [] : nil } }
  var trace: [String] { state.withLock { $0.trace ?? [] } }

  /// The sizes of all files together.
  var bytes: UInt64 {
    ((try? list()) ?? []).reduce(0) { $0 + UInt64(contents($1)?.count ?? 0) }
  }

  /// What a process reads.
  func contents(_ name: String) -> [UInt8]? { state.withLock { $0.inode(name)?.current } }
  /// What a power cut would leave, name included.
  func durableContents(_ name: String) -> [UInt8]? {
    state.withLock { state in state.durableNames[name].flatMap { state.inodes[$0]?.durable } }
  }
  /// Puts a file there, durably.
  func put(_ name: String, _ bytes: [UInt8]) { state.withLock { $0.put(name, bytes) } }
  /// Takes a file away, durably.
  func remove(_ name: String) { state.withLock { $0.remove(name) } }
  /// Rot: the bit is wrong in the cache and on the platter.
  func flip(_ name: String, bit: Int) {
    guard var bytes = contents(name) else { return }
    bytes[bit / 8] ^= 1 << UInt8(bit % 8)
    put(name, bytes)
  }
}

// The way of every call.
extension SimDisk {
  /// Counts, stops or fails as it was told, else does `body`. `failing` is what a failed call does
  /// to the state although it failed.
  func call<R>(
    _ operation: DiskError.Operation, _ name: String, changes: Bool = false, note: String = "",
    failing: (inout SimState) -> Void = { _ in },
    _ body: (inout SimState) throws(DiskError) -> R
  ) throws(DiskError) -> R {
    let result: Result<R, DiskError> = state.withLock { state in
      do throws(DiskError) {
        try state.begin(operation, name, changes: changes, note: note)
        guard let fault = state.nextFault(operation, name), let code = fault.code else {
          return .success(try body(&state))
        }
        if case .complete = fault.effect { _ = try body(&state) } else { failing(&state) }
        return .failure(DiskError(operation: operation, file: name, code: code))
      } catch {
        return .failure(error)
      }
    }
    return try result.get()
  }

  /// A write, which alone can be done in part.
  func write(
    _ bytes: UnsafeRawBufferPointer, to file: SimFile, at offset: UInt64
  ) throws(DiskError) -> Int {
    let result: Result<Int, DiskError> = state.withLock { state in
      do throws(DiskError) {
        try state.begin(
          .write, file.name, changes: true, note: " \(offset)+\(bytes.count)")
        try state.check(file, .write, writing: true)
        guard let fault = state.nextFault(.write, file.name) else {
          return .success(try state.write(bytes, inode: file.inode, at: offset, name: file.name))
        }
        let length = min(fault.bytesDone ?? bytes.count, bytes.count)
        let part = UnsafeRawBufferPointer(rebasing: bytes[..<length])
        let done = try state.write(part, inode: file.inode, at: offset, name: file.name)
        guard let code = fault.code else { return .success(done) }
        return .failure(DiskError(operation: .write, file: file.name, code: code))
      } catch {
        return .failure(error)
      }
    }
    return try result.get()
  }
}
