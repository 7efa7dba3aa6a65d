import Testing

@testable import Gateway

@Suite("Idempotency-Key", .timeLimit(.minutes(5)))
struct IdempotencyKeyTests {
  @Test("a key that can be a UUID is the UUID, in quotes or without")
  func plain() {
    for field in ["k-7", "\"k-7\"", " k-7 ", "\"k-7\"\t"] {
      #expect(IdempotencyKey(field: field)?.uuid == "k-7")
    }
  }

  @Test("the quotes of a structured string and its escapes are taken off")
  func quoted() {
    #expect(IdempotencyKey(field: #""a \"b\" \\""#)?.text == #"a "b" \"#)
    // None of these is a structured string, so each is a key as it stands.
    for field in [#""a"b""#, #""a\""#, #""a\b""#, #"""#, #""a"#] {
      #expect(IdempotencyKey(field: field)?.text == field)
    }
  }

  @Test("every other printable key is one UUID, always the same")
  func hashed() throws {
    let key = try #require(IdempotencyKey(field: "order/42:paid"))
    #expect(key.uuid == "368655cc-1cb9-88c6-915f-f949ff16f324")
    #expect(IdempotencyKey(field: "\"order/42:paid\"")?.uuid == key.uuid)
    let others = [
      "order/42:Paid", "order/43:paid", "schlüssel", "a b", String(repeating: "k", count: 129),
    ]
    let uuids = Set(others.compactMap { IdempotencyKey(field: $0)?.uuid })
    #expect(uuids.count == others.count)
    #expect(uuids.allSatisfy { MessageUUID.isValid($0) && $0.count == 36 })
  }

  @Test(
    "nothing, and what can't be printed, is no key",
    arguments: ["", "\"\"", "a\tb", "a\u{7F}", "a\u{85}", "\u{FFFD}"])
  func refused(field: String) {
    #expect(IdempotencyKey(field: field) == nil)
  }

  @Test("the same key is the same message, which can be read under the answered UUID")
  func posted() async throws {
    try await World.run { world in
      let request = post(
        #"{"Url":"http://my-url/"}"#, fields: "Idempotency-Key: \"order 42/paid\"\r\n")
      let answers = try await world.talk(request + request, responses: 2)
      #expect(answers.map(\.status) == [202, 202])
      #expect(answers[1].body.contains(#""Duplicate":true"#))
      let uuid = try #require(IdempotencyKey(field: "order 42/paid")?.uuid)
      #expect(answers[0].field("Location") == "/messages/\(uuid)")
      #expect(world.store.stored == [uuid])
    }
  }
}
