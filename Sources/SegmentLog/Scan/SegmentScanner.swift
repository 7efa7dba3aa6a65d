import Glibc

/// A frame with a valid head and directory.
package struct ScannedFrame: Sendable {
  package var offset: UInt64
  package var head: FrameHead
  /// Blocks whose checksum is wrong (or that the file ends before); the rest of the frame is good.
  package var badBlocks: [Int]
  /// What the bytes of those give as checksum, in the same order.
  package var badBlockChecksums: [UInt32]
  /// Why the directory could not be understood although its checksum is right: a later version, or
  /// a contradiction. Its records are not known then.
  package var problem: FrameError?

  package var end: UInt64 { offset + UInt64(head.totalLength) }
}

/// Bytes where a frame should be and none is valid.
package struct InvalidRange: Sendable, Equatable {
  package var offset: UInt64
  /// Where the next valid frame begins, or where the segment's bytes end.
  package var end: UInt64
  package var cause: FrameError
  package var isAllZero: Bool
  package var isFollowedByFrame: Bool
}

package enum ScanStep: Sendable {
  case frame(ScannedFrame)
  case invalid(InvalidRange)
  /// No further frame; only zeros, or nothing, follow up to `limit`.
  case end(offset: UInt64)
}

/// Reads a segment from its first frame to its end, in order, and finds the way on after damage.
///
/// `cut` is the `durableLength` that the next segment names: nothing at or beyond it is looked at.
/// Memory is one window of 1 MiB, or the largest frame.
package final class SegmentScanner {
  private let salt: UInt64
  private let checksBlocks: Bool
  private let cut: UInt64?
  /// Where the bytes end that may hold frames.
  private let limit: UInt64
  private let fileSize: UInt64
  private var window: ScanWindow
  private var offset: UInt64
  private var current: (offset: UInt64, length: Int)?
  private var frameNumber: UInt64
  /// No segment is ever that short: it was cut.
  private var isCutInHeader: Bool
  /// The directory of the frame that `next` gave last; empty when it had a problem.
  package private(set) var directory = FrameDirectory()

  /// With `checksBlocks` false only heads and directories are read. `start`: where a frame begins, and
  /// its number; the segment's first frame when it isn't given.
  package init(
    file: any DiskFile, header: SegmentHeader, cut: UInt64? = nil, checksBlocks: Bool = true,
    start: (offset: UInt64, frameNumber: UInt64)? = nil
  ) throws(DiskError) {
    salt = header.salt
    frameNumber = start?.frameNumber ?? header.firstFrameNumber
    offset = start?.offset ?? FormatLimits.firstFrameOffset
    self.checksBlocks = checksBlocks
    self.cut = cut
    fileSize = try file.size()
    isCutInHeader = fileSize < FormatLimits.firstFrameOffset
    limit = cut ?? fileSize
    window = ScanWindow(file: file)
  }

  package func next() throws(DiskError) -> ScanStep {
    current = nil
    if isCutInHeader {
      isCutInHeader = false
      return .invalid(cutHeader)
    }
    guard offset < limit else { return .end(offset: offset) }
    do throws(FrameError) {
      let frame = try readFrame(at: offset)
      offset = frame.end
      frameNumber = frame.head.frameNumber &+ 1
      return .frame(frame)
    } catch {
      if case .disk(let failure) = error { throw failure }
      return try resync(after: error)
    }
  }

  /// The bytes of the frame that `next` gave last.
  package func withFrame<R>(_ body: (UnsafeRawBufferPointer) -> R) throws(DiskError) -> R {
    guard let current else { preconditionFailure("no frame was read") }
    return body(try window.bytes(at: current.offset, current.length))
  }

  private func readFrame(at offset: UInt64) throws(FrameError) -> ScannedFrame {
    let head = try validHead(at: offset)
    var frame = ScannedFrame(
      offset: offset, head: head, badBlocks: [], badBlockChecksums: [], problem: nil)
    current = (offset, Int(head.totalLength))
    let prefix = try bytes(at: offset, head.prefixLength)
    do throws(FrameError) {
      try directory.decode(
        head, directory: UnsafeRawBufferPointer(rebasing: prefix[FormatLimits.headSize...]))
    } catch {
      directory.removeAll()
      frame.problem = error
    }
    if checksBlocks { try checkBlocks(of: &frame) }
    return frame
  }

  private func validHead(at offset: UInt64) throws(FrameError) -> FrameHead {
    let room = limit - offset
    let start = try bytes(at: offset, Int(min(room, UInt64(FormatLimits.headSize))))
    let head = try FrameHead.decode(start, salt: salt)
    guard UInt64(head.totalLength) <= room else {
      throw .cutShort(needed: UInt64(head.totalLength), available: room)
    }
    let prefix = try bytes(at: offset, head.prefixLength)
    guard prefix.count == head.prefixLength else {
      throw .cutShort(needed: UInt64(head.prefixLength), available: UInt64(prefix.count))
    }
    try head.verify(prefix: prefix)
    guard head.frameNumber >= frameNumber else {
      throw .outOfOrder(expected: frameNumber, found: head.frameNumber)
    }
    return head
  }

  private func checkBlocks(of frame: inout ScannedFrame) throws(FrameError) {
    guard !directory.blocks.isEmpty else { return }
    let whole = try bytes(at: frame.offset, Int(frame.head.totalLength))
    for (index, block) in directory.blocks.enumerated() {
      let start = min(Int(block.offsetInFrame), whole.count)
      let end = min(start + Int(block.storedLength), whole.count)
      let checksum = Checksum.crc32(UnsafeRawBufferPointer(rebasing: whole[start..<end]))
      if end - start < Int(block.storedLength) || checksum != block.crc {
        frame.badBlocks.append(index)
        frame.badBlockChecksums.append(checksum)
      }
    }
  }

  private func bytes(
    at offset: UInt64, _ length: Int
  ) throws(FrameError) -> UnsafeRawBufferPointer {
    do throws(DiskError) { return try window.bytes(at: offset, length) } catch {
      throw .disk(error)
    }
  }
}

extension SegmentScanner {
  private var cutHeader: InvalidRange {
    let needed = FormatLimits.firstFrameOffset
    return InvalidRange(
      offset: fileSize, end: needed, cause: .cutShort(needed: needed, available: fileSize),
      isAllZero: false, isFollowedByFrame: false)
  }

  /// Steps over bytes that are no frame, up to the next one that is.
  private func resync(after cause: FrameError) throws(DiskError) -> ScanStep {
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
