import Delivery

extension InMemoryLog.Contents {
  func entry(_ ref: MessageRef) -> InMemoryLog.Entry? {
    guard ref.lane == 0, ref.number >= 1, ref.number <= entries.count else { return nil }
    return entries[Int(ref.number) - 1]
  }

  /// Dead and cancelled UUIDs may be stored again; a delivered one only after the window.
  mutating func admit(_ message: Message, nowMs: UInt64, windowMs: UInt64) -> Admission {
    if let at = newest[message.uuid] {
      let known = entries[at]
      let counts =
        switch known.state {
        case .pending: true
        case .delivered: known.acceptedAtMs + windowMs > nowMs
        case .dead, .cancelled: false
        }
      if counts { return known.message == message ? .duplicate(known.ref) : .conflict }
    }
    let ref = MessageRef(lane: 0, number: UInt64(entries.count) + 1)
    newest[message.uuid] = entries.count
    entries.append(InMemoryLog.Entry(ref: ref, message: message, acceptedAtMs: nowMs))
    return .stored(ref)
  }

  /// False where the message has ended.
  mutating func apply(_ change: Change, nowMs: UInt64) -> Bool {
    guard let known = entry(change.ref), known.state == .pending else { return false }
    let at = Int(change.ref.number) - 1
    let note: AttemptNote
    switch change {
    case .finish(_, let ending):
      entries[at].attempts = ending.attempts
      entries[at].retry = nil
      entries[at].state =
        switch ending.kind {
        case .delivered: .delivered
        case .dead: .dead
        case .cancelled: .cancelled
        }
      note = ending.result
    case .retry(_, let attempts, let delayMs, let result):
      // A count lower than what is known is old news.
      guard attempts >= known.attempts else { return true }
      entries[at].attempts = attempts
      entries[at].retry = (nowMs, delayMs)
      note = result
    }
    entries[at].lastStatus = note.status
    entries[at].lastError = note.error
    return true
  }
}
