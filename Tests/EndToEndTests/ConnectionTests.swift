import Foundation
import Testing

extension EndToEnd {
  @Suite("connections") struct Connections {
    let folder: TemporaryDirectory
    init() throws { folder = try TemporaryDirectory() }

    @Test("half a request then silence is closed by the header timeout, half a body by its own")
    func silence() async throws {
      let service = try await Service.start(log: folder.path("log"))
      let headers = try await RawConnection(port: service.port)
      try await headers.send("POST / HTTP/1.1\r\nHost: a\r\n")
      let body = try await RawConnection(port: service.port)
      try await body.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n{")
      _ = try await headers.readToEnd(seconds: 20)
      _ = try await body.readToEnd(seconds: 45)
      #expect(try await service.get("/healthz").status == 200)
      try await service.stop()
    }

    @Test("a client that leaves before its answer harms nobody, its message is kept")
    func leavesEarly() async throws {
      let receiver = try await Receiver()
      let service = try await Service.start(log: folder.path("log"))
      for index in 0..<50 {
        let connection = try await RawConnection(port: service.port)
        let body = #"{"UUID":"gone\#(index)","Url":"\#(receiver.url)"}"#
        try await connection.send(
          "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)")
        await connection.close()
      }
      #expect(
        try await service.post(#"{"UUID":"stays","Url":"\#(receiver.url)"}"#).status == 202)
      _ = try await service.waitForState("delivered", of: "stays")
      try await service.stop()
      await receiver.close()
    }

    @Test("healthz answers while it recovers, enqueue says to come back")
    func health() async throws {
      let service = try await Service.start(log: folder.path("log"), ready: false)
      #expect(try await service.get("/healthz").status == 200)
      try await eventually("ready") {
        try await service.get("/readyz").status == 200 ? true : nil
      }
      try await service.stop()
    }

    @Test("a start that everybody reaches without a token says so in one line")
    func openDoor() async throws {
      let warning = "whoever reaches this listener can send requests from this machine"
      for (index, (environment, lines)) in [
        (["DISPATCHER_LISTEN": ":0"], 1),
        (["DISPATCHER_LISTEN": ":0", "DISPATCHER_TOKEN": "secret-token"], 0),
        (["DISPATCHER_LISTEN": "127.0.0.1:0"], 0),
      ].enumerated() {
        let service = try await Service.start(
          log: folder.path("log-\(index)"), environment: environment)
        let found = service.errors.split(separator: "\n").filter { $0.contains(warning) }
        #expect(found.count == lines, "\(service.errors)")
        #expect(found.allSatisfy { $0.lowercased().contains("warning") })
        try await service.stop()
      }
    }

    @Test("the callers' listener asks for its token, which send brings")
    func token() async throws {
      let environment = ["DISPATCHER_TOKEN": "secret-token"]
      let service = try await Service.start(log: folder.path("log"), environment: environment)
      #expect(try await service.post(#"{"Url":"http://127.0.0.1:9/"}"#).status == 401)
      for options in [["--token", "secret-token"], []] {
        let run = try await ProgramRun.run(
          Programs.dispatcher,
          ["send", "http://127.0.0.1:9/", "--to", "http://127.0.0.1:\(service.port)"] + options,
          environment: options.isEmpty ? environment : [:])
        #expect(run.status == 0, "\(run.output) \(run.errors)")
      }
      try await service.stop()
    }

    @Test("the admin listener checks Host, Origin and token")
    func adminGuards() async throws {
      let service = try await Service.start(
        log: folder.path("log"), environment: ["DISPATCHER_ADMIN_TOKEN": "secret-token"])
      #expect(try await service.admin("GET", "/log").status == 401)
      let with = [("Authorization", "Bearer secret-token")]
      #expect(try await service.admin("GET", "/log", headers: with).status == 200)
      let origin = try await service.admin(
        "POST", "/log/compact", headers: with + [("Origin", "http://evil.example")])
      #expect(origin.status == 403)
      let connection = try await RawConnection(port: service.adminPort)
      try await connection.send(
        "GET /log HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n"
          + "Authorization: Bearer secret-token\r\n\r\n")
      #expect(try Answer.parse(try await connection.readToEnd()).last?.status == 421)
      try await service.stop()
    }
  }
}
