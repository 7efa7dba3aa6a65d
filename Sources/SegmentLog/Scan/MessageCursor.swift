import Glibc

/// Goes through the frames with messages of some files, one after the other, in the order of their
/// sequences. A file that can't be read is left; the failure is kept.
final class MessageCursor {
  private let disk: any Disk
  private let includesBodies: Bool
  private let advance: (UInt64) -> Void
  private var files: ArraySlice<SegmentFile>
  private var open: (segment: SegmentFile, file: any DiskFile, scanner: SegmentScanner)?
  private var frame: ScannedFrame?
  private var summary = FrameSummary()
  private var reported: UInt64 = 0
  /// Those of the segment so far.
  private(set) var destinations = DestinationNames()
  private(set) var failures: [DiskError] = []

  /// The next message; nil at the end.
  private(set) var next: Sequence?

  /// `advance` gets the bytes gone through since its last call.
  init(
    _ files: ArraySlice<SegmentFile>, on disk: any Disk, includesBodies: Bool,
    advance: @escaping (UInt64) -> Void
  ) {
    self.files = files
    self.disk = disk
    self.includesBodies = includesBodies
    self.advance = advance
  }

  var segment: SegmentFile? { open?.segment }
  /// The last message of the frame that `next` stands in.
  var lastOfFrame: Sequence { summary.lastSequence ?? 0 }

  func close() {
    open?.file.close()
    open = nil
    frame = nil
  }

  /// Goes to the first message from `sequence` on.
  func skip(to sequence: Sequence) {
    while true {
      if frame != nil, let found = nextInFrame(from: sequence) {
        next = found
        return
      }
      guard step() else {
        next = nil
        return
      }
    }
  }

  /// The bytes of the frame that `next` stands in: with its blocks, where bodies are wanted.
  func withFrame(_ body: (UnsafeRawBufferPointer, _ offset: UInt64) -> Void) {
    guard let open, let frame else { return }
    do throws(DiskError) {
      if includesBodies {
        try open.scanner.withFrame { body($0, frame.offset) }
      } else {
        try open.scanner.withPrefix { body($0, frame.offset) }
      }
    } catch {
      fail(error)
    }
  }

  private func nextInFrame(from sequence: Sequence) -> Sequence? {
    guard let frame, let last = summary.lastSequence, last >= sequence else { return nil }
    if summary.sparse.isEmpty { return max(frame.head.baseSequence, sequence) }
    return summary.sparse.first { $0 >= sequence }
  }

  private func fail(_ error: DiskError) {
    failures.append(error)
    close()
  }

  /// To the next frame with messages; false when there is none.
  private func step() -> Bool {
    while openNext(), let current = open {
      do throws(DiskError) {
        switch try current.scanner.next() {
        case .end:
          if current.segment.size > reported { advance(current.segment.size - reported) }
          close()
        case .invalid: break
        case .frame(var found):
          if found.end > reported { advance(found.end - max(reported, found.offset)) }
          reported = found.end
          try take(&found, current.scanner)
          if summary.messages > 0 {
            frame = found
            return true
          }
        }
      } catch {
        fail(error)
      }
    }
    return false
  }

  private func take(_ found: inout ScannedFrame, _ scanner: SegmentScanner) throws(DiskError) {
    try summary.read(&found, scanner)
    guard summary.definesDestinations else { return }
    try scanner.decodeDirectory(of: &found)
    destinations.add(scanner.directory.destinations)
  }

  private func openNext() -> Bool {
    while open == nil {
      guard let segment = files.popFirst() else { return false }
      destinations = DestinationNames()
      frame = nil
      reported = 0
      do throws(DiskError) {
        let file = try disk.open(segment.name, .readOnly)
        let scanner = try SegmentScanner(
          file: file, header: segment.header, cut: segment.cut, depth: .heads,
          readsBodies: includesBodies)
        open = (segment, file, scanner)
      } catch {
        // One that is not there any more was dropped by a running server.
        if error.code != ENOENT { failures.append(error) }
      }
    }
    return true
  }
}
