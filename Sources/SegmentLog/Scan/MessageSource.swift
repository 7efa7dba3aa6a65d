import Glibc

/// Gives the frames that hold a log's messages in the order of their sequences, in batches.
final class MessageSource {
  private let chain: LogChain
  private let disk: any Disk
  private let range: Range<Sequence>
  private let includesBodies: Bool
  private let progress: PassProgress
  private var nextSegment = 0
  private var open: (segment: SegmentFile, file: any DiskFile, scanner: SegmentScanner)?
  private var destinations: [UInt32: String] = [:]
  private var summary = FrameSummary()
  private var reported: UInt64 = 0
  private(set) var failures: [DiskError] = []

  init(
    _ chain: LogChain, on disk: any Disk, range: Range<Sequence>, includesBodies: Bool,
    progress: @escaping PassProgress
  ) {
    self.chain = chain
    self.disk = disk
    self.range = range
    self.includesBodies = includesBodies
    self.progress = progress
    // The next segment's first sequence says that all before lie below the range.
    let firsts = chain.segments.map(\.header.firstSequence)
    while nextSegment + 1 < firsts.count && firsts[nextSegment + 1] <= range.lowerBound {
      nextSegment += 1
    }
  }

  func close() {
    open?.file.close()
    open = nil
  }

  /// Up to so many bytes of frames; none at the end. A segment that can't be read is left.
  func batches(of size: Int, upTo bytes: Int) -> [FrameBatch] {
    var batches: [FrameBatch] = []
    var total = 0
    while total < bytes, openNext(), let current = open {
      var batch = FrameBatch(current.segment)
      do throws(DiskError) {
        while batch.size < size, total + batch.size < bytes, open != nil {
          try step(current.segment, current.scanner, &batch)
        }
      } catch {
        failures.append(error)
        close()
      }
      batch.destinations = destinations
      total += batch.size
      if batch.size > 0 { batches.append(batch) }
    }
    return batches
  }

  /// False when there is no further segment.
  private func openNext() -> Bool {
    while open == nil {
      guard nextSegment < chain.segments.count else { return false }
      let segment = chain.segments[nextSegment]
      nextSegment += 1
      guard segment.header.firstSequence < range.upperBound else { return false }
      destinations = [:]
      reported = 0
      do throws(DiskError) {
        let file = try disk.open(segment.name, .readOnly)
        let scanner = try SegmentScanner(
          file: file, header: segment.header, cut: segment.successor?.durableLength, depth: .heads,
          readsBodies: includesBodies)
        open = (segment, file, scanner)
      } catch {
        // One that is not there any more was dropped by a running server.
        if error.code != ENOENT { failures.append(error) }
      }
    }
    return true
  }

  /// Takes the next frame in.
  private func step(
    _ segment: SegmentFile, _ scanner: SegmentScanner, _ batch: inout FrameBatch
  ) throws(DiskError) {
    switch try scanner.next() {
    case .end:
      if segment.size > reported { progress(segment.size - reported, chain.segmentBytes) }
      close()
    case .invalid: break
    case .frame(var frame):
      progress(frame.end - max(reported, frame.offset), chain.segmentBytes)
      reported = frame.end
      try summary.read(&frame, scanner)
      if summary.definesDestinations {
        try scanner.decodeDirectory(of: &frame)
        for definition in scanner.directory.destinations {
          destinations[definition.id] = definition.origin
        }
      }
      guard summary.messages > 0 else { return }
      let base = frame.head.baseSequence
      let last = base + UInt64(summary.messages - 1)
      guard last >= range.lowerBound, base < range.upperBound else { return }
      let wanted = max(base, range.lowerBound)...min(last, range.upperBound - 1)
      if includesBodies {
        try scanner.withFrame { batch.append($0, at: frame.offset, wanted) }
      } else {
        try scanner.withPrefix { batch.append($0, at: frame.offset, wanted) }
      }
    }
  }
}
