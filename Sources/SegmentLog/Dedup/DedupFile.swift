/// A dedup file that stands in the log, read page by page. For one thread at a time.
package final class DedupFile {
  package let header: DedupHeader
  private let file: any DiskFile
  private var last: (index: UInt64, entries: [DedupEntry])?

  /// Opens the file that its name says it is. The header is checked, the pages when they are read.
  package init(id: UInt64, store: StoreUUID, on disk: any Disk) throws(DedupError) {
    do throws(DiskError) { file = try disk.open(FileNames.dedup(id), .readOnly) } catch {
      throw .disk(error)
    }
    do throws(DedupError) {
      header = try Self.readHeader(file)
      guard header.id == id else { throw .otherFile("holds dedup file \(header.id)") }
      guard header.store == store else {
        throw .otherFile("belongs to the store \(header.store), not to this one (\(store))")
      }
    } catch {
      file.close()
      throw error
    }
  }

  deinit { file.close() }

  /// The entry of a message; nil when it has none.
  package func entry(_ sequence: Sequence) throws(DedupError) -> DedupEntry? {
    guard sequence >= header.firstSequence, sequence <= header.lastSequence else { return nil }
    var low: UInt64 = 0
    var high = header.pages
    // The last page that doesn't begin behind it.
    while high - low > 1 {
      let middle = (low + high) / 2
      if try page(middle)[0].sequence <= sequence { low = middle } else { high = middle }
    }
    return try page(low).first { $0.sequence == sequence }
  }

  /// One page's entries, of which there is one at least.
  package func page(_ index: UInt64) throws(DedupError) -> [DedupEntry] {
    precondition(index < header.pages)
    if let last, last.index == index { return last.entries }
    let offset = (index + 1) * UInt64(DedupHeader.pageSize)
    let bytes = try Self.read(file, at: offset)
    guard bytes.count == DedupHeader.pageSize else {
      throw .cutShort(
        expected: offset + UInt64(DedupHeader.pageSize), found: offset + UInt64(bytes.count))
    }
    let entries = try bytes.withBytes { (raw) throws(DedupError) in
      try DedupPage.decode(raw, offset: offset)
    }
    last = (index, entries)
    return entries
  }

  /// All entries, ascending; returns how many pages could not be read, and why the first of them.
  package func forEach(
    _ body: (DedupEntry) -> Void
  ) throws(DiskError) -> (unreadable: UInt64, first: DedupError?) {
    var unreadable: UInt64 = 0
    var first: DedupError?
    var before: Sequence = 0
    for index in 0..<header.pages {
      do throws(DedupError) {
        let entries = try page(index)
        // A page in the place of another is not believed.
        guard entries[0].sequence > before else {
          throw .badValue(
            offset: (index + 1) * UInt64(DedupHeader.pageSize), "order of the pages")
        }
        for entry in entries { body(entry) }
        before = entries[entries.count - 1].sequence
      } catch {
        if case .disk(let failure) = error { throw failure }
        unreadable += 1
        first = first ?? error
      }
    }
    return (unreadable, first)
  }

  /// Which of the two copies of the header, 0 or 1, can't be read; nil when both can.
  func damagedHeaderCopy() -> (copy: Int, error: DedupError)? {
    for (copy, offset) in [0, header.fileSize - UInt64(DedupHeader.pageSize)].enumerated() {
      do throws(DedupError) {
        _ = try Self.decodeHeader(file, at: offset)
      } catch {
        return (copy, error)
      }
    }
    return nil
  }

  /// Which store a file belongs to; nil when its header can't be read.
  static func store(of file: any DiskFile) -> StoreUUID? { (try? readHeader(file))?.store }

  /// Either copy of the header is enough.
  private static func readHeader(_ file: any DiskFile) throws(DedupError) -> DedupHeader {
    let size: UInt64
    do throws(DiskError) { size = try file.size() } catch { throw .disk(error) }
    var header: DedupHeader
    do throws(DedupError) {
      header = try decodeHeader(file, at: 0)
    } catch {
      if case .disk = error { throw error }
      guard size >= UInt64(2 * DedupHeader.pageSize),
        let copy = try? decodeHeader(file, at: size - UInt64(DedupHeader.pageSize))
      else { throw error }
      header = copy
    }
    guard size == header.fileSize else {
      throw .cutShort(expected: header.fileSize, found: size)
    }
    return header
  }

  private static func decodeHeader(
    _ file: any DiskFile, at offset: UInt64
  ) throws(DedupError) -> DedupHeader {
    try read(file, at: offset).withBytes { (bytes) throws(DedupError) in
      try DedupHeader.decode(bytes)
    }
  }

  /// A page's bytes, fewer at the end of the file.
  private static func read(_ file: any DiskFile, at offset: UInt64) throws(DedupError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: DedupHeader.pageSize)
    do throws(DiskError) {
      let count = try bytes.withMutableBytes { (buffer) throws(DiskError) in
        try file.read(into: buffer, at: offset)
      }
      bytes.removeLast(bytes.count - count)
    } catch {
      throw .disk(error)
    }
    return bytes
  }
}
