/// Reads the answers of one connection, whatever bytes come and however they are cut: strict about
/// what an answer is (`HTTP/1.x` and a status of 100 to 999, when one is awaited), lenient about the
/// rest. Once the status was read a fault costs the connection, never the outcome.
///
/// It keeps no more than a line, so that its memory has a bound that no receiver can move.
struct AnswerReader {
  /// What bytes, or the end of the connection or of our patience, come to.
  struct Progress: Equatable {
    /// The outcome of the request; given once.
    var answer: ResponseSummary?
    var next = Next.more
  }

  enum Next: Equatable {
    /// The answer goes on.
    case more
    /// The answer is over and the connection can carry the next request.
    case ready
    /// Nothing more is wanted of this connection.
    case close
    /// What came is no answer.
    case foreign(ForeignAnswer)
  }

  private enum Phase {
    /// No answer is awaited.
    case idle
    case statusLine
    case fields
    case body
    case spent
  }

  /// Bytes of a line that are kept; of longer ones nothing is known but their beginning.
  static let lineKept = 2048

  private let headLimit: Int
  private let bodyLimit: Int
  private var phase = Phase.idle
  private var hasAnswered = false

  private var withoutBody = false
  private var isTunnel = false

  private var headLeft = 0
  private var statusLine = StatusLine()
  private var foreign: [UInt8] = []
  /// 0 until a status was read.
  private var status: UInt16 = 0
  private var fields = HeadFields()
  private var line: [UInt8] = []
  private var lineLength = 0
  private var lineEndsWithReturn = false
  /// The rest of the status line says nothing.
  private var skipsLine = false

  private var body = AnswerBody(.untilClose)
  private var bodyLeft = 0
  private var isReusable = false

  /// `headLimit`: bytes of a head, with the interim answers before it. `bodyLimit`: bytes of a body
  /// that are read so that the connection can be kept.
  init(headLimit: Int, bodyLimit: Int) {
    self.headLimit = headLimit
    self.bodyLimit = bodyLimit
  }

  /// No answer is awaited, and the connection can carry a request.
  var isIdle: Bool { phase == .idle }
  /// The outcome is legible but not given yet: the rest of the head is awaited, or words of the body.
  var isNearlyAnswered: Bool { !hasAnswered && isFinal }
  /// The outcome is given and the rest of the answer is awaited.
  var isDraining: Bool { phase == .body && hasAnswered }

  /// A request with this method goes out; its answer is awaited from now on.
  mutating func expect(answerTo method: String) {
    guard phase == .idle else { return }
    phase = .statusLine
    hasAnswered = false
    withoutBody = method == "HEAD"
    isTunnel = method == "CONNECT"
    headLeft = headLimit
    isReusable = true
    beginHead()
  }

  mutating func read(_ bytes: UnsafeRawBufferPointer) -> Progress {
    var rest = bytes
    while !rest.isEmpty {
      let (used, progress): (Int, Progress?) =
        switch phase {
        // Bytes that nobody asked for: who knows what comes next.
        case .idle, .spent: (rest.count, spent())
        case .statusLine: readStatusLine(rest)
        case .fields: readLine(rest)
        case .body: readBody(rest)
        }
      rest = UnsafeRawBufferPointer(rebasing: rest[used...])
      guard var progress else { continue }
      if progress.next == .ready, !rest.isEmpty { progress.next = spent().next }
      return progress.with(answerToGive())
    }
    return Progress().with(answerToGive())
  }

  /// The connection was closed by the other side.
  mutating func ended() -> Progress { settled() }

  /// The rest of the answer took longer than it is worth waiting for.
  mutating func patienceIsOver() -> Progress { settled() }

  // The outcome

  private var isFinal: Bool { status >= 200 || status == 101 }
  private var pendingAnswer: ResponseSummary?

  /// Whatever is legible is the outcome, and that was it.
  private mutating func settled() -> Progress {
    if isNearlyAnswered { conclude() }
    return spent().with(answerToGive())
  }

  private mutating func spent() -> Progress {
    phase = .spent
    return Progress(next: .close)
  }

  private mutating func conclude() {
    hasAnswered = true
    fields.finish()
    pendingAnswer = ResponseSummary(
      status: status, retryAfter: fields.retryAfter, abortMessage: fields.abortMessage,
      meaning: AnswerMeaning.of(body: body.prefix))
  }

  private mutating func answerToGive() -> ResponseSummary? {
    defer { pendingAnswer = nil }
    return pendingAnswer
  }

  // The head

  private mutating func beginHead() {
    phase = .statusLine
    statusLine = StatusLine()
    foreign.removeAll(keepingCapacity: true)
    status = 0
    fields.reset()
    line.removeAll(keepingCapacity: true)
    lineLength = 0
    lineEndsWithReturn = false
    skipsLine = false
    body = AnswerBody(.untilClose)
  }

  private mutating func readStatusLine(_ bytes: UnsafeRawBufferPointer) -> (Int, Progress?) {
    for (index, byte) in bytes.enumerated() {
      guard headLeft > 0 else {
        phase = .spent
        return (index, Progress(next: .foreign(ForeignAnswer(longerThan: headLimit))))
      }
      headLeft -= 1
      if foreign.count < ForeignAnswer.bytesKept { foreign.append(byte) }
      switch statusLine.take(byte) {
      case .more: continue
      case .foreign:
        foreign += bytes[(index + 1)...].prefix(ForeignAnswer.bytesKept - foreign.count)
        phase = .spent
        return (index + 1, Progress(next: .foreign(ForeignAnswer(foreign))))
      case .status(let status):
        self.status = status
        if statusLine.isOdd { fields.markFaulty() }
        phase = .fields
        // The byte behind the status may be the line's end.
        skipsLine = true
        headLeft += 1
        return (index, nil)
      }
    }
    return (bytes.count, nil)
  }

  private mutating func readLine(_ bytes: UnsafeRawBufferPointer) -> (Int, Progress?) {
    let end = bytes.firstIndex(of: .lineFeed)
    let used = end.map { $0 + 1 } ?? bytes.count
    headLeft -= used
    guard headLeft >= 0 else {
      // Longer than a head may be: an endless one, or one that costs more memory than it is worth.
      return (used, isFinal ? settledWithin() : endless())
    }
    let part = UnsafeRawBufferPointer(rebasing: bytes[..<(end ?? bytes.count)])
    if end != nil, lineLength == 0 {
      lineLength = part.count
      lineEndsWithReturn = part.last == .carriageReturn
      return (used, takeLine(part))
    }
    lineLength += part.count
    if let last = part.last { lineEndsWithReturn = last == .carriageReturn }
    line.append(contentsOf: part.prefix(Self.lineKept - line.count))
    guard end != nil else { return (used, nil) }
    let whole = line
    line.removeAll(keepingCapacity: true)
    return (used, whole.withUnsafeBytes { takeLine($0) })
  }

  private mutating func endless() -> Progress {
    phase = .spent
    return Progress(next: .foreign(ForeignAnswer(longerThan: headLimit)))
  }

  private mutating func settledWithin() -> Progress {
    if isNearlyAnswered { conclude() }
    return spent()
  }

  private mutating func takeLine(_ kept: UnsafeRawBufferPointer) -> Progress? {
    let isCut = lineLength > Self.lineKept
    if !lineEndsWithReturn { fields.markFaulty() }
    var text = kept[..<min(kept.count, Self.lineKept)]
    if !isCut, lineEndsWithReturn { text.removeLast() }
    lineLength = 0
    lineEndsWithReturn = false
    if skipsLine {
      skipsLine = false
      return nil
    }
    if !text.isEmpty {
      fields.take(UnsafeRawBufferPointer(rebasing: text), isCut: isCut)
      return nil
    }
    return headIsComplete()
  }

  private mutating func headIsComplete() -> Progress? {
    fields.finish()
    if fields.isFaulty { isReusable = false }
    guard isFinal else {
      beginHead()
      return nil
    }
    if status == 101 || isTunnel { isReusable = false }
    let hasNoBody = withoutBody || isTunnel || status == 101 || status == 204 || status == 304
    if hasNoBody {
      conclude()
      return answerIsOver()
    }
    let framing = self.framing
    let staysOpen = statusLine.minor == 0 ? fields.saysKeepAlive : true
    if fields.saysClose || !staysOpen || framing == .untilClose { isReusable = false }
    let isWorthReading = AnswerMeaning.isWorthReading(status)
    body = AnswerBody(framing, keeping: isWorthReading ? AnswerMeaning.bytesLookedAt : 0)
    bodyLeft = bodyLimit
    phase = .body
    if framing == .length(0) {
      conclude()
      return answerIsOver()
    }
    if !isWorthReading { conclude() }
    return nil
  }

  private var framing: AnswerBody.Framing {
    if fields.isChunked { return .chunked }
    return fields.length.map { .length($0) } ?? .untilClose
  }

  // The body

  private mutating func readBody(_ bytes: UnsafeRawBufferPointer) -> (Int, Progress?) {
    let within = UnsafeRawBufferPointer(rebasing: bytes.prefix(bodyLeft + 1))
    let verdict = body.take(within)
    let used = if case .ended(let count) = verdict { count } else { within.count }
    bodyLeft -= used
    if isNearlyAnswered, verdict != .more || body.prefixIsFull || bodyLeft < 0 { conclude() }
    switch verdict {
    case .ended where bodyLeft >= 0: return (used, answerIsOver())
    case .more where bodyLeft >= 0: return (used, nil)
    default: return (used, spent())
    }
  }

  private mutating func answerIsOver() -> Progress {
    guard isReusable else { return spent() }
    phase = .idle
    return Progress(next: .ready)
  }
}

extension AnswerReader.Progress {
  fileprivate func with(_ answer: ResponseSummary?) -> Self {
    Self(answer: answer, next: next)
  }
}
