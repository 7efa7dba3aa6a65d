@testable import SegmentLog

/// A directory with files that are only read.
struct MemoryDisk: Disk {
  let path = "/memory"
  private let files: [String: [UInt8]]

  init(_ files: [String: [UInt8]]) { self.files = files }
  init(file: String, bytes: [UInt8]) { files = [file: bytes] }

  func list() -> [String] { files.keys.sorted() }
  func list(in directory: String) -> [String] { [] }

  func open(_ name: String, _ mode: OpenMode) throws(DiskError) -> any DiskFile {
    guard let bytes = files[name] else { throw DiskError(operation: .open, file: name, code: 2) }
    return MemoryFile(bytes)
  }

  func rename(_ from: String, to: String) throws(DiskError) { try refuse(.rename, from) }
  func rename(_ from: String, toNew to: String) throws(DiskError) { try refuse(.rename, from) }
  func unlink(_ name: String) throws(DiskError) { try refuse(.unlink, name) }
  func createDirectory(_ name: String) throws(DiskError) { try refuse(.createDirectory, name) }
  func syncDirectory() throws(DiskError) { try refuse(.syncDirectory, path) }
  func space() -> DiskSpace { DiskSpace(totalBytes: 1 << 40, availableBytes: 1 << 40) }

  private func refuse(_ operation: DiskError.Operation, _ name: String) throws(DiskError) {
    throw DiskError(operation: operation, file: name, code: 30)
  }
}
