/// Looks messages up in the dedup files of a log, with a few of them open. For one thread at a time.
final class DedupReader {
  private static let openMax = 8

  private let disk: any Disk
  private let store: StoreUUID
  /// Least recently used first.
  private var files: [DedupFile] = []

  init(disk: any Disk, store: StoreUUID) {
    self.disk = disk
    self.store = store
  }

  /// The entry of a message in one of these files; nil also when it can't be read: then the message is
  /// not known.
  func entry(_ sequence: Sequence, in dedups: [DedupHeader]) -> DedupEntry? {
    for dedup in dedups.reversed() where dedup.covers(sequence) {
      if let entry = (try? file(dedup)?.entry(sequence)) ?? nil { return entry }
    }
    return nil
  }

  /// The file is gone.
  func release(_ name: String) { files.removeAll { FileNames.dedup($0.header.id) == name } }

  private func file(_ dedup: DedupHeader) -> DedupFile? {
    if let index = files.lastIndex(where: { $0.header.id == dedup.id }) {
      files.append(files.remove(at: index))
      return files[files.count - 1]
    }
    guard let file = try? DedupFile(id: dedup.id, store: store, on: disk), file.header == dedup
    else { return nil }
    if files.count == Self.openMax { files.removeFirst() }
    files.append(file)
    return file
  }
}
