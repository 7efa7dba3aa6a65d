/// Files of a later version of the format. They are refused by name before anything is looked at or
/// changed: taken for damaged ones they would be passed by, given up or deleted, and the program that
/// wrote them would miss them.
///
/// A flipped bit in a version is damage, not a version: what is right as a file of this version but for
/// that number is one.
enum FileVersions {
  static func check(_ disk: any Disk) throws(LogError) {
    let names: [String]
    do throws(DiskError) { names = try disk.list() } catch { throw .disk(error) }
    for name in names {
      if let found = found(name, disk) { throw .otherVersion(file: name, found: found) }
    }
  }

  /// What a file says of its version when that is not ours. What can't be read says nothing.
  private static func found(_ name: String, _ disk: any Disk) -> String? {
    if FileNames.segmentID(name) != nil || FileNames.coldID(name) != nil {
      return segment(name, disk)
    }
    if FileNames.checkpointNumber(name) != nil { return checkpoint(name, disk) }
    if let id = FileNames.dedupID(name) { return dedup(id, disk) }
    return name == FileNames.acceptedDamage ? acceptedDamage(disk) : nil
  }

  private static func segment(_ name: String, _ disk: any Disk) -> String? {
    guard let file = try? disk.open(name, .readOnly) else { return nil }
    defer { file.close() }
    do throws(SegmentHeaderError) { _ = try SegmentHeader.read(from: file) } catch {
      switch error {
      case .otherVersion, .unknownFeatures: return error.description
      default: break
      }
    }
    return nil
  }

  private static func checkpoint(_ name: String, _ disk: any Disk) -> String? {
    guard let head = head(name, CheckpointFormat.headerSize, disk) else { return nil }
    do throws(CheckpointError) {
      _ = try head.withBytes { (bytes) throws(CheckpointError) in
        try CheckpointHeader.decode(bytes)
      }
    } catch {
      switch error {
      case .otherVersion, .unknownFeatures: return error.description
      default: break
      }
    }
    return nil
  }

  /// Of either copy of its header; whose file it is comes later.
  private static func dedup(_ id: UInt64, _ disk: any Disk) -> String? {
    do throws(DedupError) {
      _ = try DedupFile(id: id, store: StoreUUID(high: 0, low: 0), on: disk)
    } catch {
      if case .otherVersion = error { return error.description }
    }
    return nil
  }

  private static func acceptedDamage(_ disk: any Disk) -> String? {
    do throws(AcceptedDamage.Failure) {
      _ = try AcceptedDamage.read(from: disk, of: StoreUUID(high: 0, low: 0))
    } catch {
      if case .otherVersion(let version) = error {
        return AcceptedDamage.Failure.otherVersion(version).reason
      }
    }
    return nil
  }

  private static func head(_ name: String, _ size: Int, _ disk: any Disk) -> [UInt8]? {
    guard let file = try? disk.open(name, .readOnly) else { return nil }
    defer { file.close() }
    var bytes = [UInt8](repeating: 0, count: size)
    let count = try? bytes.withMutableBytes { (buffer) throws(DiskError) in
      try file.read(into: buffer, at: 0)
    }
    return count.map { Array(bytes[..<$0]) }
  }

  /// Whether a header whose major version stands at offset 8, and whose checksum stands in its last
  /// four bytes, is one of this version whose number alone is damaged.
  static func isDamaged(_ header: UnsafeRawBufferPointer, version: UInt16) -> Bool {
    guard header.count >= 16 else { return false }
    var bytes = Array(header)
    bytes[8] = UInt8(truncatingIfNeeded: version)
    bytes[9] = UInt8(truncatingIfNeeded: version >> 8)
    return bytes.withBytes { bytes in
      let end = bytes.count - 4
      return Checksum.crc32(UnsafeRawBufferPointer(rebasing: bytes[..<end]))
        == bytes.littleInteger(at: end, as: UInt32.self)
    }
  }
}
