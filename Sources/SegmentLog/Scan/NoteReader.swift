/// Reads error texts by their place, wherever in the log they stand. Holds one open file, one frame
/// and one block, since the notes of an outage stand side by side.
struct NoteReader {
  private let disk: any Disk
  private let segments: [SegmentFile]
  private var open: (segment: UInt64, file: any DiskFile, reader: FrameReader)?
  private var frame: FrameReader.Frame?
  private var block: (index: Int, raw: [UInt8])?

  init(_ chain: LogChain, on disk: any Disk) {
    self.disk = disk
    segments = chain.segments
  }

  /// nil when the text can't be read (any more).
  mutating func text(_ sequence: Sequence, attempts: UInt32, at place: NotePlace) -> String? {
    guard place.kind == .wal else { return nil }
    do {
      if open?.segment != place.segment { try openSegment(place.segment) }
      guard let reader = open?.reader else { return nil }
      if frame?.offset != place.frameOffset {
        frame = nil
        block = nil
        frame = try reader.frame(at: place.frameOffset)
      }
      guard let frame, let note = frame.directory.note(sequence, attempts: attempts) else {
        return nil
      }
      guard note.length > 0 else { return "" }
      let index = Int(note.block)
      if block?.index != index { block = (index, try reader.block(index, of: frame)) }
      let start = Int(note.offsetInBlock)
      return block.map {
        String(decoding: $0.raw[start..<start + Int(note.length)], as: UTF8.self)
      }
    } catch {
      return nil
    }
  }

  private mutating func openSegment(_ id: UInt64) throws {
    close()
    open = nil
    frame = nil
    block = nil
    guard let segment = segments.first(where: { $0.id == id }) else { return }
    let file = try disk.open(segment.name, .readOnly)
    open = (id, file, FrameReader(file: file, salt: segment.header.salt))
  }

  func close() { open?.file.close() }
}
