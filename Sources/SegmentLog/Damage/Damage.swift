/// A part of the log that was proven durable and can't be read, or isn't there.
package struct Damage: Sendable, Equatable {
  package enum Kind: UInt8, Sendable, CaseIterable {
    /// No valid frame where one stood.
    case bytes = 1
    /// One block of an otherwise good frame.
    case block = 2
    /// A frame whose checksum is right and whose content can't be.
    case frame = 3
    /// Both copies of a segment's header: nothing of the segment can be read.
    case header = 4
    /// A file that should be there.
    case missing = 5
    /// Numbers that don't follow from what stands there.
    case accounting = 6
  }

  package var kind: Kind
  package var file: String
  /// Bytes from the file's start; nil when the whole file is meant.
  package var offset: UInt64?
  /// Where the damaged bytes end; nil as `offset`.
  package var end: UInt64?
  /// What was expected and found.
  package var reason: String
  /// Messages that stood there, nil when not known or none.
  package var lost: ClosedRange<Sequence>?
  /// How many of `lost` had ended before: nothing is lost with them.
  package var ended: UInt64 = 0
  /// Messages whose numbers nobody knows.
  package var unnamed: UInt64 = 0
  /// UUIDs of lost messages, where a directory still knows them: the first `uuidsMax`.
  package var uuids: [String] = []

  package static let uuidsMax = 100

  package init(
    kind: Kind = .bytes, file: String, offset: UInt64?, end: UInt64? = nil, reason: String,
    lost: ClosedRange<Sequence>?
  ) {
    self.kind = kind
    self.file = file
    self.offset = offset
    self.end = end
    self.reason = reason
    self.lost = lost
  }

  /// How many bytes are damaged; nil when that isn't said in bytes.
  package var bytes: UInt64? {
    guard let offset, let end else { return nil }
    return end.subtractingCapped(offset)
  }

  /// Messages that are gone for good and had not ended.
  package var lostCount: UInt64 {
    let named = lost.map { ($0.upperBound - $0.lowerBound).addingCapped(1) } ?? 0
    return named.subtractingCapped(ended).addingCapped(unnamed)
  }

  /// Whether accepting this meant accepting `other`: nothing beyond it is gone.
  func covers(_ other: Damage) -> Bool {
    guard file == other.file, other.unnamed <= unnamed else { return false }
    if let named = other.lost, other.lostCount > other.unnamed {
      guard let lost, lost.lowerBound <= named.lowerBound, named.upperBound <= lost.upperBound
      else { return false }
    }
    guard let start = other.offset, let stop = other.end else {
      return kind == other.kind && offset == other.offset
    }
    guard let offset, let end else { return false }
    return offset <= start && stop <= end
  }
}

extension Damage: CustomStringConvertible {
  package var description: String {
    var place = file
    if let offset { place += " at offset \(offset)" }
    if let bytes { place += ", \(bytes) bytes" }
    return "\(place): \(reason)\(lostText)"
  }

  private var lostText: String {
    guard let lost else { return "" }
    let isOne = lost.lowerBound == lost.upperBound
    let which =
      isOne ? "message \(lost.lowerBound)" : "messages \(lost.lowerBound) to \(lost.upperBound)"
    if lostCount == 0 {
      return "; \(which) stood there and had ended: nothing is lost"
    }
    let known = uuids.isEmpty ? "" : " (UUID \(uuids.prefix(3).joined(separator: ", "))\(more))"
    let had = ended == 0 ? "" : ", \(ended) of which had ended"
    return ", \(which) lost\(known)\(had)"
  }

  private var more: String { uuids.count > 3 ? " …" : "" }
}

extension Damage {
  init(_ finding: SegmentFinding, in file: String) {
    let kind: Kind =
      switch finding.kind {
      case .bytes: .bytes
      case .block: .block
      case .directory: .frame
      }
    self.init(
      kind: kind, file: file, offset: finding.offset, end: finding.end,
      reason: finding.cause.description, lost: finding.lost)
    uuids = finding.uuids
  }
}
