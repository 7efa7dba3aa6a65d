import Testing

@testable import Dispatcher

@Suite struct SinkServerTests {
  @Test("the sink answers over the network by its script, on one connection and on many")
  func answers() async throws {
    let sink = SinkServer(
      script: SinkScript(status: 503, failFirst: 2), delay: .milliseconds(1), showing: .init(),
      output: -1)
    let address = try await sink.start(host: "127.0.0.1", port: 0)
    var statuses: [Int] = []
    for _ in 0..<3 {
      statuses.append(
        try await Client.request("POST", Client.url(address, path: "/a"), body: [1, 2]).status)
    }
    await sink.stop()
    #expect(statuses == [503, 503, 200])
  }

  @Test("where nobody listens, the client says so in words")
  func refused() async throws {
    let sink = SinkServer(
      script: SinkScript(status: nil, failFirst: nil), delay: .zero, showing: .init(), output: -1)
    let address = try await sink.start(host: "127.0.0.1", port: 0)
    await sink.stop()
    let failure = await #expect(throws: ClientFailure.self) {
      try await Client.request("GET", Client.url(address, path: "/"))
    }
    #expect(failure?.reason == "Connection refused")
  }
}
