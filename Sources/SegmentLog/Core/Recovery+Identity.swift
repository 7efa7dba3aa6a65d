extension Recovery {
  /// The store's identity. `store.json` has no checksum, so when it disagrees with every file of the log,
  /// and they agree with each other, they are believed and it is written anew.
  mutating func identity() throws(LogError) -> StoreUUID {
    let stated: StoreUUID
    do throws(StoreIdentity.Failure) {
      stated = try StoreIdentity.open(on: disk, fresh: options.newStore).store
    } catch {
      guard case .unreadable(let file) = error, let store = try unanimousStore() else {
        switch error {
        case .disk(let failure): throw .disk(failure)
        case .otherFormat(let file, let format):
          throw .otherVersion(file: file, found: StoreIdentity.Failure.otherFormat(format))
        case .unreadable(let file):
          throw .identity(file: file, reason: error.description)
        case .segmentsWithoutIdentity, .severalStores:
          throw .identity(file: FileNames.identity, reason: error.description)
        }
      }
      report.notes.append("\(file) was damaged and is written again from the segments")
      try rewriteIdentity(store)
      return store
    }
    guard let store = try unanimousStore(against: stated), store != stated else { return stated }
    report.notes.append(
      "\(FileNames.identity) named the store \(stated), all segments say \(store): written again")
    try rewriteIdentity(store)
    return store
  }

  private func rewriteIdentity(_ store: StoreUUID) throws(LogError) {
    do throws(DiskError) { try StoreIdentity(store: store).write(to: disk) } catch {
      throw .disk(error)
    }
  }

  /// What all files say; nil when there are none, or they differ, or one of them can't be read: then
  /// what `store.json` says is the better word. So it is beside a single file, which may be the one that
  /// is out of place, unless the two differ by one character, as when it rots.
  private func unanimousStore(
    against stated: StoreUUID? = nil
  ) throws(LogError) -> StoreUUID? {
    var store: StoreUUID?
    var count = 0
    do throws(DiskError) {
      for name in try disk.list()
      where LogFile(name: name) != nil || FileNames.checkpointNumber(name) != nil {
        guard let found = try StoreIdentity.store(of: name, on: disk) else { return nil }
        if let store, store != found { return nil }
        store = found
        count += 1
      }
    } catch {
      throw .disk(error)
    }
    guard count == 1, let stated, let one = store else { return store }
    return zip(one.description, stated.description).count { $0 != $1 } <= 1 ? store : nil
  }
}
