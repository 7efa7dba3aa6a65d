/// Files of zeros that stand by for when there is no room to make one.
///
/// They are made once there is something to lose, stay over restarts, and are used for what was
/// accepted. Two become the next segments, so that a delivery can be recorded on a disk that someone
/// else filled to the last byte; two become checkpoints, without which no segment could be dropped
/// and no room would come back.
struct Reserve {
  /// A segment of the reserve need not be as large as others: an outcome takes some ten bytes.
  private static let segmentMax: UInt64 = 16 << 20
  private static let checkpointMin: UInt64 = 16 << 10
  /// What could not be made is tried again after this, and only when something happens anyway.
  private static let retryMs: UInt64 = 60_000

  private let names: [String]
  private(set) var files: [PreparedFile] = []
  private var running: String?
  private var failedAtMs: UInt64?

  init(_ names: [String]) { self.names = names }

  static func segmentSize(_ segmentSize: UInt64) -> UInt64 { min(segmentSize, segmentMax) }

  /// Room for the last one and for its growth.
  static func checkpointSize(last bytes: UInt64) -> UInt64 {
    max(bytes.multipliedReportingOverflow(by: 2).partialValue, checkpointMin)
  }

  /// A job was given out and has not come back.
  var isRunning: Bool { running != nil }
  var bytes: UInt64 { files.reduce(0) { $0 + $1.size } }
  /// Half of it at least was used, or it was never whole.
  var isHalfUsed: Bool { files.count * 2 <= names.count }
  /// The largest of them; 0 when none is left.
  var largest: UInt64 { files.map(\.size).max() ?? 0 }

  /// Takes over what an earlier run left; files of a size that is of no use, or with holes, are deleted. What can't
  /// be opened or deleted now is left for the next start.
  mutating func adopt(from disk: any Disk) {
    for name in names {
      guard let file = try? disk.open(name, .readWrite), let size = try? file.size() else {
        continue
      }
      // A copy that left the zeros out (cp --sparse, rsync -S) holds no room.
      let isThere = file.allocatedBytes.map { $0 >= size } ?? true
      if size > FormatLimits.firstFrameOffset, isThere {
        files.append(PreparedFile(file: file, name: name, size: size))
      } else {
        PreparedFile(file: file, name: name, size: size).discard(from: disk)
      }
    }
  }

  /// Files that are smaller than `least` by now make room for larger ones.
  mutating func outgrow(_ least: UInt64, on disk: any Disk) {
    for file in files where file.size < least { file.discard(from: disk) }
    files.removeAll { $0.size < least }
  }

  /// A file to make; nil while one is being made or none is missing.
  mutating func wanted(size: UInt64, nowMs: UInt64) -> PreparationJob? {
    guard running == nil else { return nil }
    if let failed = failedAtMs, nowMs >= failed, nowMs - failed < Self.retryMs { return nil }
    guard let name = names.first(where: { name in !files.contains { $0.name == name } }) else {
      return nil
    }
    running = name
    return PreparationJob(name: name, size: size)
  }

  /// False when the result is not of a job of the reserve.
  mutating func made(_ result: PreparationResult, nowMs: UInt64) -> Bool {
    guard result.name == running else { return false }
    running = nil
    switch result.outcome {
    case .success(let file):
      failedAtMs = nil
      files.append(file)
    case .failure: failedAtMs = nowMs
    }
    return true
  }

  /// A file with at least `size` bytes, under the given name; nil when there is none.
  ///
  /// The directory is synced before anything is written to it: a file with a name of the reserve
  /// holds nothing but zeros, whenever the power fails.
  mutating func take(
    atLeast size: UInt64, as name: String, on disk: any Disk
  ) throws(DiskError) -> PreparedFile? {
    while let index = files.lastIndex(where: { $0.size >= size }) {
      var file = files.remove(at: index)
      // One that somebody deleted is none.
      guard disk.isStill(file.file, under: file.name) else {
        file.file.close()
        continue
      }
      do throws(DiskError) { try disk.rename(file.name, toNew: name) } catch {
        files.insert(file, at: index)
        throw error
      }
      file.name = name
      try disk.syncDirectory()
      return file
    }
    return nil
  }

  /// Hands one over to someone who renames and opens it on another thread; nil when there is none
  /// with `size` bytes.
  mutating func giveAway(atLeast size: UInt64) -> String? {
    guard let index = files.lastIndex(where: { $0.size >= size }) else { return nil }
    let file = files.remove(at: index)
    file.file.close()
    return file.name
  }
}
