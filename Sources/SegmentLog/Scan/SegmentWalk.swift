import Glibc

/// One pass over one segment.
package enum SegmentWalk {
  package static func run(
    _ segment: SegmentFile, on disk: any Disk, checksBlocks: Bool,
    progress: (UInt64) -> Void = { _ in },
    visit: (ScannedFrame, SegmentScanner) throws(DiskError) -> Void
  ) throws(DiskError) -> SegmentVerdict? {
    var classifier = SegmentClassifier(header: segment.header, successor: segment.successor)
    let isThere = try run(
      segment, on: disk, depth: checksBlocks ? .blocks : .directories, progress: progress
    ) { (step, scanner) throws(DiskError) in
      switch step {
      case .frame(let frame):
        classifier.add(frame, scanner.directory)
        try visit(frame, scanner)
      case .invalid(let range): classifier.add(range)
      case .end: break
      }
    }
    return isThere ? classifier.finish() : nil
  }

  /// Calls `visit` for each step of a scan, in order. False when the file vanished meanwhile: a
  /// running server dropped it. `progress` gets the bytes gone through since its last call.
  package static func run(
    _ segment: SegmentFile, on disk: any Disk, depth: ScanDepth,
    progress: (UInt64) -> Void = { _ in },
    visit: (ScanStep, SegmentScanner) throws(DiskError) -> Void
  ) throws(DiskError) -> Bool {
    let file: any DiskFile
    do throws(DiskError) {
      file = try disk.open(segment.name, .readOnly)
    } catch {
      if error.code == ENOENT { return false }
      throw error
    }
    defer { file.close() }
    let scanner = try SegmentScanner(
      file: file, header: segment.header, cut: segment.cut, depth: depth)
    var reported: UInt64 = 0
    while true {
      let step = try scanner.next()
      try visit(step, scanner)
      switch step {
      case .frame(let frame):
        if frame.end - reported >= 1 << 20 {
          progress(frame.end - reported)
          reported = frame.end
        }
      case .invalid: break
      case .end:
        if segment.size > reported { progress(segment.size - reported) }
        return true
      }
    }
  }
}
