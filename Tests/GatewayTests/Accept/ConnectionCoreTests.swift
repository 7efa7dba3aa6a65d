import NIOCore
import Testing

@testable import Gateway

@Suite("The connection's core")
struct ConnectionCoreTests {
  private let limits = ConnectionLimits()

  private func core(at seconds: Int64 = 0, bodyMax: Int = 1000) -> ConnectionCore {
    ConnectionCore(limits: limits, bodyMax: bodyMax, now: time(seconds))
  }

  private func time(_ seconds: Int64) -> NIODeadline {
    .uptimeNanoseconds(1_000_000_000_000) + .seconds(seconds)
  }

  private func feed(_ core: inout ConnectionCore, _ text: String, at seconds: Int64) {
    var bytes = ByteBuffer(string: text)
    core.receive(&bytes, now: time(seconds))
  }

  private func word(_ step: ConnectionCore.Step) -> String {
    switch step {
    case .wait: "wait"
    case .sayContinue: "continue"
    case .judge(let head): "judge \(head.target)"
    case .serve(let head, let body): "serve \(head.target) \(String(buffer: body))"
    case .refuse(let problem, _): "refuse \(problem.status)"
    case .close: "close"
    }
  }

  @Test("a later request is not looked at before the earlier one is answered")
  func oneAtATime() {
    var core = core()
    feed(&core, get("/a") + get("/b"), at: 0)
    #expect(word(core.step(now: time(0))) == "serve /a ")
    #expect(word(core.step(now: time(0))) == "wait")
    #expect(core.isBusy)
    core.answered(keepAlive: true, now: time(1))
    #expect(word(core.step(now: time(1))) == "serve /b ")
    core.answered(keepAlive: true, now: time(1))
    #expect(word(core.step(now: time(1))) == "wait")
    #expect(!core.isBusy)
  }

  @Test("after an answer that closes, later requests are dropped until the client has closed")
  func lingers() {
    var core = core()
    feed(&core, get("/a") + get("/b"), at: 0)
    _ = core.step(now: time(0))
    core.answered(keepAlive: false, now: time(1))
    #expect(word(core.step(now: time(1))) == "wait")
    #expect(core.isLingering)
    core.outputClosed(now: time(1))
    feed(&core, get("/c"), at: 1)
    #expect(word(core.step(now: time(1))) == "wait")
    core.inputClosed()
    #expect(word(core.step(now: time(1))) == "close")
  }

  @Test("the client's end of sending is heard after its requests were answered")
  func halfClose() {
    var core = core()
    feed(&core, get("/a") + get("/b"), at: 0)
    core.inputClosed()
    #expect(word(core.step(now: time(0))) == "serve /a ")
    core.answered(keepAlive: true, now: time(0))
    #expect(word(core.step(now: time(0))) == "serve /b ")
    core.answered(keepAlive: true, now: time(0))
    #expect(word(core.step(now: time(0))) == "wait")
    #expect(core.isLingering)
    core.outputClosed(now: time(0))
    #expect(word(core.step(now: time(0))) == "close")
  }

  @Test("100 Continue is said once, and not to a client that sends its body anyway")
  func expectation() {
    let head = "POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"
    var waiting = core()
    feed(&waiting, head, at: 0)
    #expect(word(waiting.step(now: time(0))) == "judge /")
    #expect(word(waiting.step(now: time(0))) == "continue")
    #expect(word(waiting.step(now: time(0))) == "wait")
    feed(&waiting, "ab", at: 0)
    #expect(word(waiting.step(now: time(0))) == "serve / ab")
    var hasty = core()
    feed(&hasty, head + "ab", at: 0)
    #expect(word(hasty.step(now: time(0))) == "serve / ab")
    var tooLong = core(bodyMax: 1)
    feed(&tooLong, head, at: 0)
    #expect(word(tooLong.step(now: time(0))) == "refuse 413")
  }

  @Test("a head is judged once, when its body has not come whole, and then nothing more is read")
  func judging() {
    let head = "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\n"
    var core = core()
    feed(&core, head + "ab", at: 0)
    #expect(word(core.step(now: time(0))) == "judge /a")
    #expect(word(core.step(now: time(0))) == "wait")
    var wanted = core
    feed(&wanted, "cd" + head, at: 1)
    #expect(word(wanted.step(now: time(1))) == "serve /a abcd")
    wanted.answered(keepAlive: true, now: time(1))
    #expect(word(wanted.step(now: time(1))) == "judge /a")
    core.turnedAway()
    #expect(core.isLingering)
    feed(&core, "cd" + head, at: 1)
    #expect(word(core.step(now: time(1))) == "wait")
    #expect(core.unfinishedBytes == 0)
  }

  @Test("an idle connection has the idle timeout, then it is closed without a word")
  func idle() {
    var core = core(at: 5)
    #expect(core.deadline == time(80))
    #expect(word(core.expire(now: time(79))) == "wait")
    #expect(word(core.expire(now: time(80))) == "close")
  }

  @Test("the head's time runs from its first byte, however the rest drips")
  func headTimeout() {
    var core = core()
    feed(&core, "GET / HT", at: 30)
    #expect(word(core.step(now: time(30))) == "wait")
    for second in Int64(31)..<40 {
      feed(&core, "T", at: second)
      _ = core.step(now: time(second))
    }
    #expect(core.deadline == time(40))
    #expect(word(core.expire(now: time(40))) == "refuse 408")
  }

  private func core(withBodyOf length: Int, at seconds: Int64) -> ConnectionCore {
    var core = core(at: seconds, bodyMax: 10_000_000)
    feed(
      &core, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: \(length)\r\n\r\n", at: seconds)
    #expect(word(core.step(now: time(seconds))) == "judge /")
    return core
  }

  @Test("a body's deadline moves with each piece, and silence ends it")
  func bodyProgress() {
    var core = core(withBodyOf: 100, at: 2)
    #expect(core.deadline == time(32))
    for second in [31, 60, 89] as [Int64] {
      feed(&core, "b", at: second)
      #expect(word(core.step(now: time(second))) == "wait")
      #expect(core.deadline == time(second + 30))
    }
    #expect(word(core.expire(now: time(118))) == "wait")
    #expect(word(core.expire(now: time(119))) == "refuse 408")
  }

  @Test("however steadily a body drips, it has two minutes and a second for each KiB")
  func bodyTotal() {
    var dripping = core(withBodyOf: 1_000_000, at: 0)
    for second in Int64(1)..<120 {
      feed(&dripping, "b", at: second)
      _ = dripping.step(now: time(second))
    }
    #expect(dripping.deadline == time(120))
    #expect(word(dripping.expire(now: time(120))) == "refuse 408")

    var slow = core(withBodyOf: 1_000_000, at: 0)
    for second in Int64(1)..<240 {
      feed(&slow, String(repeating: "b", count: 1024), at: second)
      _ = slow.step(now: time(second))
    }
    #expect(slow.deadline == time(269))
  }

  @Test("time without room is not counted as the client's silence")
  func blockedProgress() {
    var core = core(withBodyOf: 100, at: 0)
    core.block(now: time(29))
    core.unblock(now: time(33))
    #expect(core.deadline == time(63))
    core.unblock(now: time(40))
    #expect(core.deadline == time(63))
  }

  @Test("at the end of a shutdown only unfinished requests are given up")
  func giveUp() {
    var core = core(withBodyOf: 100, at: 0)
    #expect(word(core.giveUp(EnqueueRules.draining)) == "refuse 503")
    #expect(core.isLingering)
    var answering = self.core()
    feed(&answering, get("/a"), at: 0)
    _ = answering.step(now: time(0))
    #expect(word(answering.giveUp(EnqueueRules.draining)) == "wait")
    #expect(answering.isBusy)
  }

  @Test("an awaited answer has no deadline; the time of the next request begins after it")
  func answering() {
    var core = core()
    feed(&core, get("/a") + "GET /b", at: 0)
    _ = core.step(now: time(0))
    #expect(core.deadline == nil)
    core.answered(keepAlive: true, now: time(100))
    _ = core.step(now: time(100))
    #expect(core.deadline == time(110))
  }

  @Test("while an answer is awaited a bounded number of later bytes is read")
  func heldBack() {
    var core = core()
    feed(&core, get("/a"), at: 0)
    _ = core.step(now: time(0))
    #expect(core.wantsBytes)
    feed(&core, String(repeating: "x", count: ConnectionCore.heldBackMax), at: 0)
    #expect(!core.wantsBytes)
  }

  @Test("a body that finds no room is not read on, and given up after the time for it")
  func noRoom() {
    var core = core()
    feed(&core, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\nabc", at: 0)
    #expect(word(core.step(now: time(0))) == "judge /")
    // Not the three bytes: what they and their head stand in.
    #expect(core.unfinishedBytes >= 3)
    core.block(now: time(1))
    core.block(now: time(2))
    #expect(!core.wantsBytes)
    #expect(core.deadline == time(6))
    var unblocked = core
    unblocked.unblock(now: time(1))
    #expect(unblocked.wantsBytes)
    #expect(word(core.expire(now: time(6))) == "refuse 503")
    #expect(core.unfinishedBytes == 0)
  }

  @Test("a large head that finds no room is not read on, and given up after the time for it")
  func noRoomForHead() {
    var core = core()
    feed(&core, "GET /a HTTP/1.1\r\nHost: h\r\nX: ", at: 0)
    feed(&core, String(repeating: "x", count: ConnectionCore.smallHead), at: 0)
    #expect(word(core.step(now: time(0))) == "wait")
    #expect(core.unfinishedBytes >= 29)
    core.block(now: time(1))
    #expect(!core.wantsBytes)
    #expect(core.deadline == time(6))
    var unblocked = core
    unblocked.unblock(now: time(1))
    #expect(unblocked.deadline == time(10))
    feed(&unblocked, "\r\nContent-Length: 5\r\n\r\nabc", at: 2)
    unblocked.block(now: time(2))
    #expect(word(unblocked.step(now: time(2))) == "judge /a")
    // Room for its head is not what the body waits for.
    #expect(unblocked.wantsBytes)
    #expect(unblocked.unfinishedBytes >= 3)
    #expect(word(core.expire(now: time(6))) == "refuse 503")
    #expect(core.unfinishedBytes == 0)
  }

  @Test("what is held is counted as it is held, and a large buffer is not kept for a few bytes")
  func heldMemory() {
    func large(_ text: String) -> ByteBuffer {
      var buffer = ByteBufferAllocator().buffer(capacity: 65_536)
      buffer.writeString(text)
      return buffer
    }
    var core = core(bodyMax: 1_000_000)
    var piece = large("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 200000\r\n\r\n")
    core.receive(&piece, now: time(0))
    #expect(word(core.step(now: time(0))) == "judge /")
    #expect(core.unfinishedBytes >= 65_536)
    #expect(core.isLarge)
    #expect(word(core.step(now: time(0))) == "wait")
    #expect((1...1024).contains(core.unfinishedBytes))
    feed(&core, String(repeating: "b", count: 100_000), at: 0)
    _ = core.step(now: time(0))
    // Buffers grow by doubling.
    #expect(core.unfinishedBytes >= 131_072)

    var answering = self.core()
    feed(&answering, get("/a") + get("/b"), at: 0)
    _ = answering.step(now: time(0))
    #expect(answering.unfinishedBytes == 0)
    feed(&answering, String(repeating: "x", count: 60_000), at: 0)
    #expect(answering.unfinishedBytes >= 55_000)
    #expect(word(answering.giveUp(EnqueueRules.paysForOthers)) == "wait")
    #expect(answering.unfinishedBytes == 0)
    answering.answered(keepAlive: true, now: time(0))
    #expect(answering.isLingering)
  }

  @Test("a connection is idle from what it did last, unless an answer is awaited")
  func idleSince() {
    var core = core(at: 1)
    #expect(core.idleSince == time(1))
    feed(&core, "POST /a HT", at: 2)
    _ = core.step(now: time(2))
    #expect(core.idleSince == time(2))
    feed(&core, "TP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\na", at: 3)
    _ = core.step(now: time(3))
    feed(&core, "b", at: 4)
    _ = core.step(now: time(4))
    #expect(core.idleSince == time(4))
    feed(&core, "c", at: 5)
    _ = core.step(now: time(5))
    #expect(core.idleSince == nil)
    core.answered(keepAlive: true, now: time(6))
    #expect(core.idleSince == time(6))
  }

  @Test("empty lines alone don't keep a connection")
  func emptyLines() {
    var core = core()
    for second in Int64(0)..<8 {
      feed(&core, "\r\n", at: second)
      #expect(word(core.step(now: time(second))) == "wait")
    }
    var served = core
    feed(&served, get("/a"), at: 8)
    #expect(word(served.step(now: time(8))) == "serve /a ")
    served.answered(keepAlive: true, now: time(8))
    feed(&served, "\r\n" + get("/b"), at: 8)
    #expect(word(served.step(now: time(8))) == "serve /b ")
    feed(&core, "\r\n", at: 8)
    #expect(word(core.step(now: time(8))) == "refuse 400")
  }

  @Test("a client that takes no answers is served no further, and closed in the end")
  func unwritable() {
    var core = core()
    feed(&core, get("/a") + get("/b"), at: 0)
    _ = core.step(now: time(0))
    core.setWritable(false, now: time(1))
    core.answered(keepAlive: true, now: time(1))
    #expect(word(core.step(now: time(1))) == "wait")
    #expect(core.deadline == time(31))
    var relieved = core
    relieved.setWritable(true, now: time(2))
    #expect(word(relieved.step(now: time(2))) == "serve /b ")
    #expect(word(core.expire(now: time(31))) == "close")
  }

  @Test("a refused client is read for a while and a bounded number of bytes")
  func lingerLimits() {
    var core = core()
    feed(&core, "nonsense\r\n\r\n", at: 0)
    #expect(word(core.step(now: time(0))) == "refuse 400")
    // Until the answer is out, its time counts.
    #expect(core.deadline == time(30))
    core.outputClosed(now: time(1))
    #expect(core.deadline == time(3))
    var chatty = core
    let piece = String(repeating: "x", count: 1 << 20)
    for _ in 0...32 { feed(&chatty, piece, at: 1) }
    #expect(word(chatty.step(now: time(1))) == "close")
    #expect(word(core.expire(now: time(3))) == "close")
  }
}
