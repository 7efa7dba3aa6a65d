/// What waits for the writer, and the rule for when it is full. Pure: the lock and the thread are
/// around it.
///
/// A message counts from its submission until its answer was handed over, so that the limits hold
/// for what is in the frame being synced, too.
struct WriteQueue {
  /// How much may wait.
  struct Limits: Sendable {
    var messages = 8_192
    /// Payloads and what goes with them, bytes.
    var bytes = 64 << 20
    /// Outcomes and attempts.
    var changes = 65_536
    /// Questions to the core.
    var questions = 4_096
  }

  enum Request: Sendable {
    case message(NewRecord, token: UInt64, producer: Int)
    case batch([NewRecord], BatchReply)
    case changes([StateChange], hurry: Bool, ChangesReply)
    case question(Question)
    case prepared(PreparationResult)
    case checkpointed(CheckpointResult)
    case compacted(CompactionResult)
    case verified(VerificationResult, isUrgent: Bool)
    /// Files in which a reader could not read something.
    case suspected([String])
    /// A compaction whose report is given when it is done.
    case compact(CompactionReply)
    case close
  }

  typealias BatchReply = @Sendable (Result<BatchAnswer, LogRejection>) -> Void
  typealias CompactionReply = @Sendable (Result<CompactionReport, LogRejection>) -> Void
  /// Indices of the changes that were refused.
  typealias ChangesReply = @Sendable (Result<[Int], LogRejection>) -> Void

  /// Something for the core, on the writer's thread. `refuse` instead of `run` when it can't be asked.
  struct Question: Sendable {
    var run: @Sendable (LogCore) throws(LogFailure) -> Void
    var refuse: @Sendable (LogRejection) -> Void
  }

  private let limits: Limits
  private var requests: [Request] = []
  private(set) var messages = 0
  private(set) var bytes = 0
  private var changes = 0
  private var questions = 0
  /// Producers that were told `full` and not yet `roomAvailable`.
  private var refused: Set<Int> = []
  /// The writer found nothing to do and waits to be woken.
  private var isSleeping = false
  /// Set when nothing new is taken any more.
  private(set) var closedBecause: String?

  init(limits: Limits) { self.limits = limits }

  /// The offer, and whether the writer must be woken.
  mutating func offer(
    _ record: NewRecord, token: UInt64, producer: Int
  ) -> (LogOffer, mustWake: Bool) {
    if let rejection = rejection { return (.rejected(rejection), false) }
    let size = record.waitingBytes
    guard hasRoom(messages: 1, bytes: size) else {
      refused.insert(producer)
      return (.full, false)
    }
    messages += 1
    bytes += size
    return (.accepted, append(.message(record, token: token, producer: producer)))
  }

  mutating func offer(
    _ batch: [NewRecord], _ reply: @escaping BatchReply
  ) -> (LogOffer, mustWake: Bool) {
    if let rejection = rejection { return (.rejected(rejection), false) }
    let size = batch.reduce(0) { $0 + $1.waitingBytes }
    guard hasRoom(messages: batch.count, bytes: size) else { return (.full, false) }
    messages += batch.count
    bytes += size
    return (.accepted, append(.batch(batch, reply)))
  }

  mutating func offer(
    _ new: [StateChange], hurry: Bool, _ reply: @escaping ChangesReply
  ) -> (LogOffer, mustWake: Bool) {
    if let rejection = rejection { return (.rejected(rejection), false) }
    guard changes == 0 || changes + new.count <= limits.changes else { return (.full, false) }
    changes += new.count
    return (.accepted, append(.changes(new, hurry: hurry, reply)))
  }

  mutating func offer(_ question: Question) -> (LogOffer, mustWake: Bool) {
    if let rejection = rejection { return (.rejected(rejection), false) }
    guard questions < limits.questions else { return (.full, false) }
    questions += 1
    return (.accepted, append(.question(question)))
  }

  mutating func offer(_ reply: @escaping CompactionReply) -> (LogOffer, mustWake: Bool) {
    if let rejection = rejection { return (.rejected(rejection), false) }
    guard questions < limits.questions else { return (.full, false) }
    questions += 1
    return (.accepted, append(.compact(reply)))
  }

  /// From the log's own maintenance, at most one at a time; whether the writer must be woken.
  mutating func prepared(_ result: PreparationResult) -> Bool { append(.prepared(result)) }
  mutating func checkpointed(_ result: CheckpointResult) -> Bool { append(.checkpointed(result)) }
  mutating func compacted(_ result: CompactionResult) -> Bool { append(.compacted(result)) }
  mutating func verified(_ result: VerificationResult, isUrgent: Bool) -> Bool {
    append(.verified(result, isUrgent: isUrgent))
  }
  /// One for each job of the reader, of which there is a limit.
  mutating func suspected(_ files: [String]) -> Bool { append(.suspected(files)) }

  /// Everything that was taken before is still done. False: it was closed before.
  mutating func close(because reason: String) -> (isFirst: Bool, mustWake: Bool) {
    guard closedBecause == nil else { return (false, false) }
    closedBecause = reason
    return (true, append(.close))
  }

  /// For the writer: what waits, swapped for the emptied array of last time. When that is nothing,
  /// it is false, and the writer counts as asleep where it says that it would be.
  mutating func drain(into empty: inout [Request], elseSleep: Bool) -> Bool {
    questions = 0
    swap(&requests, &empty)
    isSleeping = empty.isEmpty && elseSleep
    return !empty.isEmpty
  }

  /// After the answers went out; returns the producers to tell that there is room. Half of the room
  /// must be free, so that a producer isn't woken for every single message.
  mutating func release(messages count: Int, bytes size: Int, changes changed: Int) -> [Int] {
    messages -= count
    bytes -= size
    changes -= changed
    guard !refused.isEmpty, messages <= limits.messages / 2, bytes <= limits.bytes / 2 else {
      return []
    }
    defer { refused = [] }
    return refused.sorted()
  }

  /// After a failure: everything that waits, and nothing more is taken.
  mutating func fail(because reason: String) -> [Request] {
    closedBecause = reason
    defer { requests = [] }
    return requests
  }

  private var rejection: LogRejection? { closedBecause.map { .unavailable($0) } }

  /// One thing is taken however large it is when nothing else waits: else it would never be.
  private func hasRoom(messages count: Int, bytes size: Int) -> Bool {
    messages == 0 || (messages + count <= limits.messages && bytes + size <= limits.bytes)
  }

  /// Whether the writer must be woken.
  private mutating func append(_ request: Request) -> Bool {
    requests.append(request)
    defer { isSleeping = false }
    return isSleeping
  }
}

extension NewRecord {
  /// Roughly what a waiting message takes in memory.
  var waitingBytes: Int { payload.count + uuid.count + MemoryLayout<NewRecord>.size }
}
