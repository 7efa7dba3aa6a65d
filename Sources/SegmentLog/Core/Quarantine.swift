/// Copies of bytes that were found invalid, for a person to look at: `quarantine/<file>-<offset>`.
///
/// Bounded, since every crash may add a torn tail: what was copied first stays, and what finds no
/// place is said to be missing.
enum Quarantine {
  struct Limits {
    var files = 1000
    var bytes: UInt64 = 256 << 20
  }

  struct Item {
    var file: String
    var offset: UInt64
    var end: UInt64
  }

  struct Outcome {
    var failed: [(item: Item, error: DiskError)] = []
    /// For want of room in `quarantine/`.
    var leftOut: [Item] = []
    var limits = Limits()
    var isComplete: Bool { failed.isEmpty && leftOut.isEmpty }

    /// What a person should know of it.
    var notes: [String] {
      var notes = failed.map { item, error in
        "\(item.file): \(item.end - item.offset) bytes not copied: \(error)"
      }
      if let first = leftOut.first {
        let bytes = leftOut.reduce(0) { $0 + ($1.end - $1.offset) }
        notes.append(
          "\(FileNames.quarantine) is full (\(limits.files) files or \(limits.bytes >> 20) MiB at "
            + "most): \(leftOut.count) places with \(bytes) bytes were not copied, the first in "
            + "\(first.file) at offset \(first.offset); move its files away")
      }
      return notes
    }
  }

  /// What stands in `quarantine/`.
  private struct Contents {
    var names: Set<String> = []
    var bytes: UInt64 = 0

    func hasRoom(for item: Item, _ limits: Limits) -> Bool {
      names.count < limits.files && bytes.addingCapped(item.end - item.offset) <= limits.bytes
    }
  }

  /// Best effort. What was copied before is left alone.
  static func copy(_ items: [Item], on disk: any Disk, limits: Limits = Limits()) -> Outcome {
    var outcome = Outcome(limits: limits)
    guard !items.isEmpty else { return outcome }
    var contents: Contents
    do throws(DiskError) {
      try disk.createDirectory(FileNames.quarantine)
      contents = try look(at: disk)
    } catch {
      outcome.failed = items.map { ($0, error) }
      return outcome
    }
    for item in items {
      let name = "\(item.file)-\(item.offset)"
      if contents.names.contains(name) { continue }
      guard contents.hasRoom(for: item, limits) else {
        outcome.leftOut.append(item)
        continue
      }
      do throws(DiskError) {
        try copy(item, to: "\(FileNames.quarantine)/\(name)", on: disk)
        contents.names.insert(name)
        contents.bytes += item.end - item.offset
      } catch {
        outcome.failed.append((item, error))
      }
    }
    return outcome
  }

  private static func look(at disk: any Disk) throws(DiskError) -> Contents {
    var contents = Contents()
    for name in try disk.list(in: FileNames.quarantine) {
      contents.names.insert(name)
      let path = "\(FileNames.quarantine)/\(name)"
      guard let file = try? disk.open(path, .readOnly) else { continue }
      defer { file.close() }
      contents.bytes = contents.bytes.addingCapped((try? file.size()) ?? 0)
    }
    return contents
  }

  private static func copy(
    _ item: Item, to name: String, on disk: any Disk
  ) throws(DiskError) {
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
