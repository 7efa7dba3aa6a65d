/// One input of a compaction, or several that follow each other, read once from front to end.
///
/// Every frame is checked whole. What isn't perfectly understood is not copied: the first bad byte,
/// unknown section or control record refuses the input.
final class CompactionSource {
  private let disk: any Disk
  private let store: StoreUUID
  private let pacer: any CompactionPacer
  /// Still to come, in order.
  private var segments: ArraySlice<SegmentState>
  private var file: (any DiskFile)?
  private var scanner: SegmentScanner?
  private let inflater = Inflater()
  private var block: (index: Int, raw: [UInt8])?
  private var position = 0

  /// What is read now; valid until the end was reached.
  private(set) var segment: SegmentState
  private(set) var frame: ScannedFrame?
  private(set) var directory = FrameDirectory()

  /// `segments`: one at least, with ascending sequences.
  init(
    _ segments: [SegmentState], of store: StoreUUID, on disk: any Disk,
    pacer: any CompactionPacer
  ) {
    self.disk = disk
    self.store = store
    self.pacer = pacer
    self.segments = segments[...]
    segment = segments[0]
  }

  deinit { file?.close() }

  /// The next message that stands here; nil when its frame is through.
  var message: DirectoryMessage? {
    position < directory.messages.count ? directory.messages[position] : nil
  }

  func stepOver() { position += 1 }

  /// Reads the next frame; false at the end of the last segment.
  func nextFrame() throws(CompactionStop) -> Bool {
    while true {
      if scanner == nil {
        guard let next = segments.popFirst() else { return false }
        try open(next)
      }
      if try readFrame() { return true }
      scanner = nil
      file?.close()
      file = nil
    }
  }

  /// The payload of a message of this frame.
  func payload(of message: DirectoryMessage) throws(CompactionStop) -> ArraySlice<UInt8> {
    guard message.payloadLength > 0 else { return [] }
    let raw = try block(Int(message.block))
    return raw[Int(message.offsetInBlock)..<Int(message.offsetInBlock + message.payloadLength)]
  }

  /// A note of this frame.
  func text(of note: DirectoryNote) throws(CompactionStop) -> String {
    guard note.length > 0 else { return "" }
    let raw = try block(Int(note.block))
    return String(
      decoding: raw[Int(note.offsetInBlock)..<Int(note.offsetInBlock + note.length)],
      as: UTF8.self)
  }

  func refused(_ reason: String) -> CompactionStop {
    .refused(
      RefusedInput(
        input: CompactionRecord.Input(kind: segment.kind, id: segment.id), file: segment.file,
        reason: reason))
  }

  private func open(_ next: SegmentState) throws(CompactionStop) {
    segment = next
    do throws(SegmentHeaderError) {
      let file: any DiskFile
      do throws(DiskError) { file = try disk.open(next.file, .readOnly) } catch {
        throw .disk(error)
      }
      self.file = file
      let header = try SegmentHeader.read(from: file).header
      guard header.kind == next.kind, header.id == next.id, header.store == store,
        header.salt == next.salt
      else { throw .badValue("identity") }
      do throws(DiskError) {
        scanner = try SegmentScanner(file: file, header: header, cut: next.end)
      } catch {
        throw .disk(error)
      }
    } catch {
      throw refused(error.description)
    }
  }

  private func readFrame() throws(CompactionStop) -> Bool {
    guard let scanner else { return false }
    let step: ScanStep
    do throws(DiskError) { step = try scanner.next() } catch {
      throw refused(error.description)
    }
    block = nil
    position = 0
    switch step {
    case .end:
      frame = nil
      directory = FrameDirectory()
      return false
    case .invalid(let range):
      throw refused("damaged at offset \(range.offset): \(range.cause)")
    case .frame(let found):
      try check(found, scanner.directory)
      frame = found
      directory = scanner.directory
      guard pacer.passed(bytes: Int(found.head.totalLength)) else { throw .failed(.cancelled) }
      return true
    }
  }

  private func check(
    _ frame: ScannedFrame, _ directory: FrameDirectory
  ) throws(CompactionStop) {
    if let problem = frame.problem { throw refused("at offset \(frame.offset): \(problem)") }
    if let bad = frame.badBlocks.first {
      throw refused("block \(bad) of the frame at offset \(frame.offset) is damaged")
    }
    guard frame.head.kind != nil, !directory.hasUnknownSections else {
      throw refused("the frame at offset \(frame.offset) holds what a later version wrote")
    }
    guard directory.controls.isEmpty else {
      throw refused("the frame at offset \(frame.offset) holds control records")
    }
    guard directory.messages.isEmpty || directory.isSparse == (segment.kind == .cold) else {
      throw refused("the frame at offset \(frame.offset) holds messages of the other kind")
    }
  }

  private func block(_ index: Int) throws(CompactionStop) -> [UInt8] {
    if let block, block.index == index { return block.raw }
    guard let scanner, let frame else { preconditionFailure("no frame was read") }
    let found: Result<[UInt8], FrameError>
    do throws(DiskError) {
      found = try scanner.withFrame { bytes in
        let entry = directory.blocks[index]
        let start = Int(entry.offsetInFrame)
        let stored = UnsafeRawBufferPointer(
          rebasing: bytes[start..<start + Int(entry.storedLength)])
        do throws(FrameError) {
          return .success(try entry.raw(index: index, stored: stored, inflater))
        } catch {
          return .failure(error)
        }
      }
    } catch {
      throw refused(error.description)
    }
    switch found {
    case .success(let raw):
      block = (index, raw)
      return raw
    case .failure(let error): throw refused("at offset \(frame.offset): \(error)")
    }
  }
}
