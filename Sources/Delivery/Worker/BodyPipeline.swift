import DequeModule

/// A started message with what it needs.
struct Job: Sendable {
  var start: Scheduler.Start
  var message: Message
}

/// The way of a started message to its body, within a budget of memory.
///
/// A pure core. Bodies are read in batches: what was started, and what its destination will start
/// next (kept on a shelf until then). Room for the largest body is reserved before one is read, since
/// its size is only known afterwards.
struct BodyPipeline {
  private let bytesMax: Int
  private let bodyMax: Int
  /// A quarter for what is read ahead: a destination that stops flowing can't block the others.
  private var aheadBytesMax: Int { bytesMax / 4 }
  private static let batchMax = 64

  private struct Reading {
    /// nil = read ahead, nobody waits yet.
    var start: Scheduler.Start?
  }

  /// What a message holds besides its body; an estimate.
  private static let overhead = 1024

  /// Refs to be read, those that are waited for first.
  private var wanted: Deque<MessageRef> = []
  private var ahead: Deque<MessageRef> = []
  /// Being read or to be read; with the start that waits for it.
  private var coming: [MessageRef: Reading] = [:]
  private var shelf: [MessageRef: Message] = [:]
  private var shelfOrder: Deque<MessageRef> = []
  private var jobs: Deque<Job> = []

  private var shelfBytes = 0
  private(set) var bytesInUse = 0

  init(bytesMax: Int, bodyMax: Int) {
    self.bytesMax = bytesMax
    self.bodyMax = max(bodyMax, 0) + Self.overhead
  }

  var jobCount: Int { jobs.count }
  var canFetch: Bool { !(wanted.isEmpty && ahead.isEmpty) && hasRoom }
  /// One is always let in, however small the budget: what lies on the shelf waits for nobody.
  private var hasRoom: Bool {
    bytesInUse == shelfBytes || bytesInUse + bodyMax <= bytesMax
  }

  mutating func want(_ start: Scheduler.Start) {
    if let message = takeFromShelf(start.ref) {
      jobs.append(Job(start: start, message: message))
    } else if coming.updateValue(Reading(start: start), forKey: start.ref) == nil {
      wanted.append(start.ref)
    }
    for ref in start.ahead where coming[ref] == nil && shelf[ref] == nil {
      guard shelfBytes + (ahead.count + 1) * bodyMax <= aheadBytesMax else { break }
      coming[ref] = Reading()
      ahead.append(ref)
    }
  }

  mutating func nextJob() -> Job? { jobs.popFirst() }

  /// References to read now, with room reserved for each; empty when there is nothing or no room.
  mutating func nextFetch() -> [MessageRef] {
    var refs: [MessageRef] = []
    while refs.count < Self.batchMax, hasRoom, let ref = wanted.popFirst() ?? ahead.popFirst() {
      bytesInUse += bodyMax
      refs.append(ref)
    }
    return refs
  }

  /// - Returns: the starts whose message the store can't give.
  mutating func arrived(_ refs: [MessageRef], _ messages: [Message?]) -> [Scheduler.Start] {
    var missing: [Scheduler.Start] = []
    for (at, ref) in refs.enumerated() {
      bytesInUse -= bodyMax
      let start = coming.removeValue(forKey: ref)?.start
      guard at < messages.count, let message = messages[at] else {
        if let start { missing.append(start) }
        continue
      }
      bytesInUse += Self.size(message)
      if let start {
        jobs.append(Job(start: start, message: message))
      } else {
        putOnShelf(ref, message)
      }
    }
    return missing
  }

  /// The store could not answer. - Returns: the starts that waited.
  mutating func failed(_ refs: [MessageRef]) -> [Scheduler.Start] {
    refs.compactMap { ref in
      bytesInUse -= bodyMax
      return coming.removeValue(forKey: ref)?.start
    }
  }

  mutating func finished(_ job: Job) { bytesInUse -= Self.size(job.message) }

  /// No new attempts: what waits here was not begun. What is being read comes back and finds nobody.
  mutating func clear() {
    for job in jobs { bytesInUse -= Self.size(job.message) }
    jobs.removeAll()
    for ref in wanted { coming[ref] = nil }
    wanted.removeAll()
    for ref in ahead { coming[ref] = nil }
    ahead.removeAll()
    for ref in coming.keys { coming[ref] = Reading() }
    while dropOldestFromShelf() {}
  }

  private static func size(_ message: Message) -> Int { message.body.count + overhead }

  private mutating func takeFromShelf(_ ref: MessageRef) -> Message? {
    guard let message = shelf.removeValue(forKey: ref) else { return nil }
    shelfBytes -= Self.size(message)
    if shelfOrder.first == ref { shelfOrder.removeFirst() }
    return message
  }

  private mutating func putOnShelf(_ ref: MessageRef, _ message: Message) {
    shelf[ref] = message
    shelfOrder.append(ref)
    shelfBytes += Self.size(message)
    while shelfBytes > aheadBytesMax, dropOldestFromShelf() {}
    if shelfOrder.count > 2 * shelf.count + 64 { shelfOrder.removeAll { shelf[$0] == nil } }
  }

  private mutating func dropOldestFromShelf() -> Bool {
    guard let ref = shelfOrder.popFirst() else { return false }
    if let message = shelf.removeValue(forKey: ref) {
      shelfBytes -= Self.size(message)
      bytesInUse -= Self.size(message)
    }
    return true
  }
}
