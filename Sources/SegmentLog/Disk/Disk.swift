import Glibc

/// The border to the file system: one directory, seen from the engine.
///
/// The real one is `FileDisk`; `SimDisk` in the tests keeps what was written apart from what was
/// synced and can fail any call. Every call may block; none is made on an event loop or in the
/// cooperative pool.
package protocol Disk: Sendable {
  /// Where it is, for messages to people.
  var path: String { get }
  /// The names in the directory, sorted, without `.` and `..`.
  func list() throws(DiskError) -> [String]
  /// The same of a directory inside.
  func list(in directory: String) throws(DiskError) -> [String]
  func open(_ name: String, _ mode: OpenMode) throws(DiskError) -> any DiskFile
  /// Replaces `to` when it exists. Durable only after `syncDirectory`.
  func rename(_ from: String, to: String) throws(DiskError)
  /// EEXIST when `to` exists: what stands there is nobody's to replace.
  func rename(_ from: String, toNew to: String) throws(DiskError)
  /// Whether an open file is what still stands under a name. Where that can't be asked it is.
  func isStill(_ file: any DiskFile, under name: String) -> Bool
  /// Whether the path still leads to the directory that was opened.
  var isInPlace: Bool { get }
  func unlink(_ name: String) throws(DiskError)
  /// A directory inside; no error when it exists.
  func createDirectory(_ name: String) throws(DiskError)
  /// Makes creations, renames and unlinks durable.
  func syncDirectory() throws(DiskError)
  func space() throws(DiskError) -> DiskSpace
}

extension Disk {
  package func isStill(_ file: any DiskFile, under name: String) -> Bool { true }
  package var isInPlace: Bool { true }
}

package enum OpenMode: Sendable { case readOnly, readWrite, createNew }

package struct DiskSpace: Sendable, Equatable {
  package var totalBytes: UInt64
  package var availableBytes: UInt64
  package init(totalBytes: UInt64, availableBytes: UInt64) {
    self.totalBytes = totalBytes
    self.availableBytes = availableBytes
  }
}

/// An open file. Offsets and sizes in bytes.
package protocol DiskFile: AnyObject, Sendable {
  var name: String { get }
  func size() throws(DiskError) -> UInt64
  /// How many bytes were read; fewer than asked only at the end of the file.
  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(DiskError) -> Int
  /// How many bytes were written; fewer than given is a short write, which the caller treats as failed.
  func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(DiskError) -> Int
  /// `fdatasync`: never retried, not even on EINTR.
  func sync() throws(DiskError)
  func truncate(to size: UInt64) throws(DiskError)
  /// Bytes that are there on the disk, holes left out; nil where that can't be asked.
  var allocatedBytes: UInt64? { get }
  func close()
}

extension DiskFile {
  package var allocatedBytes: UInt64? { nil }
}

/// A failed call of the operating system.
package struct DiskError: Error, Sendable, Equatable, CustomStringConvertible {
  package enum Operation: String, Sendable {
    case list, open, read, write, sync, truncate, rename, unlink, createDirectory, syncDirectory
    case space, lock
  }
  package var operation: Operation
  package var file: String
  package var code: Int32
  package init(operation: Operation, file: String, code: Int32) {
    self.operation = operation
    self.file = file
    self.code = code
  }
  /// The code for "fewer bytes than asked for were written, and no reason was given".
  package static let shortWrite = EIO
  /// With the directory in front of the file's name, for people.
  func located(in disk: any Disk) -> DiskError {
    guard !file.hasPrefix("/") else { return self }
    return DiskError(
      operation: operation, file: file.isEmpty ? disk.path : disk.path + "/" + file, code: code)
  }
  /// ENOSPC or EDQUOT.
  package var isNoSpace: Bool { code == ENOSPC || code == EDQUOT }
  package var description: String {
    "\(operation.rawValue) of \(file) failed: \(String(cString: strerror(code))) (errno \(code))"
  }
}
