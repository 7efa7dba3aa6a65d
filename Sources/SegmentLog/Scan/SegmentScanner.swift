/// A frame with a valid head and directory.
package struct ScannedFrame: Sendable {
  package var offset: UInt64
  package var head: FrameHead
  /// Blocks whose checksum is wrong (or that the file ends before); the rest of the frame is good.
  package var badBlocks: [Int]
  /// What the bytes of those give as checksum, in the same order.
  package var badBlockChecksums: [UInt32]
  /// Blocks whose checksum is right and that don't inflate to their length.
  package var brokenBlocks: [Int] = []
  /// Why the directory could not be understood although its checksum is right: a later version, or
  /// a contradiction. Its records are not known then.
  package var problem: FrameError?

  package var end: UInt64 { offset + UInt64(head.totalLength) }

  /// Whether the payload of one of its messages stands in a bad block.
  func misses(_ message: DirectoryMessage) -> Bool {
    message.payloadLength > 0 && badBlocks.contains(Int(message.block))
  }
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

/// How much of a frame a scan looks at. The CRC of head and directory is checked in each.
package enum ScanDepth: Int, Sendable, Comparable {
  /// Directories are left as bytes, for `FrameSummary`; bodies are stepped over unread where that
  /// saves something.
  case heads
  /// Directories are decoded.
  case directories
  /// The blocks' checksums are checked too.
  case blocks
  /// The blocks are inflated too.
  case bodies

  package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

/// Reads a segment from its first frame to its end, in order, and finds the way on after damage.
///
/// `cut` is the `durableLength` that the next segment names: nothing at or beyond it is looked at.
/// Memory is one window of 1 MiB, or the largest frame.
package final class SegmentScanner {
  let salt: UInt64
  let depth: ScanDepth
  private let skipsBodies: Bool
  let cut: UInt64?
  /// Where the bytes end that may hold frames.
  let limit: UInt64
  let fileSize: UInt64
  var window: ScanWindow
  var offset: UInt64
  private var current: (offset: UInt64, length: Int, prefixLength: Int)?
  private var frameNumber: UInt64
  /// No segment is ever that short: it was cut.
  private var isCutInHeader: Bool
  /// The directory of the frame that `next` gave last; empty when it had a problem.
  package private(set) var directory = FrameDirectory()

  private lazy var inflater = Inflater()
  private var raw: [UInt8] = []

  /// With `checksBlocks` false only heads and directories are looked at. `start`: where a frame begins,
  /// and its number; the segment's first frame when it isn't given.
  package convenience init(
    file: any DiskFile, header: SegmentHeader, cut: UInt64? = nil, checksBlocks: Bool = true,
    start: (offset: UInt64, frameNumber: UInt64)? = nil
  ) throws(DiskError) {
    try self.init(
      file: file, header: header, cut: cut, depth: checksBlocks ? .blocks : .directories,
      start: start)
  }

  /// `readsBodies`: whoever wants the bodies of frames of which the scan needs the heads alone.
  package init(
    file: any DiskFile, header: SegmentHeader, cut: UInt64?, depth: ScanDepth,
    readsBodies: Bool? = nil, start: (offset: UInt64, frameNumber: UInt64)? = nil
  ) throws(DiskError) {
    salt = header.salt
    frameNumber = start?.frameNumber ?? header.firstFrameNumber
    offset = start?.offset ?? FormatLimits.firstFrameOffset
    self.depth = depth
    self.cut = cut
    fileSize = try file.size()
    isCutInHeader = fileSize < FormatLimits.firstFrameOffset
    limit = cut ?? fileSize
    window = ScanWindow(file: file)
    skipsBodies = !(readsBodies ?? (depth >= .blocks))
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

  /// Head and directory of the frame that `next` gave last; valid until the next call.
  package func withPrefix<R>(_ body: (UnsafeRawBufferPointer) -> R) throws(DiskError) -> R {
    guard let current else { preconditionFailure("no frame was read") }
    return body(try window.bytes(at: current.offset, current.prefixLength))
  }

  /// Decodes the directory of a frame that a scan of heads gave.
  package func decodeDirectory(of frame: inout ScannedFrame) throws(DiskError) {
    do throws(FrameError) { try decode(&frame) } catch {
      if case .disk(let failure) = error { throw failure }
    }
  }

  private func readFrame(at offset: UInt64) throws(FrameError) -> ScannedFrame {
    let head = try validHead(at: offset)
    var frame = ScannedFrame(
      offset: offset, head: head, badBlocks: [], badBlockChecksums: [], problem: nil)
    current = (offset, Int(head.totalLength), head.prefixLength)
    if skipsBodies { window.expect(frame: Int(head.totalLength), prefix: head.prefixLength) }
    if depth == .heads { return frame }
    try decode(&frame)
    if depth >= .blocks { try checkBlocks(of: &frame) }
    return frame
  }

  private func decode(_ frame: inout ScannedFrame) throws(FrameError) {
    let prefix = try bytes(at: frame.offset, frame.head.prefixLength)
    do throws(FrameError) {
      try directory.decode(
        frame.head, directory: UnsafeRawBufferPointer(rebasing: prefix[FormatLimits.headSize...]))
    } catch {
      directory.removeAll()
      frame.problem = error
    }
  }

  func validHead(at offset: UInt64) throws(FrameError) -> FrameHead {
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
      } else if depth == .bodies && block.isDeflated
        && !inflates(UnsafeRawBufferPointer(rebasing: whole[start..<end]), to: block.rawLength)
      {
        frame.brokenBlocks.append(index)
      }
    }
  }

  private func inflates(_ stored: UnsafeRawBufferPointer, to length: UInt32) -> Bool {
    if raw.count < Int(length) { raw = [UInt8](repeating: 0, count: Int(length)) }
    return raw.withMutableBytes { buffer in
      inflater.decompress(
        stored, into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<Int(length)]))
    }
  }

  /// The raw bytes of a block of the frame that `next` gave last, whose directory was decoded.
  package func block(_ index: Int) throws(FrameError) -> [UInt8] {
    guard let current else { preconditionFailure("no frame was read") }
    let block = directory.blocks[index]
    let whole = try bytes(at: current.offset, current.length)
    let start = Int(block.offsetInFrame)
    let end = start + Int(block.storedLength)
    guard end <= whole.count else {
      throw .cutShort(needed: UInt64(end), available: UInt64(whole.count))
    }
    return try block.raw(
      index: index, stored: UnsafeRawBufferPointer(rebasing: whole[start..<end]), inflater)
  }

  private func bytes(
    at offset: UInt64, _ length: Int
  ) throws(FrameError) -> UnsafeRawBufferPointer {
    do throws(DiskError) { return try window.bytes(at: offset, length) } catch {
      throw .disk(error)
    }
  }
}
