import NIOHTTP1
import Testing

@testable import Delivery

@Suite("Doubted answers")
struct DoubtTests {
  @Test(
    "what refuses a message, or is no proper end, is doubted on a used connection",
    arguments: [101, 400, 405, 408, 410, 413, 414, 415, 421, 422, 431, 501, 505, 600] as [UInt16])
  func refusals(status: UInt16) {
    #expect(Doubt.isDue(to: ResponseSummary(status: status), isEarly: false))
  }

  @Test(
    "what is tried again anyway, or is a success, is not doubted",
    arguments: [200, 204, 302, 401, 404, 429, 500, 502, 503] as [UInt16])
  func others(status: UInt16) {
    #expect(!Doubt.isDue(to: ResponseSummary(status: status), isEarly: false))
    // It can't be the answer to what has not left.
    #expect(Doubt.isDue(to: ResponseSummary(status: status), isEarly: true))
    #expect(Doubt.isDue(to: ResponseSummary(status: status, abortMessage: true), isEarly: false))
  }

  @Test("an outcome passes through the HTTP client as it is")
  func passage() {
    let answers = [
      ResponseSummary(status: 200), ResponseSummary(status: 999, retryAfter: "7"),
      ResponseSummary(status: 101, abortMessage: true), ResponseSummary(status: 400, meaning: "m"),
    ]
    for answer in answers {
      for doubt in [nil, Doubt(outMs: 12)] {
        let got = AnswerHead.read(AnswerHead.make(answer, doubt: doubt))
        #expect(got.answer == answer)
        #expect(got.doubt == doubt)
      }
    }
  }

  @Test("only so many bodies are read beside the slots")
  func drains() {
    let drains = Drains(most: 2)
    #expect([drains.begin(), drains.begin(), drains.begin()] == [true, true, false])
    drains.end()
    #expect(drains.begin())
  }
}
