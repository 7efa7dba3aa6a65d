/// The frame that is being gathered: decided, not durable, not applied.
struct Staging {
  struct Message {
    var key: UUIDKey
    var contentHash: UInt64
    var destination: UInt32
    var payloadLength: Int
  }
  struct Attempt {
    var record: DirectoryAttempt
    var hasNote: Bool
  }
  struct Outcome {
    var record: DirectoryOutcome
    var hasNote: Bool
  }

  private(set) var messages: [Message] = []
  private(set) var attempts: [Attempt] = []
  private(set) var outcomes: [Outcome] = []
  private(set) var controls: [ControlRecord] = []
  /// Comes into force with the frame.
  private(set) var compaction: CompactionOutput?
  /// Each of them once; each is held in the destination table until the frame is done.
  private(set) var destinations: [UInt32] = []
  private var used: Set<UInt32> = []
  /// Those the encoder was told of.
  var defined: Set<UInt32> = []
  private var byKey: [UUIDKey: Int] = [:]
  private var attemptCounts: [Sequence: UInt32] = [:]
  private var ended: Set<Sequence> = []

  var isEmpty: Bool {
    messages.isEmpty && attempts.isEmpty && outcomes.isEmpty && controls.isEmpty
      && compaction == nil
  }
  var changeCount: Int {
    attempts.count + outcomes.count + controls.count + (compaction == nil ? 0 : 1)
  }

  /// The message with this key among the staged: its index and content.
  func twin(_ key: UUIDKey) -> (index: Int, contentHash: UInt64)? {
    byKey[key].map { ($0, messages[$0].contentHash) }
  }

  func attempts(of sequence: Sequence) -> UInt32? { attemptCounts[sequence] }
  func ends(_ sequence: Sequence) -> Bool { ended.contains(sequence) }
  func uses(_ destination: UInt32) -> Bool {
    destinations.last == destination || used.contains(destination)
  }

  mutating func append(_ message: Message) {
    byKey[message.key] = messages.count
    messages.append(message)
  }

  mutating func append(destination: UInt32) {
    destinations.append(destination)
    used.insert(destination)
  }

  mutating func append(_ attempt: Attempt) {
    attemptCounts[attempt.record.sequence] = attempt.record.count
    attempts.append(attempt)
  }

  mutating func append(_ outcome: Outcome) {
    ended.insert(outcome.record.sequence)
    outcomes.append(outcome)
  }

  mutating func append(_ control: ControlRecord) { controls.append(control) }
  mutating func append(_ output: CompactionOutput) { compaction = output }

  mutating func removeAll() {
    messages.removeAll(keepingCapacity: true)
    attempts.removeAll(keepingCapacity: true)
    outcomes.removeAll(keepingCapacity: true)
    controls.removeAll(keepingCapacity: true)
    compaction = nil
    destinations.removeAll(keepingCapacity: true)
    used.removeAll(keepingCapacity: true)
    defined.removeAll(keepingCapacity: true)
    byKey.removeAll(keepingCapacity: true)
    attemptCounts.removeAll(keepingCapacity: true)
    ended.removeAll(keepingCapacity: true)
  }
}
