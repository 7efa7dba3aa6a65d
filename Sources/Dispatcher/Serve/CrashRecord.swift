import Delivery
import Glibc
import Logging
import SegmentLog
import Synchronization

/// The file `in-flight` in the log's directory while the process runs: see `CrashLedger`. It is mapped,
/// so that a mark and a slot are written by storing into memory; what is stored there outlives the
/// process, and needs to outlive nothing more.
///
/// Behind a `Mutex`: slots are taken and given back for moments, and only in a run that records.
final class CrashRecord: FlightRecorder {
  /// The map lives as long as the process.
  private struct State: @unchecked Sendable {
    var map: UnsafeMutableRawBufferPointer
    var firstSlot: Int
    var free: [Int]
    var slots: [MessageRef: Int] = [:]
    /// Where a suspect stands.
    var places: [MessageRef: Int] = [:]
  }

  let suspects: CrashSuspects
  private let path: String
  private let isRecording: Atomic<Bool>
  private let state: Mutex<State>

  /// Takes up what the run before has left, and begins this one's record. Blocks. nil, and a line, when
  /// the file can't be made: then this run records nothing.
  static func begin(log directory: String, worker: Int, logger: Logger) -> CrashRecord? {
    let path = directory + "/" + FileNames.inFlight
    let ledger = CrashLedger(after: read(path))
    if ledger.wasDamaged {
      logger.notice(
        "the note of how the last run ended can't be read, it counts for nothing",
        metadata: ["file": "\(path)"])
    }
    let map: UnsafeMutableRawBufferPointer
    do throws(DiskError) {
      map = try write(ledger.file(slots: worker), to: path)
    } catch {
      logger.warning(
        "an end of the process by itself can't be noted", metadata: ["reason": "\(error)"])
      return nil
    }
    if ledger.isRecording {
      logger.error(
        "the process ended by itself the last time: the messages it sends are watched",
        metadata: [
          "ends_in_a_row": .stringConvertible(ledger.ends),
          "suspects": .stringConvertible(ledger.suspects.count),
          "held_back": .stringConvertible(ledger.heldBack.count),
        ])
    }
    return CrashRecord(ledger, path: path, map: map)
  }

  private init(_ ledger: CrashLedger, path: String, map: UnsafeMutableRawBufferPointer) {
    self.path = path
    suspects = CrashSuspects(
      suspects: Set(ledger.suspects.keys), heldBack: ledger.heldBack)
    isRecording = Atomic(ledger.isRecording)
    let size = CrashLedger.Entry.size
    let firstSlot = CrashLedger.File.headSize + ledger.suspects.count * size
    var state = State(
      map: map, firstSlot: firstSlot, free: Array(0..<(map.count - firstSlot) / size))
    for (at, ref) in ledger.suspects.keys.sorted(by: { $0.number < $1.number }).enumerated() {
      state.places[ref] = CrashLedger.File.headSize + at * size
    }
    self.state = Mutex(state)
    FatalSignals.watch(mark: map.baseAddress! + CrashLedger.File.markOffset)
  }

  func began(_ ref: MessageRef) {
    guard isRecording.load(ordering: .relaxed) else { return }
    state.withLock { state in
      guard let slot = state.free.popLast() else { return }
      state.slots[ref] = slot
      let place = state.firstSlot + slot * CrashLedger.Entry.size
      Self.store(CrashLedger.Entry(ref, ends: 0).bytes, at: place, in: state.map)
    }
  }

  /// A suspect whose attempt ended is none any more.
  func ended(_ ref: MessageRef) {
    guard isRecording.load(ordering: .relaxed) else { return }
    state.withLock { state in
      let nothing = [UInt8](repeating: 0, count: CrashLedger.Entry.size)
      if let slot = state.slots.removeValue(forKey: ref) {
        Self.store(
          nothing, at: state.firstSlot + slot * CrashLedger.Entry.size, in: state.map)
        state.free.append(slot)
      }
      if let place = state.places.removeValue(forKey: ref) {
        Self.store(nothing, at: place, in: state.map)
      }
    }
  }

  /// The process has lived long enough: what it began with is not what ended the ones before. Blocks.
  func calmDown() {
    isRecording.store(false, ordering: .relaxed)
    let bytes = CrashLedger(after: []).file(slots: 0)
    guard let map = try? Self.write(bytes, to: path) else { return }
    // The old map stays: a handler may be about to store into it.
    FatalSignals.watch(mark: map.baseAddress! + CrashLedger.File.markOffset)
  }

  /// An orderly end. Blocks.
  func end() {
    isRecording.store(false, ordering: .relaxed)
    unlink(path)
  }

  private static func store(
    _ bytes: [UInt8], at offset: Int, in map: UnsafeMutableRawBufferPointer
  ) {
    bytes.withUnsafeBytes { map[offset..<offset + $0.count].copyBytes(from: $0) }
  }

  private static func read(_ path: String) -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { return [] }
    defer { close(descriptor) }
    var bytes = [UInt8](repeating: 0, count: CrashLedger.File.sizeMax + 1)
    let count = bytes.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress, $0.count) }
    return Array(bytes.prefix(max(0, count)))
  }

  /// A new file takes the place of the old one whole. It is for the owner's eyes alone, as the log is.
  private static func write(
    _ bytes: [UInt8], to path: String
  ) throws(DiskError) -> UnsafeMutableRawBufferPointer {
    let new = path + ".tmp"
    unlink(new)
    let descriptor = open(new, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw DiskError(operation: .open, file: new, code: errno) }
    defer { close(descriptor) }
    let written = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
    guard written == bytes.count else {
      let code = written < 0 ? errno : DiskError.shortWrite
      unlink(new)
      throw DiskError(operation: .write, file: new, code: code)
    }
    guard let map = mmap(nil, bytes.count, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0),
      map != MAP_FAILED
    else {
      let code = errno
      unlink(new)
      throw DiskError(operation: .open, file: new, code: code)
    }
    guard rename(new, path) == 0 else {
      let code = errno
      munmap(map, bytes.count)
      unlink(new)
      throw DiskError(operation: .rename, file: new, code: code)
    }
    return UnsafeMutableRawBufferPointer(start: map, count: bytes.count)
  }
}
