import Glibc

extension SegmentScanner {
  var cutHeader: InvalidRange {
    let needed = FormatLimits.firstFrameOffset
    return InvalidRange(
      offset: fileSize, end: needed, cause: .cutShort(needed: needed, available: fileSize),
      isAllZero: false, isFollowedByFrame: false)
  }

  /// Steps over bytes that are no frame, up to the next one that is.
  func resync(after cause: FrameError) throws(DiskError) -> ScanStep {
    let from = offset
    let found = try nextValidFrame(after: from)
    let end = found ?? limit
    let zero = try isAllZero(from, end)
    offset = end
    // Zeros behind the last frame are the room that was prepared, unless a successor says that
    // frames stood there.
    if found == nil && zero && cut == nil { return .end(offset: from) }
    return .invalid(
      InvalidRange(
        offset: from, end: end, cause: cause, isAllZero: zero, isFollowedByFrame: found != nil))
  }

  /// Looks for the salt, 16 bytes into every head, and believes what has the right CRC.
  private func nextValidFrame(after start: UInt64) throws(DiskError) -> UInt64? {
    let saltSize = MemoryLayout<UInt64>.size
    let saltOffset = UInt64(FrameHead.saltOffset)
    var position = start + 1 + saltOffset
    while position < limit {
      let length = Int(min(limit - position, UInt64(ScanWindow.readSize)))
      let chunk = try window.bytes(at: position, length)
      guard chunk.count >= saltSize else { return nil }
      guard let hit = chunk.firstIndex(ofLittle: salt) else {
        // A salt may begin in the last bytes of this chunk.
        position += UInt64(chunk.count - saltSize + 1)
        continue
      }
      let saltPosition = position + UInt64(hit)
      do throws(FrameError) {
        _ = try validHead(at: saltPosition - saltOffset)
        return saltPosition - saltOffset
      } catch {
        if case .disk(let failure) = error { throw failure }
        position = saltPosition + 1
      }
    }
    return nil
  }

  private func isAllZero(_ start: UInt64, _ end: UInt64) throws(DiskError) -> Bool {
    var position = start
    let stop = min(end, fileSize)
    while position < stop {
      let length = Int(min(stop - position, UInt64(ScanWindow.readSize)))
      let chunk = try window.bytes(at: position, length)
      if chunk.isEmpty { break }
      guard chunk.isAllZero else { return false }
      position += UInt64(chunk.count)
    }
    return true
  }
}

extension UnsafeRawBufferPointer {
  /// Where the little-endian `value` stands first.
  fileprivate func firstIndex(ofLittle value: UInt64) -> Int? {
    guard let base = baseAddress else { return nil }
    let size = MemoryLayout<UInt64>.size
    var index = 0
    while index + size <= count {
      let first = Int32(truncatingIfNeeded: value & 0xff)
      guard let hit = memchr(base + index, first, count - size + 1 - index) else { return nil }
      index = UnsafeRawPointer(hit) - base
      if littleInteger(at: index, as: UInt64.self) == value { return index }
      index += 1
    }
    return nil
  }

  package var isAllZero: Bool {
    guard let base = baseAddress, count > 0 else { return true }
    // The first byte is zero and every byte equals the one before it.
    return base.load(as: UInt8.self) == 0 && memcmp(base, base + 1, count - 1) == 0
  }
}
