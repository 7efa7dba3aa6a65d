// What is wrong, and was accepted: by the rules of a start.
extension LogSurvey {
  static let acceptedText = "; accepted"

  func isAccepted(_ finding: SegmentFinding, in segment: SegmentFile) -> Bool {
    chain.accepted?.covers(Damage(finding, in: segment.name)) ?? false
  }

  /// A file whose header was given up: nothing in it is looked at without one.
  func isAccepted(headerOf file: String) -> Bool {
    chain.accepted?.damage.contains { $0.kind == .header && $0.file == file } ?? false
  }

  func isAccepted(_ problem: ChainProblem, _ digests: [FileDigest]) -> Bool {
    switch problem {
    case .unreadable(let file, _): return isAccepted(headerOf: file)
    case .missingSegments(let ids):
      var damage = Damage(
        kind: .missing, file: FileNames.segment(ids.lowerBound), offset: nil, reason: "", lost: nil)
      damage.lost = lostMessages(in: ids, digests)
      return chain.accepted?.covers(damage) ?? false
    default: return false
    }
  }

  /// Those between what stands before missing segments and what stands behind.
  private func lostMessages(
    in ids: ClosedRange<UInt64>, _ digests: [FileDigest]
  ) -> ClosedRange<Sequence>? {
    guard let behind = chain.segments.firstIndex(where: { $0.id > ids.upperBound }), behind > 0
    else { return nil }
    let before = chain.segments[behind - 1].header.firstSequence
    let first = digests[behind - 1].verdict?.nextSequence ?? before
    let next = chain.segments[behind].header.firstSequence
    return first < next ? first...(next - 1) : nil
  }
}
