import Delivery
import NIOCore

/// Who answers a request, and the answer's way to the socket.
extension AcceptHandler {
  func serve(_ head: RequestHead, _ body: ByteBuffer) {
    pending = PendingRequest(head: head)
    if let refusal = refusalAtGate(head) {
      answer(refusal)
    } else if head.isEnqueue {
      enqueue(head, body)
    } else {
      route(head, body)
    }
  }

  /// Answers a request whose body has not come when the head alone says what the answer is.
  func judge(_ head: RequestHead) {
    guard let answer = refusal(of: head) else { return }
    loop.environment.logger.debug(
      "request turned away", metadata: ["status": .stringConvertible(answer.status)])
    turnAway(head, answer)
    core.turnedAway()
  }

  private func refusal(of head: RequestHead) -> Answer? {
    if let refusal = refusalAtGate(head) { return refusal }
    guard head.isEnqueue else { return refusalOfRoute(head) }
    let reading = loop.environment.services.current
    do throws(Problem) {
      _ = try EnqueueRules.store(reading, begunBeforeDrain: begunBeforeDrain)
      try EnqueueRules.checkSpace(reading)
      // Nobody is invited to send what can't be taken now.
      if head.expectsContinue, loop.environment.budget.isFull(forLarge: core.isLarge) {
        throw EnqueueRules.problem(.full(retryAfter: .seconds(1)))
      }
    } catch {
      return Answer(error)
    }
    return EnqueueRules.refusal(ofContent: head)
  }

  private func refusalAtGate(_ head: RequestHead) -> Answer? {
    if let refusal = site.gate.refusal(of: head, lastHost: lastHost) { return refusal }
    // A probe may call it by any name, and vouches for none.
    if lastHost != head.host, !RouteTable.isOpen(head.path) { lastHost = head.host }
    return nil
  }

  private func refusalOfRoute(_ head: RequestHead) -> Answer? {
    if loop.environment.services.state == .draining, !begunBeforeDrain,
      !RouteTable.isOpen(head.path)
    {
      return Answer(EnqueueRules.draining)
    }
    return site.routes.answerToHead(head)
  }

  private func enqueue(_ head: RequestHead, _ body: ByteBuffer) {
    let environment = loop.environment
    let reading = environment.services.current
    let store: any MessageStore
    let message: Message
    do throws(Problem) {
      store = try EnqueueRules.store(reading, begunBeforeDrain: begunBeforeDrain)
      if let refusal = EnqueueRules.refusal(ofContent: head) { return answer(refusal) }
      message = try readEnvelope(head, body)
    } catch {
      answer(Answer(error))
      return
    }
    pending?.uuid = message.uuid
    switch loop.desk.submit(message, to: store, generation: reading.generation, for: self) {
    case .handedOver(let token):
      self.token = token
    case .kept(let token):
      self.token = token
      core.block(now: .now())
    case .noRoom:
      answer(Answer(EnqueueRules.problem(.full(retryAfter: .seconds(1)))))
    }
  }

  private func readEnvelope(_ head: RequestHead, _ body: ByteBuffer) throws(Problem) -> Message {
    let environment = loop.environment
    let body = try EnqueueRules.decode(body, of: head, environment.reader)
    // What stands for no UUID is refused as none, unless the envelope has one of its own.
    let key = head.idempotencyKey.map { IdempotencyKey(field: $0)?.uuid ?? "" }
    let outcome = body.withUnsafeReadableBytes { bytes -> Result<Message, Problem> in
      do throws(Problem) {
        return .success(
          try environment.reader.read(
            bytes, idempotencyKey: key, now: environment.clock.wallMs(),
            random: &loop.random))
      } catch {
        return .failure(error)
      }
    }
    return try outcome.get()
  }

  private func route(_ head: RequestHead, _ body: ByteBuffer) {
    guard let context else { return }
    if let refusal = refusalOfRoute(head) { return answer(refusal) }
    let handler = NIOLoopBound(self, eventLoop: context.eventLoop)
    routeTask = Task { [site, channel = context.channel] in
      let answer = await site.routes.answer(head, body: body, channel: channel)
      handler.eventLoop.execute { handler.value.routed(answer) }
    }
  }

  private func routed(_ answer: Answer) {
    routeTask = nil
    guard context != nil else { return }
    self.answer(answer)
    advance()
  }

  func refuse(_ reason: Problem, _ head: RequestHead?) {
    // The limit that was met is of the request; whoever posts a message asks for the message's.
    let isMessageTooLarge =
      head?.isEnqueue == true && reason.type == ProblemType.bodyTooLarge.name
    let problem = isMessageTooLarge ? loop.environment.reader.tooLarge : reason
    loop.environment.logger.debug(
      "request refused",
      metadata: ["status": .stringConvertible(problem.status), "reason": "\(problem.detail)"])
    turnAway(head, Answer(problem))
  }

  /// The last answer on this connection, to a request that was not read to its end.
  private func turnAway(_ head: RequestHead?, _ answer: Answer) {
    if head?.isEnqueue == true { loop.environment.counters.countEnqueue(status: answer.status) }
    guard let writer = makeWriter() else { return }
    write(writer.write(answer, .close, withBody: head?.method != "HEAD"))
  }

  private func answer(_ answer: Answer) {
    reply(status: answer.status) { writer, connection, request in
      writer.write(answer, connection, withBody: request.head.method != "HEAD")
    }
  }

  private func accepted(duplicate: Bool) {
    reply(status: 202) { writer, connection, request in
      writer.accepted(uuid: request.uuid, duplicate: duplicate, connection)
    }
  }

  /// Writes the answer to the pending request to its end.
  private func reply(
    status: Int,
    _ make: (AnswerWriter, AnswerWriter.Connection, PendingRequest) -> ByteBuffer
  ) {
    guard let pending, let writer = makeWriter() else { return }
    if pending.head.isEnqueue { loop.environment.counters.countEnqueue(status: status) }
    let closes = !pending.head.keepAlive || loop.environment.services.isLeaving
    let connection = AnswerWriter.Connection(head: pending.head, closes: closes)
    write(make(writer, connection, pending))
    answered(keepAlive: !closes)
  }

  private func makeWriter() -> AnswerWriter? {
    guard let context else { return nil }
    return loop.writer(
      wallMs: loop.environment.clock.wallMs(), allocator: context.channel.allocator)
  }

  private func answered(keepAlive: Bool) {
    pending = nil
    token = nil
    begunBeforeDrain = false
    core.answered(keepAlive: keepAlive, now: .now())
  }

  func writeInterim() {
    guard let context else { return }
    var buffer = context.channel.allocator.buffer(
      capacity: AnswerWriter.interim.utf8CodeUnitCount)
    buffer.writeStaticString(AnswerWriter.interim)
    write(buffer)
  }

  private func write(_ buffer: ByteBuffer) {
    guard let context else { return }
    context.write(wrapOutboundOut(buffer), promise: nil)
    needsFlush = true
    if !context.channel.isWritable { core.setWritable(false, now: .now()) }
  }
}

extension AcceptHandler: EnqueueWaiter {
  func enqueueEnded(_ result: Result<Admission, StoreError>) {
    switch result {
    case .success(.stored): accepted(duplicate: false)
    case .success(.duplicate): accepted(duplicate: true)
    case .success(.conflict): answer(Answer(EnqueueRules.conflict(uuid: pending?.uuid ?? "")))
    case .success(.notStored):
      // An answer for members of a batch; a port takes single messages.
      answer(Answer(Problem(.internalError, "The message was not stored.")))
    case .failure(let error): answer(Answer(EnqueueRules.problem(error)))
    }
    advance()
  }
}
