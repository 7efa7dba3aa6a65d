import SegmentLog

/// A directory with one file that is only read.
struct MemoryDisk: Disk {
  let path = "/memory"
  let file: String
  let bytes: [UInt8]

  func list() -> [String] { [file] }
  func list(in directory: String) -> [String] { [] }

  func open(_ name: String, _ mode: OpenMode) throws(DiskError) -> any DiskFile {
    guard name == file else { throw DiskError(operation: .open, file: name, code: 2) }
    return MemoryFile(bytes)
  }

  func rename(_ from: String, to: String) throws(DiskError) { try refuse(.rename, from) }
  func unlink(_ name: String) throws(DiskError) { try refuse(.unlink, name) }
  func createDirectory(_ name: String) throws(DiskError) { try refuse(.createDirectory, name) }
  func syncDirectory() throws(DiskError) { try refuse(.syncDirectory, path) }
  func space() -> DiskSpace { DiskSpace(totalBytes: 0, availableBytes: 0) }

  private func refuse(_ operation: DiskError.Operation, _ name: String) throws(DiskError) {
    throw DiskError(operation: operation, file: name, code: 30)
  }
}
