/// Reads error texts by their place, wherever in the log they stand. Holds one open file and one
/// frame, since the notes of an outage stand side by side.
struct NoteReader {
  private let disk: any Disk
  private let segments: [SegmentFile]
  private var open: (segment: UInt64, file: any DiskFile, reader: FrameReader)?
  private var frame: FrameReader.Frame?

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
      if frame?.offset != place.frameOffset { frame = try reader.frame(at: place.frameOffset) }
      guard let frame, let note = frame.directory.note(sequence, attempts: attempts) else {
        return nil
      }
      return try reader.text(note, of: frame)
    } catch {
      return nil
    }
  }

  private mutating func openSegment(_ id: UInt64) throws {
    open?.file.close()
    open = nil
    frame = nil
    guard let segment = segments.first(where: { $0.id == id }) else { return }
    let file = try disk.open(segment.name, .readOnly)
    open = (id, file, FrameReader(file: file, salt: segment.header.salt))
  }

  mutating func close() { open?.file.close() }
}
