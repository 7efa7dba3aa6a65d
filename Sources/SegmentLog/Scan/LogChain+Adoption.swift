/// What can still be read of segments that can't be used as they are, for who saves messages.
extension LogChain {
  /// The chain with those segments of these kinds whose header is gone but whose frames stand, and
  /// those that lie there under a wrong name.
  package func adopting(
    _ kinds: Set<SegmentHeader.Kind> = [.wal, .cold], on disk: any Disk
  ) -> LogChain {
    var adopted: [SegmentFile] = []
    for file in unusable where kinds.contains(file.kind) {
      guard let segment = Self.adopt(file, disk),
        !(files + adopted).contains(where: {
          $0.id == segment.id && $0.header.kind == segment.header.kind
        })
      else { continue }
      adopted.append(segment)
    }
    return adopted.isEmpty ? self : including(adopted)
  }

  private static func adopt(_ unusable: UnusableFile, _ disk: any Disk) -> SegmentFile? {
    let (name, size) = (unusable.name, unusable.size)
    guard let file = try? disk.open(name, .readOnly) else { return nil }
    defer { file.close() }
    if let found = try? SegmentHeader.read(from: file) {
      // A segment of this store with another number is one that was renamed; of another store it
      // stays out.
      guard found.header.id != unusable.id, found.header.kind == unusable.kind else { return nil }
      return SegmentFile(
        id: found.header.id, name: name, size: size, header: found.header, successor: nil)
    }
    guard let frame = firstFrame(file, size) else { return nil }
    var header = SegmentHeader(
      id: unusable.id, firstSequence: max(frame.baseSequence, 1), createdMs: frame.committedAtMs,
      store: StoreUUID(high: 0, low: 0), salt: frame.salt, firstFrameNumber: frame.frameNumber,
      totals: Totals(), predecessor: nil)
    header.kind = unusable.kind
    return SegmentFile(id: unusable.id, name: name, size: size, header: header, successor: nil)
  }

  /// The first valid frame, whatever its salt.
  private static func firstFrame(_ file: any DiskFile, _ size: UInt64) -> FrameHead? {
    var window = ScanWindow(file: file)
    var offset = FormatLimits.firstFrameOffset
    while offset < size {
      guard let bytes = try? window.bytes(at: offset, ScanWindow.readSize),
        bytes.count >= FormatLimits.headSize
      else { return nil }
      let last = bytes.count - FormatLimits.headSize
      let hit = (0...last).first {
        bytes.littleInteger(at: $0, as: UInt32.self) == FrameHead.magic
      }
      if let hit {
        offset += UInt64(hit)
        if let head = validHead(&window, at: offset) { return head }
        offset += 1
      } else {
        offset += UInt64(last + 1)
      }
    }
    return nil
  }

  private static func validHead(_ window: inout ScanWindow, at offset: UInt64) -> FrameHead? {
    guard let start = try? window.bytes(at: offset, FormatLimits.headSize),
      start.count == FormatLimits.headSize,
      let head = try? FrameHead.decode(
        start, salt: start.littleInteger(at: FrameHead.saltOffset, as: UInt64.self)),
      let prefix = try? window.bytes(at: offset, head.prefixLength),
      prefix.count == head.prefixLength, (try? head.verify(prefix: prefix)) != nil
    else { return nil }
    return head
  }
}
