/// Reads error texts by their place, wherever in the log they stand. Holds one open file, one frame
/// and one block, since the notes of an outage stand side by side.
struct NoteReader {
  private let disk: any Disk
  private let files: [SegmentFile]
  private var open: (place: NotePlace, file: any DiskFile, reader: FrameReader)?
  private var frame: FrameReader.Frame?
  private var block: (index: Int, raw: [UInt8])?

  init(_ chain: LogChain, on disk: any Disk) {
    self.disk = disk
    files = chain.files
  }

  /// nil when the text can't be read (any more).
  mutating func text(_ sequence: Sequence, attempts: UInt32, at place: NotePlace) -> String? {
    do {
      if open?.place.segment != place.segment || open?.place.kind != place.kind {
        try openSegment(place)
      }
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

  private mutating func openSegment(_ place: NotePlace) throws {
    close()
    open = nil
    frame = nil
    block = nil
    guard
      let segment = files.first(where: { $0.id == place.segment && $0.header.kind == place.kind })
    else { return }
    let file = try disk.open(segment.name, .readOnly)
    open = (place, file, FrameReader(file: file, salt: segment.header.salt))
  }

  func close() { open?.file.close() }
}
