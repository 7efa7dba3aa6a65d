@testable import SegmentLog

/// Everything that a scan of one segment said.
struct ScanResult {
  var header: SegmentHeader.Found
  var frames: [ScannedFrame] = []
  var directories: [FrameDirectory] = []
  var invalid: [InvalidRange] = []
  var end: UInt64 = 0
  var verdict = SegmentVerdict()

  var sequences: [Sequence] { directories.flatMap { $0.messages.map(\.sequence) } }
}

/// Scans a segment to its end.
func scan(
  _ disk: SimDisk, id: UInt64 = 1, successor: SegmentHeader.Predecessor? = nil
) throws -> ScanResult {
  try scan(disk, file: FileNames.segment(id), successor: successor)
}

func scan(
  _ disk: SimDisk, file name: String, successor: SegmentHeader.Predecessor? = nil
) throws -> ScanResult {
  let file = try disk.open(name, .readOnly)
  var result = ScanResult(header: try SegmentHeader.read(from: file))
  let scanner = try SegmentScanner(
    file: file, header: result.header.header, cut: successor?.durableLength)
  var classifier = SegmentClassifier(header: result.header.header, successor: successor)
  while true {
    switch try scanner.next() {
    case .frame(let frame):
      result.frames.append(frame)
      result.directories.append(scanner.directory)
      classifier.add(frame, scanner.directory)
    case .invalid(let range):
      result.invalid.append(range)
      classifier.add(range)
    case .end(let offset):
      result.end = offset
      result.verdict = classifier.finish()
      return result
    }
  }
}

/// A frame out of any directory and blocks, with the right checksum of its head.
func forgeFrame(
  directory: [UInt8], blocks: [UInt8] = [], type: UInt8 = 1, records: UInt32, salt: UInt64,
  frameNumber: UInt64 = 1, baseSequence: Sequence = 1, totalLength: UInt32? = nil,
  directoryLength: UInt32? = nil, syncedUpTo: UInt64 = 8192
) -> [UInt8] {
  var out = ByteWriter()
  FrameHead(
    totalLength: totalLength ?? UInt32(64 + directory.count + blocks.count), crc: 0, type: type,
    flags: 0, salt: salt, frameNumber: frameNumber, baseSequence: baseSequence, committedAtMs: 1,
    syncedUpTo: 0, directoryLength: directoryLength ?? UInt32(directory.count),
    recordCount: records
  ).append(to: &out)
  out.append(directory)
  out.append(blocks)
  FrameHead.finish(&out, prefixLength: 64 + directory.count, syncedUpTo: syncedUpTo)
  return Array(out.bytes)
}

func varint(_ value: UInt64) -> [UInt8] {
  var out = ByteWriter()
  out.append(varint: value)
  return Array(out.bytes)
}

/// A directory section.
func section(_ type: UInt8, count: UInt64, _ body: [UInt8], length: UInt64? = nil) -> [UInt8] {
  [type] + varint(count) + varint(length ?? UInt64(body.count)) + body
}
