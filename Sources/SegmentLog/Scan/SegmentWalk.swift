import Glibc

/// One pass over one segment.
package enum SegmentWalk {
  /// Calls `visit` for each frame, in order. nil when the file vanished meanwhile: a running server
  /// dropped it. `progress` gets the bytes gone through since its last call.
  package static func run(
    _ segment: SegmentFile, on disk: any Disk, checksBlocks: Bool,
    progress: (UInt64) -> Void = { _ in },
    visit: (ScannedFrame, SegmentScanner) throws(DiskError) -> Void
  ) throws(DiskError) -> SegmentVerdict? {
    let file: any DiskFile
    do throws(DiskError) {
      file = try disk.open(segment.name, .readOnly)
    } catch {
      if error.code == ENOENT { return nil }
      throw error
    }
    defer { file.close() }
    let scanner = try SegmentScanner(
      file: file, header: segment.header, cut: segment.successor?.durableLength,
      checksBlocks: checksBlocks)
    var classifier = SegmentClassifier(header: segment.header, successor: segment.successor)
    var reported: UInt64 = 0
    while true {
      switch try scanner.next() {
      case .frame(let frame):
        classifier.add(frame, scanner.directory)
        try visit(frame, scanner)
        if frame.end - reported >= 1 << 20 {
          progress(frame.end - reported)
          reported = frame.end
        }
      case .invalid(let range):
        classifier.add(range)
      case .end:
        if segment.size > reported { progress(segment.size - reported) }
        return classifier.finish()
      }
    }
  }
}
