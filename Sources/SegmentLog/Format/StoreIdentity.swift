/// `store.json`: which store a directory belongs to, and in which format it is written.
package struct StoreIdentity: Sendable, Equatable {
  package var store: StoreUUID
  package var format: UInt16

  package init(store: StoreUUID, format: UInt16 = SegmentHeader.majorVersion) {
    self.store = store
    self.format = format
  }

  package enum Failure: Error, Sendable, Equatable {
    case disk(DiskError)
    case unreadable(file: String)
    case otherFormat(file: String, format: UInt64)
    /// Segments stand there, but none of them says to which store they belong.
    case segmentsWithoutIdentity
    /// `store.json` is missing, and two files belong to different stores.
    case severalStores(String, StoreUUID, String, StoreUUID)
  }

  /// What the directory says it is: from `store.json`, else from the files of a log that can be read,
  /// which must be of one store. nil for a directory that holds neither.
  package static func find(on disk: any Disk) throws(Failure) -> StoreIdentity? {
    let names: [String]
    do throws(DiskError) { names = try disk.list() } catch { throw .disk(error) }
    if names.contains(FileNames.identity) { return try read(from: disk) }
    let files = names.filter { LogFile(name: $0) != nil || FileNames.checkpointNumber($0) != nil }
    var found: (file: String, store: StoreUUID)?
    for name in files {
      let other: StoreUUID?
      do throws(DiskError) { other = try store(of: name, on: disk) } catch { throw .disk(error) }
      guard let other else { continue }
      if let found, found.store != other {
        throw .severalStores(found.file, found.store, name, other)
      }
      found = (name, other)
    }
    if let found { return StoreIdentity(store: found.store) }
    if files.isEmpty { return nil }
    throw .segmentsWithoutIdentity
  }

  /// Which store a segment, a cold one, a dedup file or a checkpoint belongs to; nil when it can't be
  /// read.
  static func store(of name: String, on disk: any Disk) throws(DiskError) -> StoreUUID? {
    let file = try disk.open(name, .readOnly)
    defer { file.close() }
    if FileNames.checkpointNumber(name) != nil { return CheckpointReader.store(of: file) }
    if FileNames.dedupID(name) != nil { return DedupFile.store(of: file) }
    return try? SegmentHeader.read(from: file).header.store
  }

  /// The identity that stands there, written down again where `store.json` was missing; a new
  /// store with the UUID `fresh` where there is nothing. Takes the lock for granted.
  package static func open(
    on disk: any Disk, fresh: StoreUUID
  ) throws(Failure) -> StoreIdentity {
    let found = try find(on: disk)
    let identity = found ?? StoreIdentity(store: fresh)
    do throws(DiskError) {
      let names = try disk.list()
      if !names.contains(FileNames.identity) { try identity.write(to: disk) }
    } catch {
      throw .disk(error)
    }
    return identity
  }

  package var json: String { "{\"store\":\"\(store)\",\"format\":\(format)}\n" }

  /// Temporary file, sync, rename, sync of the directory.
  package func write(to disk: any Disk) throws(DiskError) {
    let temporary = FileNames.identityTemporary
    if try disk.list().contains(temporary) { try disk.unlink(temporary) }
    let file = try disk.open(temporary, .createNew)
    defer { file.close() }
    let bytes = Array(json.utf8)
    let written = try bytes.withBytes { (buffer) throws(DiskError) in
      try file.write(buffer, at: 0)
    }
    guard written == bytes.count else {
      throw DiskError(operation: .write, file: temporary, code: DiskError.shortWrite)
    }
    try file.sync()
    try disk.rename(temporary, to: FileNames.identity)
    try disk.syncDirectory()
  }

  private static func read(from disk: any Disk) throws(Failure) -> StoreIdentity {
    var bytes = [UInt8](repeating: 0, count: 4096)
    do throws(DiskError) {
      let file = try disk.open(FileNames.identity, .readOnly)
      defer { file.close() }
      let count = try bytes.withMutableBytes { (buffer) throws(DiskError) in
        try file.read(into: buffer, at: 0)
      }
      bytes.removeLast(bytes.count - count)
    } catch {
      throw .disk(error)
    }
    guard let fields = FlatJSON.parse(bytes), case .number(let format)? = fields["format"] else {
      throw .unreadable(file: FileNames.identity)
    }
    guard format == UInt64(SegmentHeader.majorVersion) else {
      throw .otherFormat(file: FileNames.identity, format: format)
    }
    guard case .string(let text)? = fields["store"], let store = StoreUUID(text) else {
      throw .unreadable(file: FileNames.identity)
    }
    return StoreIdentity(store: store)
  }
}

extension StoreIdentity.Failure: CustomStringConvertible {
  package var description: String {
    switch self {
    case .disk(let error): error.description
    case .unreadable(let file):
      "\(file) can't be understood; delete it when segments stand beside it: it is written again"
    case .otherFormat(let file, let format):
      "\(file): \(Self.otherFormat(format))"
    case .segmentsWithoutIdentity:
      "no file of the log says which store it belongs to, and store.json is missing"
    case .severalStores(let file, let store, let other, let otherStore):
      "store.json is missing, \(file) belongs to the store \(store) and \(other) to \(otherStore)"
    }
  }

  static func otherFormat(_ format: UInt64) -> String {
    "written in log format version \(format); this program reads version "
      + "\(SegmentHeader.majorVersion)"
  }
}
