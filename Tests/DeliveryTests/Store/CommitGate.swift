import Foundation
import SegmentLog

/// Holds commits up until a test lets them go.
final class CommitGate: @unchecked Sendable {
  // Guarded by `condition`, whose `lock` every access takes.
  private let condition = NSCondition()
  private var isHeld = false
  private var isBroken = false
  private var listener: (@Sendable (Bool) -> Void)?

  func hold() { set(true) }
  func release() { set(false) }

  /// Every later sync fails with EIO.
  func breakDown() { condition.withLock { isBroken = true } }

  func onChange(_ listener: @escaping @Sendable (Bool) -> Void) {
    condition.withLock { self.listener = listener }
  }

  /// Blocks the calling thread while commits are held.
  fileprivate func pass(_ file: String) throws(DiskError) {
    let isBroken = condition.withLock {
      while isHeld { condition.wait() }
      return self.isBroken
    }
    if isBroken { throw DiskError(operation: .sync, file: file, code: EIO) }
  }

  private func set(_ held: Bool) {
    let listener = condition.withLock {
      isHeld = held
      condition.broadcast()
      return self.listener
    }
    listener?(held)
  }
}

/// A disk whose syncs wait at a gate.
final class GatedDisk: Disk {
  private let disk: any Disk
  private let gate: CommitGate

  init(_ disk: any Disk, _ gate: CommitGate) {
    self.disk = disk
    self.gate = gate
  }

  var path: String { disk.path }
  func list() throws(DiskError) -> [String] { try disk.list() }
  func list(in directory: String) throws(DiskError) -> [String] { try disk.list(in: directory) }
  func open(_ name: String, _ mode: OpenMode) throws(DiskError) -> any DiskFile {
    GatedFile(try disk.open(name, mode), gate)
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

private final class GatedFile: DiskFile {
  private let file: any DiskFile
  private let gate: CommitGate

  init(_ file: any DiskFile, _ gate: CommitGate) {
    self.file = file
    self.gate = gate
  }

  func sync() throws(DiskError) {
    try gate.pass(file.name)
    try file.sync()
  }

  var name: String { file.name }
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
