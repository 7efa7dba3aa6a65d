import Delivery
import Synchronization

let b = Origin(normalised: "http://b:8080")
let c = Origin(normalised: "http://c:8080")

func message(
  _ uuid: String, to origin: Origin = b, body: String = "{}",
  start: Message.Start = .atOnce, limits: RetryLimits = RetryLimits()
) -> Message {
  Message(
    uuid: uuid, url: origin.description + "/hook?id=" + uuid, origin: origin, method: "PUT",
    headers: [
      HeaderField(name: "X-Kind", value: "test"), HeaderField(name: "x-KIND", value: "again"),
    ], body: Array(body.utf8), timeoutMs: 1_500, start: start, limits: limits)
}

extension Admission {
  /// The reference of a stored message or of the one that it duplicates.
  var ref: MessageRef? {
    switch self {
    case .stored(let ref), .duplicate(let ref): ref
    case .conflict, .notStored: nil
    }
  }
}

extension MessageStore {
  var grant: LaneGrant { LaneGrant(lane: 0, epoch: 1) }

  /// Stores messages one by one and gives their references.
  func add(_ messages: Message...) async throws -> [MessageRef] {
    var refs: [MessageRef] = []
    for message in messages {
      refs += try await enqueue([message]).compactMap(\.ref)
    }
    return refs
  }

  func finish(
    _ ref: MessageRef, _ kind: Ending.Kind, status: UInt16 = 200, error: String = "",
    attempts: UInt32 = 1
  ) async throws -> [MessageRef] {
    let ending = Ending(
      kind: kind, attempts: attempts, result: AttemptNote(status: status, error: error))
    return try await record([.finish(ref, ending)], under: grant, hurry: true)
  }

  func retry(
    _ ref: MessageRef, attempts: UInt32, delayMs: UInt32, status: UInt16 = 503,
    error: String = "HTTP 503"
  ) async throws -> [MessageRef] {
    let note = AttemptNote(status: status, error: error)
    return try await record(
      [.retry(ref, attempts: attempts, delayMs: delayMs, result: note)], under: grant,
      hurry: true)
  }

  /// Every pending entry of a destination, page by page.
  func walk(_ origin: Origin, limit: Int = 256) async throws -> [PendingEntry] {
    var entries: [PendingEntry] = []
    var cursor: Cursor?
    repeat {
      let page = try await pending(grant, origin: origin, after: cursor, limit: limit)
      entries += page.entries
      cursor = page.next
    } while cursor != nil
    return entries
  }
}

/// Reads events one after the other, however they were grouped.
struct EventReader {
  let store: any MessageStore
  private var waiting: [StoreEvent] = []

  init(_ store: any MessageStore) { self.store = store }

  /// nil when the store is closed.
  mutating func next() async -> StoreEvent? {
    if waiting.isEmpty { waiting = await store.nextEvents() }
    return waiting.isEmpty ? nil : waiting.removeFirst()
  }

  /// The next `count` entries that are announced one by one, and what was left out before them.
  mutating func arrivals(_ count: Int) async -> [PendingEntry] {
    var entries: [PendingEntry] = []
    while entries.count < count, let event = await next() {
      if case .arrived(_, let new) = event { entries += new }
    }
    return entries
  }
}

/// What a port delivers, for one who waits for it.
final class Deliveries: Sendable {
  private struct State {
    var completions: [EnqueueCompletion] = []
    var rooms = 0
    var waiting: [(until: (completions: Int, rooms: Int), CheckedContinuation<Void, Never>)] = []
  }
  private let state = Mutex(State())

  @Sendable func deliver(_ signal: EnqueueSignal) {
    let ready = state.withLock { state in
      switch signal {
      case .completed(let new): state.completions += new
      case .roomAvailable: state.rooms += 1
      }
      let (completions, rooms) = (state.completions.count, state.rooms)
      let ready = state.waiting.filter {
        $0.until.completions <= completions && $0.until.rooms <= rooms
      }
      state.waiting.removeAll { $0.until.completions <= completions && $0.until.rooms <= rooms }
      return ready
    }
    for (_, continuation) in ready { continuation.resume() }
  }

  var count: Int { state.withLock { $0.completions.count } }

  func wait(completions: Int = 0, rooms: Int = 0) async {
    await withCheckedContinuation { continuation in
      let isReady = state.withLock { state in
        if state.completions.count >= completions && state.rooms >= rooms { return true }
        state.waiting.append(((completions, rooms), continuation))
        return false
      }
      if isReady { continuation.resume() }
    }
  }

  /// All that came, in order.
  func all(_ count: Int) async -> [EnqueueCompletion] {
    await wait(completions: count)
    return state.withLock { $0.completions }
  }
}

extension Array {
  /// Elements that a closure is asked for one after the other.
  func asyncMap<T>(_ transform: (Element) async throws -> T) async rethrows -> [T] {
    var results: [T] = []
    for element in self { results.append(try await transform(element)) }
    return results
  }
}
