import Testing

@testable import SegmentLog

@Suite("What waits for the writer")
struct WriteQueueTests {
  private static func record(_ size: Int = 100) -> NewRecord {
    NewRecord(
      uuid: Array("u".utf8), key: UUIDKey(high: 0, low: 0), contentHash: 0, destination: "http://b",
      payload: [UInt8](repeating: 1, count: size))
  }

  private static func queue(messages: Int = 4, bytes: Int = 1 << 20) -> WriteQueue {
    var limits = WriteQueue.Limits()
    limits.messages = messages
    limits.bytes = bytes
    limits.changes = 4
    limits.questions = 2
    return WriteQueue(limits: limits)
  }

  @Test("a sleeping writer is woken once, by the first one")
  func wakes() {
    var queue = Self.queue()
    var requests: [WriteQueue.Request] = []
    #expect(!queue.offer(Self.record(), token: 1, producer: 0).mustWake)
    #expect(queue.drain(into: &requests, elseSleep: true))
    #expect(!queue.offer(Self.record(), token: 2, producer: 0).mustWake, "the writer is at work")
    requests.removeAll()
    #expect(queue.drain(into: &requests, elseSleep: true))
    requests.removeAll()
    #expect(!queue.drain(into: &requests, elseSleep: true))
    #expect(queue.offer(Self.record(), token: 3, producer: 0).mustWake)
    #expect(!queue.offer(Self.record(), token: 4, producer: 0).mustWake)
  }

  @Test("a writer that looks without sleeping is not woken")
  func looks() {
    var queue = Self.queue()
    var requests: [WriteQueue.Request] = []
    #expect(!queue.drain(into: &requests, elseSleep: false))
    #expect(!queue.offer(Self.record(), token: 1, producer: 0).mustWake)
  }

  @Test("messages count until they are answered, and room is told at the half")
  func hysteresis() {
    var queue = Self.queue(messages: 4)
    var requests: [WriteQueue.Request] = []
    for token in 0..<4 as Range<UInt64> {
      #expect(queue.offer(Self.record(), token: token, producer: 7).0 == .accepted)
    }
    #expect(queue.drain(into: &requests, elseSleep: true))
    #expect(requests.count == 4)
    #expect(queue.offer(Self.record(), token: 4, producer: 7).0 == .full)
    #expect(queue.offer(Self.record(), token: 4, producer: 3).0 == .full)
    let size = Self.record().waitingBytes
    #expect(queue.release(messages: 1, bytes: size, changes: 0) == [])
    #expect(queue.offer(Self.record(), token: 5, producer: 1).0 == .accepted)
    #expect(queue.release(messages: 2, bytes: 2 * size, changes: 0) == [3, 7])
    #expect(queue.release(messages: 1, bytes: size, changes: 0) == [], "told once")
    #expect(queue.messages == 1 && queue.bytes == size)
  }

  @Test("bytes are a limit of their own, and one large message is taken when nothing waits")
  func bytes() {
    var queue = Self.queue(messages: 100, bytes: 1_000)
    #expect(queue.offer(Self.record(5_000), token: 0, producer: 0).0 == .accepted)
    #expect(queue.offer(Self.record(1), token: 1, producer: 0).0 == .full)
    let size = Self.record(5_000).waitingBytes
    #expect(queue.release(messages: 1, bytes: size, changes: 0) == [0])
    #expect(queue.offer([Self.record(500), Self.record(5_000)]) { _ in }.0 == .accepted)
    #expect(queue.offer([Self.record(1)]) { _ in }.0 == .full)
  }

  @Test("changes and questions have limits of their own")
  func others() {
    var queue = Self.queue()
    var requests: [WriteQueue.Request] = []
    let change = StateChange.attempt(
      AttemptRecord(sequence: 1, count: 1, delayMs: 1, status: 500))
    #expect(queue.offer([change, change, change], hurry: false) { _ in }.0 == .accepted)
    #expect(queue.offer([change, change], hurry: true) { _ in }.0 == .full)
    #expect(queue.release(messages: 0, bytes: 0, changes: 3) == [])
    #expect(queue.offer([change, change], hurry: true) { _ in }.0 == .accepted)
    let question = WriteQueue.Question(run: { _ in }, refuse: { _ in })
    #expect(queue.offer(question).0 == .accepted)
    #expect(queue.offer(question).0 == .accepted)
    #expect(queue.offer(question).0 == .full)
    #expect(queue.drain(into: &requests, elseSleep: true))
    #expect(queue.offer(question).0 == .accepted)
  }

  @Test("after close nothing is taken, and what was taken comes before it")
  func closing() {
    var queue = Self.queue()
    var requests: [WriteQueue.Request] = []
    _ = queue.offer(Self.record(), token: 0, producer: 0)
    #expect(queue.close(because: "closed").isFirst)
    #expect(!queue.close(because: "again").isFirst)
    #expect(
      queue.offer(Self.record(), token: 1, producer: 0).0 == .rejected(.unavailable("closed")))
    #expect(queue.drain(into: &requests, elseSleep: true))
    #expect(requests.count == 2)
    guard case .message = requests[0], case .close = requests[1] else {
      Issue.record("the message must come before the close")
      return
    }
  }
}
