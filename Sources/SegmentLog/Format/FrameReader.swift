/// Reads single frames of one segment back: first head and directory, then only the blocks that
/// are asked for. Not for two threads at once.
package final class FrameReader {
  private let file: any DiskFile
  private let salt: UInt64
  private let inflater = Inflater()

  /// `salt`: the one of the segment's header.
  package init(file: any DiskFile, salt: UInt64) {
    self.file = file
    self.salt = salt
  }

  /// A frame whose head and directory were found valid; its blocks are not read yet.
  package struct Frame: Sendable {
    package var offset: UInt64
    package var head: FrameHead
    package var directory: FrameDirectory
  }

  /// Head and directory of the frame at `offset`, checked.
  package func frame(at offset: UInt64) throws(FrameError) -> Frame {
    // Most directories fit into the first read.
    var prefix = try read(4096, at: offset, atLeast: FormatLimits.headSize)
    let head = try prefix.withBytes { (bytes) throws(FrameError) in
      try FrameHead.decode(bytes, salt: salt)
    }
    if prefix.count < head.prefixLength {
      prefix = try read(head.prefixLength, at: offset, atLeast: head.prefixLength)
    }
    var directory = FrameDirectory()
    try prefix.withBytes { (bytes) throws(FrameError) in
      let whole = UnsafeRawBufferPointer(rebasing: bytes[..<head.prefixLength])
      try head.verify(prefix: whole)
      try directory.decode(
        head, directory: UnsafeRawBufferPointer(rebasing: whole[FormatLimits.headSize...]))
    }
    return Frame(offset: offset, head: head, directory: directory)
  }

  /// One block's raw bytes, checked.
  package func block(_ index: Int, of frame: Frame) throws(FrameError) -> [UInt8] {
    let block = frame.directory.blocks[index]
    let stored = try read(
      Int(block.storedLength), at: frame.offset + UInt64(block.offsetInFrame),
      atLeast: Int(block.storedLength))
    return try stored.withBytes { (bytes) throws(FrameError) in
      try block.raw(index: index, stored: bytes, inflater)
    }
  }

  /// The payloads of these sequences, each block read and inflated once when they are ascending.
  /// nil for a sequence that isn't in the frame.
  package func payloads(
    _ sequences: [Sequence], of frame: Frame
  ) throws(FrameError) -> [[UInt8]?] {
    var current: (index: Int, raw: [UInt8])?
    var payloads: [[UInt8]?] = []
    payloads.reserveCapacity(sequences.count)
    for sequence in sequences {
      guard let message = frame.directory.message(sequence) else {
        payloads.append(nil)
        continue
      }
      guard message.payloadLength > 0 else {
        payloads.append([])
        continue
      }
      let index = Int(message.block)
      if current?.index != index { current = (index, try block(index, of: frame)) }
      let start = Int(message.offsetInBlock)
      payloads.append(current.map { Array($0.raw[start..<start + Int(message.payloadLength)]) })
    }
    return payloads
  }

  package func payload(_ sequence: Sequence, of frame: Frame) throws(FrameError) -> [UInt8]? {
    try payloads([sequence], of: frame)[0]
  }

  /// A note's text.
  package func text(_ note: DirectoryNote, of frame: Frame) throws(FrameError) -> String {
    guard note.length > 0 else { return "" }
    let raw = try block(Int(note.block), of: frame)
    let start = Int(note.offsetInBlock)
    return String(decoding: raw[start..<start + Int(note.length)], as: UTF8.self)
  }

  /// Up to `length` bytes, fewer only at the end of the file and never fewer than `atLeast`.
  private func read(
    _ length: Int, at offset: UInt64, atLeast: Int
  ) throws(FrameError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: length)
    let count: Int
    do throws(DiskError) {
      count = try bytes.withMutableBytes { (buffer) throws(DiskError) in
        try file.read(into: buffer, at: offset)
      }
    } catch {
      throw .disk(error)
    }
    guard count >= atLeast else {
      throw .cutShort(needed: UInt64(atLeast), available: UInt64(count))
    }
    bytes.removeLast(length - count)
    return bytes
  }
}

extension DirectoryBlock {
  /// Checks the stored bytes and gives the raw ones.
  func raw(
    index: Int, stored: UnsafeRawBufferPointer, _ inflater: Inflater
  ) throws(FrameError) -> [UInt8] {
    try verify(index: index, stored: stored)
    guard isDeflated else { return Array(stored) }
    var whole = false
    let raw = [UInt8](unsafeUninitializedCapacity: Int(rawLength)) { buffer, count in
      let target = UnsafeMutableRawBufferPointer(
        start: buffer.baseAddress, count: Int(rawLength))
      whole = inflater.decompress(stored, into: target)
      count = whole ? Int(rawLength) : 0
    }
    guard whole else { throw .badBlock(block: index) }
    return raw
  }

  /// Checks the CRC; nothing is inflated.
  func verify(index: Int, stored: UnsafeRawBufferPointer) throws(FrameError) {
    let found = Checksum.crc32(stored)
    guard crc == found else { throw .badBlockChecksum(block: index, expected: crc, found: found) }
  }
}
