import Foundation
import NIOCore
import Testing

extension EndToEnd {
  @Suite("the end of the process") struct Stops {
    let folder: TemporaryDirectory
    init() throws { folder = try TemporaryDirectory() }

    @Test("a receiver and a client that hang share one deadline, and the log is sealed")
    func hanging() async throws {
      let hangs = try await RawReceiver { _ in }
      let log = folder.path("log")
      let service = try await Service.start(
        log: log, environment: ["DISPATCHER_STOP_TIMEOUT": "3s"])
      let answer = try await service.post(
        #"{"UUID":"hangs","Url":"\#(hangs.url)","Timeout":600000}"#)
      #expect(answer.status == 202)
      try await eventually("the delivery hangs") { hangs.count == 1 ? true : nil }
      let client = try await RawConnection(port: service.port)
      try await client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n{")
      try await eventually("the request has begun") {
        try await service.metrics()["dispatcher_connections"] == 2 ? true : nil
      }
      #expect(try await service.stop() == 0)
      let answers = try Answer.parse(try await client.readToEnd())
      #expect(answers.map(\.status) == [503])
      #expect(answers.last?.header("Connection") == "close")
      let check = try await ProgramRun.run(Programs.logInspect, [log.path, "--verify"])
      #expect(check.status == 0, "\(check.output) \(check.errors)")
      await hangs.close()
    }
  }
}
