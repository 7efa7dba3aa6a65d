/// Copies of bytes that were found invalid, for a person to look at: `quarantine/<file>-<offset>`.
enum Quarantine {
  struct Item {
    var file: String
    var offset: UInt64
    var end: UInt64
  }

  /// Best effort; returns what could not be copied, and why. What was copied before is left alone.
  static func copy(_ items: [Item], on disk: any Disk) -> [(Item, DiskError)] {
    guard !items.isEmpty else { return [] }
    var failed: [(Item, DiskError)] = []
    do throws(DiskError) { try disk.createDirectory(FileNames.quarantine) } catch {
      return items.map { ($0, error) }
    }
    for item in items {
      do throws(DiskError) { try copy(item, on: disk) } catch { failed.append((item, error)) }
    }
    return failed
  }

  private static func copy(_ item: Item, on disk: any Disk) throws(DiskError) {
    let name = "\(FileNames.quarantine)/\(item.file)-\(item.offset)"
    if let existing = try? disk.open(name, .readOnly) {
      existing.close()
      return
    }
    let source = try disk.open(item.file, .readOnly)
    defer { source.close() }
    let target = try disk.open(name, .createNew)
    defer { target.close() }
    do throws(DiskError) {
      try copy(source, item.offset, item.end, to: target)
      try target.sync()
    } catch {
      try? disk.unlink(name)
      throw error
    }
  }

  private static func copy(
    _ source: any DiskFile, _ start: UInt64, _ end: UInt64, to target: any DiskFile
  ) throws(DiskError) {
    var offset = start
    while offset < end {
      let chunk = try read(source, at: offset, length: min(end - offset, 1 << 20))
      if chunk.isEmpty { return }
      try Recovery.write(chunk, to: target, at: offset - start)
      offset += UInt64(chunk.count)
    }
  }

  /// Behind the last byte that isn't zero: a prepared file's tail is not worth a copy.
  static func endOfData(
    _ file: any DiskFile, from start: UInt64, to end: UInt64
  ) throws(DiskError) -> UInt64 {
    var result = start
    var offset = start
    while offset < end {
      let chunk = try read(file, at: offset, length: min(end - offset, 1 << 20))
      if chunk.isEmpty { break }
      if let last = chunk.lastIndex(where: { $0 != 0 }) { result = offset + UInt64(last) + 1 }
      offset += UInt64(chunk.count)
    }
    return result
  }

  private static func read(
    _ file: any DiskFile, at offset: UInt64, length: UInt64
  ) throws(DiskError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: Int(length))
    let count = try bytes.withMutableBytes { (buffer) throws(DiskError) in
      try file.read(into: buffer, at: offset)
    }
    bytes.removeLast(bytes.count - count)
    return bytes
  }
}
