@testable import Delivery

/// The answers on one connection. However the bytes are cut, the outcomes are the same; each request
/// has one at most; and what is read out of an odd answer is read out of a clean one, too.
enum AnswerTarget {
  private static let methods = ["POST", "GET", "HEAD", "CONNECT"]

  /// The first byte says the method, the second how the rest is cut.
  static func run(_ bytes: UnsafeRawBufferPointer) {
    guard bytes.count > 2 else { return }
    let method = methods[Int(bytes[0] % 4)]
    let text = UnsafeRawBufferPointer(rebasing: bytes[2...])
    let whole = outcome(of: text, to: method, in: text.count)
    let cut = outcome(of: text, to: method, in: 1 + Int(bytes[1] % 32))
    precondition(whole == cut)
    if let whole { check(whole) }
  }

  private static func outcome(
    of text: UnsafeRawBufferPointer, to method: String, in size: Int
  ) -> ResponseSummary? {
    var reader = AnswerReader(headLimit: 1024, bodyLimit: 1024)
    reader.expect(answerTo: method)
    var outcome: ResponseSummary?
    var at = 0
    while at < text.count {
      let piece = UnsafeRawBufferPointer(rebasing: text[at..<min(text.count, at + size)])
      at += piece.count
      let progress = reader.read(piece)
      precondition(progress.answer == nil || outcome == nil)
      outcome = outcome ?? progress.answer
      if progress.next != .more {
        precondition(reader.isIdle == (progress.next == .ready) && !reader.isNearlyAnswered)
        return outcome
      }
    }
    let last = reader.ended()
    precondition(last.next == .close && (last.answer == nil || outcome == nil))
    return outcome ?? last.answer
  }

  private static func check(_ answer: ResponseSummary) {
    precondition(answer.status == 101 || (200...999).contains(answer.status))
    var clean = answer
    clean.meaning = nil
    var text = "HTTP/1.1 \(answer.status) x\r\nContent-Length: 0\r\n"
    if let value = answer.retryAfter { text += "Retry-After: \(value)\r\n" }
    if answer.abortMessage { text += "webhook-delivery: abort-message\r\n" }
    // Bytes that were no UTF-8 have become three each, which may be more than is kept of a line.
    guard text.utf8.count < 900 else { return }
    let again = Array((text + "\r\n").utf8).withUnsafeBytes { outcome(of: $0, to: "POST", in: 7) }
    precondition(again == clean)
  }
}
