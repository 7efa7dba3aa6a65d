/// One who hands messages over one by one and wants its answers gathered, once per commit: an event
/// loop. As many as there are event loops; each lives as long as the log.
package struct LogProducer: Sendable {
  let index: Int
}

/// What a producer is told, on a thread of the log; it must only hand over.
package enum LogSignal: Sendable {
  /// In the order of submission.
  case completed([LogCompletion])
  /// After `full`: it is worth trying again.
  case roomAvailable
}

package struct LogCompletion: Sendable, Equatable {
  package let token: UInt64
  package let result: Result<LogAnswer, LogRejection>
}

/// The answer for one message.
package enum LogAnswer: Sendable, Equatable {
  case stored(Sequence)
  case duplicate(Sequence)
  /// The same UUID with other content.
  case conflict

  package init(_ admission: LogAdmission) {
    switch admission {
    case .stored(let sequence): self = .stored(sequence)
    case .duplicate(let sequence): self = .duplicate(sequence)
    }
  }
}

/// What became of a batch.
package enum BatchAnswer: Sendable, Equatable {
  case admitted([LogAdmission])
  /// Nothing was stored; the indices of those whose UUID is known with other content.
  case conflict([Int])
}

package enum LogOffer: Sendable, Equatable {
  /// Exactly one completion will follow.
  case accepted
  /// Nothing was taken; `roomAvailable` will follow.
  case full
  /// Nothing was taken and nothing will follow.
  case rejected(LogRejection)
}

/// A message that has just become durable.
package struct LogArrival: Sendable, Equatable {
  package var sequence: Sequence
  package var record: NewRecord
}
