/// Makes a file of zeros that becomes a segment by a rename.
///
/// In space that is allocated and written already a `fdatasync` took half the time of one that has
/// to grow the file (157 against 363 µs), and a write can't run out of space.
package struct PreparationJob: Sendable {
  var name: String
  var size: UInt64

  /// Slow: writes `size` bytes and syncs them. Leaves no file behind when it fails.
  package func run(on disk: any Disk) -> PreparationResult {
    do throws(DiskError) {
      return PreparationResult(name: name, outcome: .success(try fill(on: disk)))
    } catch {
      // A file that stays would only be in the way of the next try; a start deletes it too.
      try? disk.unlink(name)
      return PreparationResult(name: name, outcome: .failure(error))
    }
  }

  private func fill(on disk: any Disk) throws(DiskError) -> PreparedFile {
    let file = try disk.open(name, .createNew)
    do throws(DiskError) {
      let chunk = [UInt8](repeating: 0, count: Int(min(size, 1 << 20)))
      var offset: UInt64 = 0
      while offset < size {
        let length = Int(min(size - offset, UInt64(chunk.count)))
        let written = try chunk.withBytes { (bytes) throws(DiskError) in
          try file.write(UnsafeRawBufferPointer(rebasing: bytes[..<length]), at: offset)
        }
        // After a short write the next one tells why.
        guard written > 0 else {
          throw DiskError(operation: .write, file: name, code: DiskError.shortWrite)
        }
        offset += UInt64(written)
      }
      try file.sync()
      return PreparedFile(file: file, name: name, size: size)
    } catch {
      file.close()
      throw error
    }
  }
}

package struct PreparationResult: Sendable {
  var name: String
  var outcome: Result<PreparedFile, DiskError>
}

/// A file of zeros, synced, that has no name in the log yet.
struct PreparedFile: Sendable {
  var file: any DiskFile
  var name: String
  var size: UInt64

  func discard(from disk: any Disk) {
    file.close()
    try? disk.unlink(name)
  }
}

/// Where the preparation of the next segment stands.
enum Preparation {
  case none
  /// The try before may have failed for lack of space.
  case running(lacksSpace: Bool)
  case ready(PreparedFile)
  /// To be tried again a second later.
  case failed(DiskError, atMs: UInt64)

  var isReady: Bool { if case .ready = self { true } else { false } }

  /// A segment could not be made on the spot.
  mutating func failed(_ error: DiskError, atMs nowMs: UInt64) {
    switch self {
    case .running: self = .running(lacksSpace: error.isNoSpace)
    // It was too small for what came; it still is the next one.
    case .ready: break
    case .none, .failed: self = .failed(error, atMs: nowMs)
    }
  }

  /// What is known until a try succeeds.
  var lacksSpace: Bool {
    switch self {
    case .running(let lacksSpace): lacksSpace
    case .failed(let error, _): error.isNoSpace
    case .none, .ready: false
    }
  }
}
