import Glibc
import Synchronization

@testable import SegmentLog

/// An open file of a `SimDisk`; useless after a crash or restart.
final class SimFile: DiskFile {
  let name: String
  let inode: Int
  let epoch: Int
  let isWritable: Bool
  private let disk: SimDisk
  private let closed = Mutex(false)

  init(name: String, disk: SimDisk, inode: Int, epoch: Int, isWritable: Bool) {
    self.name = name
    self.disk = disk
    self.inode = inode
    self.epoch = epoch
    self.isWritable = isWritable
  }

  var isClosed: Bool { closed.withLock { $0 } }

  func size() throws(DiskError) -> UInt64 {
    try disk.call(.open, name) { (state) throws(DiskError) in
      try state.check(self, .open)
      return UInt64(state.inodes[inode]!.current.count)
    }
  }

  func read(
    into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64
  ) throws(DiskError) -> Int {
    try disk.call(.read, name) { (state) throws(DiskError) in
      try state.check(self, .read)
      return state.inodes[inode]!.read(into: buffer, at: offset)
    }
  }

  func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(DiskError) -> Int {
    try disk.write(bytes, to: self, at: offset)
  }

  func sync() throws(DiskError) {
    try disk.call(.sync, name, changes: true, failing: { $0.inodes[self.inode]?.dropDirty() }) {
      (state) throws(DiskError) in
      try state.check(self, .sync)
      state.inodes[inode]!.sync()
    }
  }

  func truncate(to size: UInt64) throws(DiskError) {
    try disk.call(.truncate, name, changes: true, note: " \(size)") { (state) throws(DiskError) in
      try state.check(self, .truncate, writing: true)
      try state.truncate(inode: inode, to: size, name: name)
    }
  }

  func close() { closed.withLock { $0 = true } }
}
