import NIOCore

/// Gathers a body that did not arrive in one piece with its head into one buffer.
struct BodyGatherer: Sendable {
  private enum Framing: Sendable {
    case fixed(left: Int)
    case chunked(ChunkDecoder)
  }

  private(set) var gathered = ByteBuffer()
  private var framing: Framing
  private let limit: Int

  /// nil when there is no body to gather.
  init?(_ length: RequestHead.BodyLength, limit: Int) {
    switch length {
    case .none: return nil
    case .fixed(let count): framing = .fixed(left: count)
    case .chunked: framing = .chunked(ChunkDecoder())
    }
    self.limit = limit
  }

  /// Moves bytes of the body out of `input`; the whole body once it is complete.
  mutating func gather(from input: inout ByteBuffer) throws(Problem) -> ByteBuffer? {
    switch framing {
    case .fixed(let left):
      // In one piece and nothing gathered before: no copy.
      if gathered.readableBytes == 0, let whole = input.readSlice(length: left) { return whole }
      guard var part = input.readSlice(length: min(left, input.readableBytes)) else { return nil }
      let rest = left - part.readableBytes
      gathered.writeBuffer(&part)
      framing = .fixed(left: rest)
      return rest == 0 ? gathered : nil
    case .chunked(var decoder):
      let isComplete = try decoder.decode(&input, into: &gathered, limit: limit)
      framing = .chunked(decoder)
      return isComplete ? gathered : nil
    }
  }
}
