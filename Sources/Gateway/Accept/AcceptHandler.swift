import Delivery
import Logging
import NIOCore

/// What stands behind one listener.
struct Site: Sendable {
  /// Says why a request may not come in here, asked before anything else looks at it.
  let gate: Gate
  let routes: any RouteResponder
}

/// Answers what the accept path doesn't answer itself.
protocol RouteResponder: Sendable {
  /// The answer that needs no more than the head: there is nothing at the path, not for this method,
  /// or it was only asked what there is.
  func answerToHead(_ head: RequestHead) -> Answer?
  /// Asked only where there is no `answerToHead`.
  func answer(_ head: RequestHead, body: ByteBuffer, channel: any Channel) async -> Answer
}

/// What the answer needs of its request.
struct PendingRequest {
  let head: RequestHead
  /// Of the posted message, once it is read.
  var uuid = ""
}

/// The only handler of a connection: reads requests, answers posted messages itself and lets the
/// routes answer everything else. What happens when is decided by `ConnectionCore`; this performs
/// it.
final class AcceptHandler: ChannelInboundHandler, ChannelOutboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundIn = Never
  typealias OutboundOut = ByteBuffer

  let loop: AcceptLoop
  let site: Site
  private(set) var context: ChannelHandlerContext?
  var core: ConnectionCore
  private var isAdvancing = false
  var needsFlush = false
  private var outputIsClosing = false
  private var readWasHeldBack = false
  private var isBusy = false
  private var charged = 0
  private var claim: ReceiveBudget.Claim?
  private var lacksRoom = false
  private var roomPoll: Scheduled<Void>?
  private var timer: (task: Scheduled<Void>, deadline: NIODeadline)?
  /// The request whose answer is awaited.
  var pending: PendingRequest?
  var token: UInt64?
  var routeTask: Task<Void, Never>?
  /// What the last request that came in called this listener. A connection mostly says the same.
  var lastHost: String?
  /// The request that is being read or answered had begun before the shutdown did.
  var begunBeforeDrain = false

  let peer: PeerAddress

  init(loop: AcceptLoop, site: Site, peer: PeerAddress) {
    self.loop = loop
    self.site = site
    self.peer = peer
    core = ConnectionCore(
      limits: loop.environment.limits, bodyMax: loop.environment.reader.limits.maxEnvelopeBytes,
      now: .now())
  }

  // MARK: Events of the channel

  func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
    loop.join(self)
    armTimer()
  }

  func handlerRemoved(context: ChannelHandlerContext) { tearDown() }

  func channelInactive(context: ChannelHandlerContext) {
    tearDown()
    context.fireChannelInactive()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    var bytes = unwrapInboundIn(data)
    core.receive(&bytes, now: .now())
  }

  func channelReadComplete(context: ChannelHandlerContext) { advance() }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if case .inputClosed? = event as? ChannelEvent {
      core.inputClosed()
      advance()
    }
    context.fireUserInboundEventTriggered(event)
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    core.setWritable(context.channel.isWritable, now: .now())
    advance()
    context.fireChannelWritabilityChanged()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    loop.environment.logger.debug("connection failed", metadata: ["error": "\(error)"])
    context.close(promise: nil)
  }

  /// Called for each read that the channel would do by itself: the place to hold back.
  func read(context: ChannelHandlerContext) {
    if core.wantsBytes { context.read() } else { readWasHeldBack = true }
  }

  // MARK: Called by the loop

  func markBegun() { begunBeforeDrain = core.isBusy }

  /// Waits no longer for who has not sent all of its request.
  func giveUp(_ reason: Problem) {
    _ = perform(core.giveUp(reason))
    settle(.now())
  }

  /// Since when nothing has come though something might; nil while an answer is awaited, or when
  /// the connection is closed.
  var idleSince: NIODeadline? { context == nil ? nil : core.idleSince }

  func close() { context?.close(promise: nil) }

  // MARK: Performing steps

  func advance() {
    guard !isAdvancing, context != nil else { return }
    isAdvancing = true
    let now = NIODeadline.now()
    while perform(core.step(now: now)) {}
    isAdvancing = false
    settle(now)
  }

  /// False when there is nothing more to do now.
  private func perform(_ step: ConnectionCore.Step) -> Bool {
    switch step {
    case .wait:
      return false
    case .sayContinue:
      writeInterim()
    case .judge(let head):
      judge(head)
    case .serve(let head, let body):
      serve(head, body)
    case .refuse(let problem, let head):
      refuse(problem, head)
    case .close:
      close()
      return false
    }
    return true
  }

  /// Brings what surrounds the core into line with it.
  private func settle(_ now: NIODeadline) {
    guard let context else { return }
    if core.isBusy != isBusy {
      isBusy = core.isBusy
      if isBusy { loop.begin() } else { loop.end() }
    }
    settleBudget(now)
    if needsFlush {
      needsFlush = false
      context.flush()
    }
    if core.isLingering, !outputIsClosing {
      outputIsClosing = true
      closeOutput(context)
    }
    armTimer()
    if readWasHeldBack, core.wantsBytes {
      readWasHeldBack = false
      context.read()
    }
  }

  private func closeOutput(_ context: ChannelHandlerContext) {
    let done = context.eventLoop.makePromise(of: Void.self)
    done.futureResult.assumeIsolated().whenComplete { [weak self] result in
      guard let self else { return }
      switch result {
      case .success:
        core.outputClosed(now: .now())
        advance()
      case .failure:
        close()
      }
    }
    context.close(mode: .output, promise: done)
  }

  private func tearDown() {
    guard context != nil else { return }
    context = nil
    timer?.task.cancel()
    timer = nil
    roomPoll?.cancel()
    roomPoll = nil
    routeTask?.cancel()
    routeTask = nil
    if let token { loop.desk.leave(token) }
    token = nil
    pending = nil
    closeClaim(.now())
    if isBusy { loop.end() }
    isBusy = false
    loop.leave(self)
  }

  // MARK: Time

  /// One timer per connection, set anew only when the deadline comes nearer: a request that is
  /// answered within its time costs no scheduling at all.
  private func armTimer() {
    guard let deadline = core.deadline, let context else { return }
    if let timer {
      if timer.deadline <= deadline { return }
      timer.task.cancel()
    }
    let task = context.eventLoop.assumeIsolated().scheduleTask(deadline: deadline) { [self] in
      timer = nil
      guard self.context != nil else { return }
      let now = NIODeadline.now()
      _ = perform(core.expire(now: now))
      settle(now)
    }
    timer = (task, deadline)
  }

  // MARK: Room for unfinished requests

  private func settleBudget(_ now: NIODeadline) {
    let held = core.unfinishedBytes
    guard held != charged else { return }
    charged = held
    if held == 0 { return closeClaim(now) }
    let claim = self.claim ?? openClaim(now)
    self.claim = claim
    let goesOn = loop.environment.budget.charge(claim, held, isLarge: core.isLarge, now: now)
    if !goesOn {
      lacksRoom = true
      core.block(now: now)
      pollForRoom()
    } else if lacksRoom {
      lacksRoom = false
      core.unblock(now: now)
    }
  }

  private func openClaim(_ now: NIODeadline) -> ReceiveBudget.Claim {
    let handler = NIOLoopBound(self, eventLoop: loop.eventLoop)
    return loop.environment.budget.open(for: peer, now: now) { claim, order in
      handler.eventLoop.execute { handler.value.follow(order, claim) }
    }
  }

  private func closeClaim(_ now: NIODeadline) {
    charged = 0
    lacksRoom = false
    guard let claim else { return }
    self.claim = nil
    loop.environment.budget.close(claim, now: now)
  }

  private func follow(_ order: ReceiveBudget.Order, _ claim: ReceiveBudget.Claim) {
    // It may have been for a request that has ended meanwhile.
    guard context != nil, claim == self.claim else { return }
    switch order {
    case .goOn:
      lacksRoom = false
      core.unblock(now: .now())
      advance()
    case .giveUp:
      giveUp(EnqueueRules.paysForOthers)
    }
  }

  private func pollForRoom() {
    guard roomPoll == nil, let context else { return }
    roomPoll = context.eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(100)) { [self] in
      roomPoll = nil
      guard lacksRoom, let claim else { return }
      loop.environment.budget.poll(claim, now: .now())
      pollForRoom()
    }
  }
}
