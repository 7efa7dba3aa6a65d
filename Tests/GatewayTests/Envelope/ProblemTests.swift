import Foundation
import Testing

@testable import Gateway

@Suite("A problem") struct ProblemTests {
  private struct Decoded: Decodable, Equatable {
    struct FieldError: Decodable, Equatable {
      var pointer: String
      var detail: String
    }
    var type: String
    var title: String
    var status: Int
    var detail: String
    var errors: [FieldError]?
  }

  @Test("is written as application/problem+json that any reader takes")
  func encoded() throws {
    let problem = Problem(
      .invalidMessage, "a \"quote\", a \\, a line\nbreak, \u{1F}, é and 😀",
      errors: [
        Problem.FieldError(pointer: "/A", detail: "one"),
        Problem.FieldError(pointer: "/B~1\"", detail: "two"),
      ])
    let decoded = try JSONDecoder().decode(Decoded.self, from: Data(problem.encode()))
    let expected = Decoded(
      type: "invalid-message", title: "The message is not valid.", status: 400,
      detail: problem.detail,
      errors: [.init(pointer: "/A", detail: "one"), .init(pointer: "/B~1\"", detail: "two")])
    #expect(decoded == expected)
  }

  @Test("without wrong fields has no list of them")
  func withoutErrors() throws {
    let json = String(decoding: Problem(.notFound, "No such path.").encode(), as: UTF8.self)
    let expected =
      #"{"type":"not-found","title":"There is nothing here.","status":404,"#
      + #""detail":"No such path."}"#
    #expect(json == expected)
  }
}
