@testable import SegmentLog

/// What the log should hold, in the plainest form.
struct LogModel: Equatable {
  struct Message: Equatable, CustomStringConvertible {
    var uuid: Int
    var record: NewRecord
    var acceptedAtMs: UInt64
    var state: RecordStatus.State = .pending
    var attempts: UInt32 = 0
    var status: UInt16 = 0
    var retry: RetryTime?
    var error = ""

    init(uuid: Int, record: NewRecord, acceptedAtMs: UInt64) {
      self.uuid = uuid
      self.record = record
      self.acceptedAtMs = acceptedAtMs
    }
    var description: String {
      "uuid \(uuid) \(state) \(attempts)/\(status) \(String(describing: retry)) '\(error)' "
        + "\(record.destination) at \(acceptedAtMs), \(record.payload.count) bytes"
    }
    var isLive: Bool { state == .pending || state == .dead }
  }

  /// What one commit holds.
  struct Frame: Equatable {
    var messages: [(uuid: Int, record: NewRecord)] = []
    var attempts: [AttemptRecord] = []
    var outcomes: [OutcomeRecord] = []
    var isEmpty: Bool { messages.isEmpty && attempts.isEmpty && outcomes.isEmpty }
    static func == (a: Frame, b: Frame) -> Bool {
      a.messages.map(\.record) == b.messages.map(\.record) && a.attempts == b.attempts
        && a.outcomes == b.outcomes
    }
  }

  var messages: [Sequence: Message] = [:]
  var nextSequence: Sequence = 1

  func applying(_ frame: Frame, at committedAtMs: UInt64) -> LogModel {
    var result = self
    for (uuid, record) in frame.messages {
      result.messages[result.nextSequence] = Message(
        uuid: uuid, record: record, acceptedAtMs: committedAtMs)
      result.nextSequence += 1
    }
    for attempt in frame.attempts {
      result.messages[attempt.sequence]?.attempts = attempt.count
      result.messages[attempt.sequence]?.status = attempt.status
      result.messages[attempt.sequence]?.error = attempt.error
      result.messages[attempt.sequence]?.retry = RetryTime(
        dueAtMs: committedAtMs + UInt64(attempt.delayMs), delayMs: attempt.delayMs)
    }
    for outcome in frame.outcomes {
      let state: RecordStatus.State =
        switch outcome.kind {
        case .delivered: .delivered
        case .dead: .dead
        case .cancelled: .cancelled
        }
      result.messages[outcome.sequence]?.state = state
      result.messages[outcome.sequence]?.attempts = outcome.attempts
      result.messages[outcome.sequence]?.status = outcome.status
      if state != .dead {
        result.messages[outcome.sequence]?.error = ""
      } else if !outcome.error.isEmpty {
        result.messages[outcome.sequence]?.error = outcome.error
      }
      result.messages[outcome.sequence]?.retry = nil
    }
    return result
  }

  var totals: Totals {
    var totals = Totals()
    totals.accepted = nextSequence - 1
    for message in messages.values {
      switch message.state {
      case .pending: break
      case .delivered: totals.delivered += 1
      case .dead: totals.dead += 1
      case .cancelled: totals.cancelled += 1
      }
    }
    return totals
  }

  /// The newest message with a UUID that stands in a segment.
  func newest(_ uuid: Int, where stands: (Sequence) -> Bool) -> Sequence? {
    messages.filter { $0.value.uuid == uuid && stands($0.key) }.keys.max()
  }
}
