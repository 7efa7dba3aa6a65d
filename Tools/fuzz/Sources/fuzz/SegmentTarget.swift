@testable import SegmentLog

/// A segment's bytes behind its header: the way through them ends, never goes back, and leaves
/// nothing out. Frames that begin where the input says get right checksums.
enum SegmentTarget {
  static func run(_ bytes: UnsafeRawBufferPointer) {
    scan(Array(bytes), cut: nil)
    let forged = FrameForgery.frames(bytes)
    scan(forged, cut: nil)
    scan(forged, cut: FormatLimits.firstFrameOffset + UInt64(bytes.count / 2))
  }

  private static func scan(_ frames: [UInt8], cut: UInt64?) {
    let header = SegmentHeader(
      id: 1, firstSequence: 1, createdMs: 1, store: StoreUUID(high: 1, low: 2),
      salt: FrameForgery.salt, firstFrameNumber: 1, totals: Totals(), predecessor: nil)
    let file = MemoryFile(header.encodedArea() + frames)
    guard let scanner = try? SegmentScanner(file: file, header: header, cut: cut) else { return }
    var classifier = SegmentClassifier(header: header, successor: nil)
    var offset = FormatLimits.firstFrameOffset
    while true {
      guard let step = try? scanner.next() else { preconditionFailure("memory can't fail") }
      switch step {
      case .frame(let frame):
        precondition(frame.offset == offset && frame.end <= cut ?? file.size())
        offset = frame.end
        classifier.add(frame, scanner.directory)
      case .invalid(let range):
        precondition(range.offset == offset && range.end > range.offset)
        offset = range.end
        classifier.add(range)
      case .end(let end):
        precondition(end == offset)
        _ = classifier.finish()
        return
      }
    }
  }
}
