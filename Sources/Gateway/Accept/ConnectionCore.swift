import NIOCore

/// One connection's HTTP: which request is read, whose answer is awaited, what may be read next and
/// until when. Pure: bytes, answers and the time go in, steps come out.
///
/// One request at a time: the bytes of later ones are held back, unread, until the answer of the
/// earlier one was written to its end. So answers keep the order of their requests whoever makes
/// them.
package struct ConnectionCore: Sendable {
  package enum Step: Sendable {
    /// Nothing to do before bytes, an answer, room or a deadline.
    case wait
    case sayContinue
    /// The body has not come whole: say now whether it is wanted at all (`turnedAway`), before the
    /// client is invited to send it and before anything is held for it.
    case judge(RequestHead)
    /// A whole request: exactly one `answered` must follow.
    case serve(RequestHead, body: ByteBuffer)
    /// Answer this and close: what follows on this connection can't be understood or isn't wanted.
    case refuse(Problem, head: RequestHead?)
    case close
  }

  private enum Phase: Sendable {
    case head
    case body
    case answering
    /// The last answer was given. Once it is on its way to the last byte, what still comes is
    /// dropped until the client closes.
    case lingering(dropped: Int, flushed: Bool)
    case closed
  }

  /// Bytes of later requests that are held while an answer is awaited.
  package static let heldBackMax = 64 << 10
  /// Bytes of an unfinished head that are no matter; nearly every head is smaller.
  package static let smallHead = 4 << 10
  /// Bytes of a refused request that are read and dropped.
  package static let lingerMax = 32 << 20

  private let limits: ConnectionLimits
  private let bodyMax: Int
  private var parser = HeadParser()
  private var phase = Phase.head
  private var input = ByteBuffer()
  // The request whose body is gathered. Not in the phase: taking it out of an enum for a moment
  // makes a second reference to the bytes, and appending to them would copy them all.
  private var head: RequestHead?
  private var gatherer: BodyGatherer?
  private var since: NIODeadline
  // Of the body that is being gathered: when bytes came last, and how many did in all.
  private var progressAt: NIODeadline
  private var bodyBytes = 0
  private var inputEnded = false
  /// Bytes behind the request that is being answered were dropped.
  private var isCutOff = false
  private var isJudged = false
  private var bodyHasBegun = false
  private var saidContinue = false
  private var blockedSince: NIODeadline?
  private var unwritableSince: NIODeadline?

  /// - Parameter bodyMax: bytes of a request's body; beyond it the answer is 413.
  package init(limits: ConnectionLimits, bodyMax: Int, now: NIODeadline) {
    self.limits = limits
    self.bodyMax = bodyMax
    since = now
    progressAt = now
  }

  // MARK: What happens

  package mutating func receive(_ bytes: inout ByteBuffer, now: NIODeadline) {
    switch phase {
    case .lingering(let dropped, let flushed):
      phase = .lingering(dropped: dropped + bytes.readableBytes, flushed: flushed)
    case .closed:
      break
    case .head:
      if input.readableBytes == 0 { since = now }
      append(&bytes)
    case .body:
      progressAt = now
      bodyBytes += bytes.readableBytes
      append(&bytes)
    case .answering:
      append(&bytes)
    }
  }

  /// The client will send nothing more; what it sent is still answered.
  package mutating func inputClosed() { inputEnded = true }

  /// The answer to the request that was served has been written to its end.
  package mutating func answered(keepAlive: Bool, now: NIODeadline) {
    guard case .answering = phase else { return }
    since = now
    blockedSince = nil
    phase = keepAlive && !isCutOff ? .head : .lingering(dropped: 0, flushed: false)
  }

  /// The request is answered though its body was not read, and nothing more is read here.
  package mutating func turnedAway() {
    guard case .body = phase else { return }
    dropRequest()
  }

  /// Everything that was written has left, and the sending side is shut down.
  package mutating func outputClosed(now: NIODeadline) {
    guard case .lingering(let dropped, _) = phase else { return }
    since = now
    phase = .lingering(dropped: dropped, flushed: true)
  }

  /// The request, or the message made of it, found no room. Nothing is read until there is some.
  package mutating func block(now: NIODeadline) {
    if blockedSince == nil { blockedSince = now }
  }

  /// There is room. What the client could not send meanwhile is not its fault.
  package mutating func unblock(now: NIODeadline) {
    guard blockedSince != nil else { return }
    blockedSince = nil
    progressAt = now
  }

  /// Who has not sent all of its request is waited for no longer; what is held of later ones is
  /// dropped.
  package mutating func giveUp(_ problem: Problem) -> Step {
    switch phase {
    case .body: return refuse(problem, head)
    case .head where input.readableBytes > 0: return refuse(problem, nil)
    case .answering:
      if input.readableBytes > 0 {
        input = ByteBuffer()
        isCutOff = true
      }
      return .wait
    case .head, .lingering, .closed: return .wait
    }
  }

  package mutating func setWritable(_ isWritable: Bool, now: NIODeadline) {
    unwritableSince = isWritable ? nil : unwritableSince ?? now
  }

  // MARK: What to do

  package mutating func step(now: NIODeadline) -> Step {
    switch phase {
    case .head:
      // A client that sends and sends but reads no answer is waited for.
      guard unwritableSince == nil else { return .wait }
      return readHead(now: now)
    case .body:
      guard blockedSince == nil else { return .wait }
      return gather()
    case .answering:
      return .wait
    case .lingering(let dropped, let flushed):
      guard flushed, inputEnded || dropped > Self.lingerMax else { return .wait }
      phase = .closed
      return .close
    case .closed:
      return .wait
    }
  }

  /// What is to be done because a deadline has passed.
  package mutating func expire(now: NIODeadline) -> Step {
    guard let deadline, deadline <= now else { return .wait }
    if let unwritableSince, unwritableSince + limits.writeTimeout.timeAmount <= now {
      phase = .closed
      return .close
    }
    switch phase {
    case .head where blockedSince != nil, .body where blockedSince != nil:
      let problem = Problem(.overloaded, "Too much is being received at once.", retryAfter: 1)
      return refuse(problem, head)
    case .head where input.readableBytes > 0:
      return refuse(
        Problem(.requestTimeout, "The head of the request did not arrive in time."), nil)
    case .body:
      return refuse(Problem(.requestTimeout, "The body did not arrive in time."), head)
    case .head, .lingering:
      phase = .closed
      return .close
    case .answering, .closed:
      return .wait
    }
  }

  // MARK: Where it stands

  package var deadline: NIODeadline? {
    let write = unwritableSince.map { $0 + limits.writeTimeout.timeAmount }
    guard let own = ownDeadline else { return write }
    return write.map { min($0, own) } ?? own
  }

  private var ownDeadline: NIODeadline? {
    switch phase {
    // While answers are not taken, requests are not looked at: only the write deadline counts.
    case .head where unwritableSince != nil: nil
    case .head where input.readableBytes == 0: since + limits.idleTimeout.timeAmount
    case .head:
      blockedSince.map { $0 + limits.roomTimeout.timeAmount }
        ?? since + limits.headTimeout.timeAmount
    case .body:
      blockedSince.map { $0 + limits.roomTimeout.timeAmount }
        ?? min(progressAt + limits.bodyTimeout.timeAmount, bodyEnd)
    case .lingering(_, let flushed):
      since + (flushed ? limits.lingerTimeout : limits.writeTimeout).timeAmount
    case .answering, .closed: nil
    }
  }

  /// However steadily it comes, a body has its time by its size.
  private var bodyEnd: NIODeadline {
    since + limits.bodyTotalTimeout.timeAmount
      + .seconds(Int64(bodyBytes / max(1, limits.bodyBytesPerSecond)))
  }

  /// Whether the socket should be read.
  package var wantsBytes: Bool {
    guard blockedSince == nil, !inputEnded else { return false }
    switch phase {
    case .head: return unwritableSince == nil || input.readableBytes < Self.heldBackMax
    case .body, .lingering: return true
    case .answering: return input.readableBytes < Self.heldBackMax
    case .closed: return false
    }
  }

  /// Bytes of memory that unfinished requests hold, but for what is small: buffers as large as they
  /// are, whatever stands in them.
  package var unfinishedBytes: Int {
    switch phase {
    case .head, .answering: max(0, input.storageCapacity - Self.smallHead)
    case .body:
      (head?.bytes.storageCapacity ?? 0) + input.storageCapacity
        + (gatherer?.gathered.storageCapacity ?? 0)
    case .lingering, .closed: 0
    }
  }

  /// The request that is being read says that it is large, or has shown it.
  package var isLarge: Bool {
    guard case .body = phase, let head else { return false }
    if case .fixed(let length) = head.bodyLength { return length > ReceiveBudget.smallMax }
    return (gatherer?.gathered.readableBytes ?? 0) > ReceiveBudget.smallMax
  }

  /// Since when nothing has come though something might; nil while an answer is awaited.
  package var idleSince: NIODeadline? {
    switch phase {
    case .head, .lingering: since
    case .body: progressAt
    case .answering, .closed: nil
    }
  }

  /// A request has begun (its head is read) and its answer is not written.
  package var isBusy: Bool {
    switch phase {
    case .body, .answering: true
    case .head, .lingering, .closed: false
    }
  }

  /// No more answers come: the sending side is to be shut down.
  package var isLingering: Bool {
    if case .lingering = phase { true } else { false }
  }

  // MARK: -

  private mutating func append(_ bytes: inout ByteBuffer) {
    if input.readableBytes == 0 {
      input = bytes
    } else {
      // The read part of the buffer would grow with every request of a pipeline.
      if input.readerIndex > 4096 { input.discardReadBytes() }
      input.writeBuffer(&bytes)
    }
  }

  private mutating func readHead(now: NIODeadline) -> Step {
    let head: RequestHead
    do throws(Problem) {
      guard let next = try parser.next(&input) else { return awaitMore() }
      head = next
    } catch {
      return refuse(error, nil)
    }
    since = now
    blockedSince = nil
    if case .fixed(let length) = head.bodyLength, length > bodyMax {
      return refuse(.bodyTooLarge(limit: bodyMax), head)
    }
    gatherer = BodyGatherer(head.bodyLength, limit: bodyMax)
    guard gatherer != nil else { return serve(head, ByteBuffer()) }
    self.head = head
    isJudged = false
    bodyHasBegun = false
    saidContinue = false
    progressAt = now
    bodyBytes = input.readableBytes
    phase = .body
    return step(now: now)
  }

  private mutating func gather() -> Step {
    bodyHasBegun = bodyHasBegun || input.readableBytes > 0
    do throws(Problem) {
      if let head, let body = try gatherer?.gather(from: &input) { return serve(head, body) }
    } catch {
      return refuse(error, head)
    }
    if let head, !isJudged {
      isJudged = true
      return .judge(head)
    }
    if let head, head.expectsContinue, !saidContinue, !bodyHasBegun {
      saidContinue = true
      return .sayContinue
    }
    return awaitMore()
  }

  private mutating func serve(_ head: RequestHead, _ body: ByteBuffer) -> Step {
    phase = .answering
    self.head = nil
    gatherer = nil
    releaseInput()
    return .serve(head, body: body)
  }

  private mutating func awaitMore() -> Step {
    releaseInput()
    // What is waited with for long keeps no large buffer of the socket for a few bytes.
    input.dropSpareRoom()
    head?.bytes.dropSpareRoom()
    guard inputEnded else { return .wait }
    // The client left, between requests or within one: nothing more is to be answered.
    phase = .lingering(dropped: 0, flushed: false)
    return .wait
  }

  private mutating func refuse(_ problem: Problem, _ head: RequestHead?) -> Step {
    dropRequest()
    return .refuse(problem, head: head)
  }

  private mutating func dropRequest() {
    phase = .lingering(dropped: 0, flushed: false)
    input = ByteBuffer()
    head = nil
    gatherer = nil
    blockedSince = nil
  }

  /// An idle connection holds no buffer.
  private mutating func releaseInput() {
    if input.readableBytes == 0 { input = ByteBuffer() }
  }
}

extension Duration {
  var timeAmount: TimeAmount { TimeAmount(self) }
}

extension ByteBuffer {
  /// Copies the readable bytes to a buffer of their size when most of this one is something else.
  fileprivate mutating func dropSpareRoom() {
    guard storageCapacity > 1024, storageCapacity > 2 * readableBytes else { return }
    var copy = ByteBufferAllocator().buffer(capacity: readableBytes)
    copy.writeImmutableBuffer(self)
    self = copy
  }
}
