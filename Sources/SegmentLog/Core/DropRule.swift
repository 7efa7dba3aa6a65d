/// When a segment's file may go, and why it may not.
///
/// A segment goes only when it and every older one are fully acknowledged. Otherwise it would take
/// acknowledgements along that an older, kept one still needs: that one's messages would come back.
struct DropRule {
  struct Candidate {
    var id: UInt64
    var isActive: Bool
    var isDamaged: Bool
    /// Pending and dead messages.
    var live: UInt64
    var dead: UInt64
  }

  /// For each of the segments, oldest first: why it stays; nil when it can go.
  static func reasons(_ segments: [Candidate]) -> [String?] {
    var keptBefore: UInt64?
    return segments.map { segment in
      let reason = ownReason(segment) ?? keptBefore.map { "segment \($0) before it is kept" }
      if reason != nil && keptBefore == nil { keptBefore = segment.id }
      return reason
    }
  }

  private static func ownReason(_ segment: Candidate) -> String? {
    if segment.isActive { return "active" }
    if segment.isDamaged { return "damaged" }
    guard segment.live > 0 else { return nil }
    let messages = segment.live == 1 ? "1 live message" : "\(segment.live) live messages"
    return segment.dead == 0 ? messages : messages + " (\(segment.dead) dead)"
  }
}
