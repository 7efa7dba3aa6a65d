import NIOCore
import NIOHTTP1
import Testing

@testable import Dispatcher

@Suite struct SinkReportTests {
  private func report(body: String, bytes: Int? = nil) -> SinkReport {
    SinkReport(
      number: 7,
      head: HTTPRequestHead(
        version: .http1_1, method: .POST, uri: "/hook?a=1",
        headers: ["Webhook-Id": "m1", "Dispatcher-Attempt": "2", "X-Case": "v\u{1B}[2J\u{202E}"]),
      body: ByteBuffer(string: body), bodyBytes: bytes ?? body.utf8.count, status: 503)
  }

  @Test("a request is one readable line")
  func oneLine() {
    #expect(
      report(body: "{}").text(timeMs: 0, showing: .init())
        == "#7 1970-01-01T00:00:00.000Z POST /hook?a=1 2 bytes id=m1 attempt=2 -> 503\n")
  }

  @Test("headers and body are shown when asked for, harmless to a terminal")
  func details() {
    let text = report(body: "a\nb\u{7}\t\u{9B}", bytes: 100)
      .text(timeMs: 0, showing: .init(headers: true, body: true))
    #expect(
      text.hasSuffix(
        """
            Webhook-Id: m1
            Dispatcher-Attempt: 2
            X-Case: v\u{FFFD}[2J\u{FFFD}
            | a
            | b\u{FFFD}\t\u{FFFD}
            | (and 93 bytes more)

        """))
  }
}
