import Foundation
import Testing

@testable import Dispatcher

@Suite struct EnvelopeTests {
  private func json(_ envelope: Envelope) throws -> String {
    String(decoding: try envelope.json(), as: UTF8.self)
  }

  @Test("only what was given stands in the envelope")
  func minimal() throws {
    let envelope = Envelope(
      url: "http://b/", method: nil, headers: [], body: [], uuid: nil, timeout: nil, delay: nil)
    #expect(try json(envelope) == #"{"Url":"http://b/"}"#)
  }

  @Test("every option has its field, times in milliseconds")
  func everything() throws {
    let envelope = Envelope(
      url: "http://b/", method: "PUT",
      headers: [
        HeaderArgument(name: "X-A", value: "1"), HeaderArgument(name: "x-a", value: "2"),
        HeaderArgument(name: "B", value: ""),
      ],
      body: Array("ü\n".utf8), uuid: "u-1", timeout: .seconds(2), delay: .milliseconds(5))
    #expect(
      try json(envelope)
        == #"{"Body":"ü\n","Delay":5,"Header":{"B":[""],"X-A":["1","2"]},"Method":"PUT","#
        + #""Timeout":2000,"UUID":"u-1","Url":"http://b/"}"#)
  }

  @Test("a body that is not UTF-8 goes as base64")
  func binary() throws {
    let envelope = Envelope(
      url: "http://b/", method: nil, headers: [], body: [0xFF, 0], uuid: nil, timeout: nil,
      delay: nil)
    #expect(
      try json(envelope) == #"{"BodyBase64":"\/wA=","Url":"http://b/"}"#.replacing("\\", with: ""))
  }

  @Test("an address may be written without its scheme")
  func urls() {
    #expect(Client.url("localhost:8080", path: "/m") == "http://localhost:8080/m")
    #expect(Client.url("https://a/b/", path: "/m") == "https://a/b/m")
  }
}
