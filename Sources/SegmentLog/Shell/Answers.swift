/// What the writer owes: answers it has decided on and may not give before their commit, gathered so
/// that each producer is called once. Lives on the writer's thread.
struct Answers {
  /// Indexed by producer.
  private var completions: [[LogCompletion]] = []
  private var touched: [Int] = []
  private var batches: [(WriteQueue.BatchReply, Result<BatchAnswer, LogRejection>)] = []
  /// Outcomes and attempts wait for their commit even when the messages' answers went out before.
  private var changes: [(WriteQueue.ChangesReply, [Int])] = []
  private(set) var changeCount = 0
  private var releasable = (messages: 0, bytes: 0, changes: 0)

  mutating func message(
    _ result: Result<LogAnswer, LogRejection>, token: UInt64, producer: Int, bytes: Int
  ) {
    while completions.count <= producer { completions.append([]) }
    if completions[producer].isEmpty { touched.append(producer) }
    completions[producer].append(LogCompletion(token: token, result: result))
    releasable.messages += 1
    releasable.bytes += bytes
  }

  mutating func batch(
    _ result: Result<BatchAnswer, LogRejection>, _ reply: @escaping WriteQueue.BatchReply,
    messages: Int, bytes: Int
  ) {
    batches.append((reply, result))
    releasable.messages += messages
    releasable.bytes += bytes
  }

  mutating func changes(
    refused: [Int], of count: Int, _ reply: @escaping WriteQueue.ChangesReply
  ) {
    changes.append((reply, refused))
    changeCount += count
  }

  /// Changes that no longer wait for anything.
  mutating func settle(
    _ result: Result<[Int], LogRejection>, of count: Int, _ reply: WriteQueue.ChangesReply
  ) {
    reply(result)
    releasable.changes += count
  }

  /// The commit stood (nil), or none of it did.
  mutating func settleChanges(_ rejection: LogRejection? = nil) {
    for (reply, refused) in changes {
      reply(rejection.map { .failure($0) } ?? .success(refused))
    }
    releasable.changes += changeCount
    changes.removeAll(keepingCapacity: true)
    changeCount = 0
  }

  /// What was decided on messages from `first` on did not become durable after all.
  mutating func reject(from first: Sequence, _ rejection: LogRejection) {
    for producer in touched {
      for at in completions[producer].indices {
        guard case .success(let answer) = completions[producer][at].result,
          let sequence = answer.sequence, sequence >= first
        else { continue }
        completions[producer][at] = LogCompletion(
          token: completions[producer][at].token, result: .failure(rejection))
      }
    }
    for at in batches.indices {
      guard case .success(.admitted(let admissions)) = batches[at].1,
        admissions.contains(where: { LogAnswer($0).sequence ?? 0 >= first })
      else { continue }
      batches[at].1 = .failure(rejection)
    }
  }

  /// Hands everything but waiting changes over and gives its room free.
  mutating func deliver(to inbox: WriterInbox) {
    if !touched.isEmpty {
      let producers = inbox.producers()
      for producer in touched {
        producers[producer](.completed(completions[producer]))
        // A new array each time: the old one belongs to the receiver now.
        completions[producer] = []
      }
      touched.removeAll(keepingCapacity: true)
    }
    for (reply, result) in batches { reply(result) }
    batches.removeAll(keepingCapacity: true)
    guard releasable != (0, 0, 0) else { return }
    inbox.release(
      messages: releasable.messages, bytes: releasable.bytes, changes: releasable.changes)
    releasable = (0, 0, 0)
  }
}

extension LogAnswer {
  fileprivate var sequence: Sequence? {
    switch self {
    case .stored(let sequence), .duplicate(let sequence): sequence
    case .conflict: nil
    }
  }
}
