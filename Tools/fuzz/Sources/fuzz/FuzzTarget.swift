/// What can be fuzzed. A target takes any bytes; it fails by trapping, by reading memory that isn't
/// its own, by taking too long or too much memory, and where something that must hold does not.
enum FuzzTarget: String, CaseIterable {
  case frame
  case segment
  case segmentHeader = "segment-header"
  case checkpoint
  case cold
  case fold
  case dedup
  case envelope
  case payload
  case answer

  func run(_ bytes: UnsafeRawBufferPointer) {
    switch self {
    case .frame: FrameTarget.run(bytes)
    case .segment: SegmentTarget.run(bytes)
    case .segmentHeader: SegmentHeaderTarget.run(bytes)
    case .checkpoint: CheckpointTarget.run(bytes)
    case .cold: ColdTarget.run(bytes)
    case .fold: FoldTarget.run(bytes)
    case .dedup: DedupTarget.run(bytes)
    case .envelope: EnvelopeTarget.run(bytes)
    case .payload: PayloadTarget.run(bytes)
    case .answer: AnswerTarget.run(bytes)
    }
  }
}
