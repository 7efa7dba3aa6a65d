@testable import Delivery

/// What a reader makes of the answer to one request.
struct AnswerReading: Equatable {
  var answer: ResponseSummary?
  var next = AnswerReader.Next.more

  /// `size`: bytes in each piece, nil for all in one. `ends`: the connection is closed behind them.
  init(
    _ text: String, to method: String = "POST", in size: Int? = nil, headLimit: Int = 4000,
    bodyLimit: Int = 4000, ends: Bool = false
  ) {
    var reader = AnswerReader(headLimit: headLimit, bodyLimit: bodyLimit)
    reader.expect(answerTo: method)
    var rest = Array(text.utf8)[...]
    while next == .more, !rest.isEmpty {
      let piece = Array(rest.prefix(size ?? rest.count))
      rest = rest.dropFirst(piece.count)
      note(piece.withUnsafeBytes { reader.read($0) })
    }
    if ends, next == .more { note(reader.ended()) }
  }

  private mutating func note(_ progress: AnswerReader.Progress) {
    if let answer = progress.answer { self.answer = answer }
    next = progress.next
  }

  var isForeign: Bool {
    if case .foreign = next { return answer == nil }
    return false
  }
}
