@testable import SegmentLog

/// One frame: as it came, and once more with every checksum right. Whatever is accepted can be read
/// to its last byte, and is the same after it was logged again.
enum FrameTarget {
  static func run(_ bytes: UnsafeRawBufferPointer) {
    read(Array(bytes))
    if let forged = FrameForgery.frame(bytes) { read(forged) }
  }

  private static func read(_ bytes: [UInt8]) {
    let reader = FrameReader(file: MemoryFile(bytes), salt: FrameForgery.salt)
    guard let frame = try? reader.frame(at: 0) else { return }
    let directory = frame.directory
    var areBlocksGood = true
    for index in directory.blocks.indices {
      guard let raw = try? reader.block(index, of: frame) else {
        areBlocksGood = false
        continue
      }
      precondition(raw.count == Int(directory.blocks[index].rawLength))
    }
    for message in directory.messages {
      precondition((1...FormatLimits.uuidMax).contains(directory.uuid(of: message).count))
      let payload = try? reader.payload(message.sequence, of: frame)
      precondition(!areBlocksGood || payload.map { $0.count } == Int(message.payloadLength))
    }
    for note in directory.notes { _ = try? reader.text(note, of: frame) }
    if bytes.count >= Int(frame.head.totalLength), frame.head.kind != nil { logAgain(bytes, frame) }
  }

  private static func logAgain(_ bytes: [UInt8], _ frame: FrameReader.Frame) {
    let salt = ~FrameForgery.salt
    let again = bytes.withBytes { all in
      FrameRelog.rewrite(
        UnsafeRawBufferPointer(rebasing: all[..<Int(frame.head.totalLength)]), head: frame.head,
        directory: frame.directory, salt: salt, frameNumber: 7, syncedUpTo: 8192, moved: { $0 })
    }
    // New places of notes may be longer than the old ones.
    guard again.count <= FormatLimits.frameMax else { return }
    guard let read = try? FrameReader(file: MemoryFile(again), salt: salt).frame(at: 0) else {
      preconditionFailure("a frame can't be read after it was logged again")
    }
    precondition(read.directory.messages.map(\.key) == frame.directory.messages.map(\.key))
    precondition(read.directory.outcomes.count == frame.directory.outcomes.count)
    precondition(read.directory.notes.map(\.previous) == frame.directory.notes.map(\.previous))
  }
}
