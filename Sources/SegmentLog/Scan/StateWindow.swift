/// What a log says of a sequence, in one byte.
package struct SequenceFacts: OptionSet, Sendable {
  package let rawValue: UInt8
  package init(rawValue: UInt8) { self.rawValue = rawValue }

  /// Its message stands in a segment of the log, or in a compacted one.
  package static let inLog = SequenceFacts(rawValue: 4)
  package static let inCold = SequenceFacts(rawValue: 8)

  /// How its message ended, as far as records tell.
  package var state: MessageState {
    get { MessageState(rawValue: rawValue & 3) ?? .pending }
    set {
      guard newValue > state else { return }
      self = SequenceFacts(rawValue: rawValue & ~3 | newValue.rawValue)
    }
  }

  package var isLive: Bool { rawValue & 2 == 0 }
  package var isStanding: Bool { rawValue & 12 != 0 }
  /// Live, and its segment is needed for it.
  package var keepsSegment: Bool { rawValue & 14 == 4 }
}

/// What is known of a stretch of sequences. One byte each, 64 MiB in all: a pass over a log with
/// more than 67 million sequences is made again for each further 67 million.
package typealias StateWindow = SequenceWindow<SequenceFacts>

extension StateWindow {
  package static var bytesMaxDefault: Int { 64 << 20 }

  package init(from: Sequence = 1, bytesMax: Int = bytesMaxDefault) {
    self.init(from: from, empty: [], bytesMax: bytesMax)
  }

  package mutating func apply(_ facts: FactBuffer) {
    for run in facts.runs {
      update(first: run.first, count: run.count) { $0.insert(run.facts) }
    }
    for end in facts.ends { update(end.sequence) { $0.state = end.state } }
  }
}

/// Facts that wait to be put into a window that several threads share.
package struct FactBuffer: Sendable {
  struct Run {
    var first: Sequence
    var count: Int
    var facts: SequenceFacts
  }
  static let sizeMax = 4096

  private(set) var runs: [Run] = []
  private(set) var ends: [(sequence: Sequence, state: MessageState)] = []
  var isFull: Bool { runs.count + ends.count >= Self.sizeMax }
  var isEmpty: Bool { runs.isEmpty && ends.isEmpty }

  mutating func add(first: Sequence, count: Int, _ facts: SequenceFacts) {
    guard count > 0 else { return }
    if let last = runs.indices.last, runs[last].facts == facts,
      first == runs[last].first &+ UInt64(runs[last].count)
    {
      runs[last].count += count
    } else {
      runs.append(Run(first: first, count: count, facts: facts))
    }
  }

  mutating func add(end sequence: Sequence, _ state: MessageState) {
    ends.append((sequence, state))
  }

  mutating func add(_ outcomes: [DirectoryOutcome]) {
    for outcome in outcomes { ends.append((outcome.sequence, MessageState(outcome.kind))) }
  }

  mutating func removeAll() {
    runs.removeAll(keepingCapacity: true)
    ends.removeAll(keepingCapacity: true)
  }
}
