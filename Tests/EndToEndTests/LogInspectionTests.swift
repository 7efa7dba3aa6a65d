import Foundation
import Testing

extension EndToEnd {
  @Suite("log-inspect beside the server") struct LogInspection {
    let folder: TemporaryDirectory
    init() throws { folder = try TemporaryDirectory() }

    private func inspect(_ log: URL, _ arguments: String...) async throws -> ProgramRun {
      try await ProgramRun.run(Programs.logInspect, [log.path] + arguments)
    }

    private func object(_ text: some StringProtocol) throws -> [String: Any] {
      try #require(JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    }

    /// Every field an envelope can have, bodies of every kind. To a port where nobody listens.
    private static let envelopes = [
      #"{"UUID":"plain","Url":"http://127.0.0.1:9/a?b=%20c","Method":"PUT","Body":"{\"a\":\"é\\n\"}"}"#,
      #"{"UUID":"binary","Url":"http://127.0.0.1:9/","BodyBase64":"/wD+AQ=="}"#,
      #"{"UUID":"control","Url":"http://127.0.0.1:9/","Body":"\u0000\u0001\u001b\u007f"}"#,
      #"{"UUID":"empty","Url":"HTTP://127.0.0.1:9"}"#,
      #"{"UUID":"head","Url":"http://127.0.0.1:9/","Header":{"X-A":["1","2"],"x-b":"\"q\""},"Body":"x"}"#,
      #"{"UUID":"limits","Url":"http://127.0.0.1:9/","Timeout":1500,"Delay":3600000,"#
        + #""Retry":{"MaxAttempts":7,"MaxAge":0,"Schedule":[1000,5000]}}"#,
      #"{"UUID":"later","Url":"http://127.0.0.1:9/","NotBefore":"2100-01-01T00:00:00.250Z"}"#,
      // Every kind of byte at every place of the sixteen that are looked at together.
      #"{"UUID":"mixed","Url":"http://127.0.0.1:9/","Body":""# + mixed + #""}"#,
    ]
    private static let mixed =
      [#"\""#, #"\\"#, #"\n"#, #"\u0001"#, #"\u007f"#, "é"].flatMap { escape in
        (0..<17).map { String(repeating: "x", count: 15 + $0) + escape }
      }.joined() + String(repeating: #"\"a\""#, count: 40)

    @Test("what --salvage writes is what was posted, to the last byte: posted again it is a twin")
    func salvage() async throws {
      let log = folder.path("log")
      var service = try await Service.start(log: log)
      for envelope in Self.envelopes { #expect(try await service.post(envelope).status == 202) }
      // Also of a server that runs.
      let out = folder.path("out.ndjson")
      let salvaged = try await inspect(log, "--salvage", out.path)
      #expect(salvaged.status == 0 && salvaged.errors.contains("8 messages written"))
      let lines = try String(contentsOf: out, encoding: .utf8).split(separator: "\n").map(
        String.init)
      #expect(
        try lines.map { try object($0)["UUID"] as? String }
          == ["plain", "binary", "control", "empty", "head", "limits", "later", "mixed"])
      for line in lines {
        let answer = try await service.post(line)
        #expect(answer.status == 202, "\(line): \(answer.text)")
        #expect(answer.text.contains(#""Duplicate":true"#), "\(line): \(answer.text)")
      }
      try await service.stop()

      // Another store takes them for new, and gives the same again.
      let copy = folder.path("copy")
      service = try await Service.start(log: copy)
      for line in lines {
        #expect(try await service.post(line).text.contains(#""Duplicate":false"#), "\(line)")
      }
      try await service.stop()
      let again = try await inspect(copy, "--salvage", "-")
      #expect(again.output.split(separator: "\n").map(String.init) == lines)
    }

    @Test("a damaged log gives what is left of it, and says what is not")
    func damaged() async throws {
      let log = folder.path("log")
      let service = try await Service.start(log: log)
      for index in 0..<20 {
        let body = #"{"UUID":"d\#(index)","Url":"http://127.0.0.1:9/","Delay":3600000}"#
        #expect(try await service.post(body).status == 202)
      }
      try await service.stop()
      let name = try #require(
        try FileManager.default.contentsOfDirectory(atPath: log.path)
          .filter { $0.hasPrefix("wal-") }.sorted().first)
      let file = log.appendingPathComponent(name)
      var bytes = try Data(contentsOf: file)
      // Both copies of the header, and something in the first frame.
      for offset in [60, 4096 + 60, 8192 + 70] { bytes[offset] ^= 0x10 }
      try bytes.write(to: file)
      #expect(try await inspect(log, "--verify").status >= 2)
      let run = try await inspect(log, "--salvage", "-")
      #expect(run.status == 0)
      let found = try run.output.split(separator: "\n").map { try object($0)["UUID"] as? String }
      #expect(found.compactMap { $0 } == (1..<20).map { "d\($0)" })
    }

    @Test("audit, statistics and filters of a server that runs, and the same after it has stopped")
    func accounting() async throws {
      let receiver = try await Receiver { request, _ in
        .init(status: request.uri.contains("gone") ? 410 : 200)
      }
      let log = folder.path("log")
      let service = try await Service.start(log: log)
      for index in 0..<30 {
        let path = index % 10 == 0 ? "gone" : "ok"
        let answer = try await service.post(
          #"{"UUID":"a\#(index)","Url":"http://127.0.0.1:\#(receiver.port)/\#(path)"}"#)
        #expect(answer.status == 202)
      }
      _ = try await service.post(#"{"UUID":"far","Url":"http://127.0.0.1:9/","Delay":3600000}"#)
      try await eventually("all ended") {
        try await service.metrics()["dispatcher_pending"] == 1 ? true : nil
      }
      for running in [true, false] {
        if !running { try await service.stop() }
        // Outcomes are on disk a second after they came.
        let audit = try await eventually("an audit with all ends") {
          let found = try object(try await inspect(log, "--audit", "--json").output)
          return found["Pending"] as? Int == 1 ? found : nil
        }
        #expect(audit["Closes"] as? Bool == true, "\(audit)")
        #expect(audit["Accepted"] as? Int == 31 && audit["Delivered"] as? Int == 27)
        #expect(audit["Dead"] as? Int == 3 && audit["Cancelled"] as? Int == 0)
        let dead = try await inspect(log, "--state", "dead", "--json")
        #expect(
          try dead.output.split(separator: "\n").map { try object($0)["UUID"] as? String }
            == ["a0", "a10", "a20"])
        let stats = try object(try await inspect(log, "--stats", "--json").output)
        let latency = try #require(stats["LatencyMs"] as? [String: [String: Any]])
        #expect(latency["Delivered"]?["Count"] as? Int == 27)
        #expect(try await inspect(log, "--verify").status <= (running ? 1 : 0))
      }
      await receiver.close()
    }

    /// `log-inspect --follow`, and the file that its lines go to.
    private func follow(_ log: URL) throws -> (process: Process, out: URL) {
      let out = folder.path("followed")
      _ = FileManager.default.createFile(atPath: out.path, contents: nil)
      let process = Process()
      process.executableURL = Programs.logInspect
      process.arguments = [log.path, "--follow", "--records", "--json"]
      process.standardOutput = try FileHandle(forWritingTo: out)
      try process.run()
      return (process, out)
    }

    @Test("--follow tells what happens while it happens")
    func follow() async throws {
      let receiver = try await Receiver()
      let log = folder.path("log")
      let service = try await Service.start(log: log)
      _ = try await service.post(#"{"UUID":"before","Url":"\#(receiver.url)"}"#)
      _ = try await service.waitForState("delivered", of: "before")
      let (process, out) = try follow(log)
      defer { kill(process.processIdentifier, SIGKILL) }
      func events(_ uuid: String) throws -> [String] {
        try String(contentsOf: out, encoding: .utf8).split(separator: "\n")
          .compactMap { try? object($0) }
          .filter { $0["UUID"] as? String == uuid }.compactMap { $0["Event"] as? String }
      }
      try await eventually("what was before") { try events("before").count == 2 ? true : nil }
      _ = try await service.post(#"{"UUID":"after","Url":"\#(receiver.url)"}"#)
      try await eventually("what comes then") {
        try events("after") == ["accepted", "delivered"] ? true : nil
      }
      process.terminate()
      try await eventually("its end") { process.isRunning ? nil : true }
      try await service.stop()
      await receiver.close()
    }

    @Test("--follow tells everything once and in order while segments are begun and dropped")
    func followRotation() async throws {
      let receiver = try await Receiver()
      let log = folder.path("log")
      let service = try await Service.start(
        log: log,
        environment: ["DISPATCHER_SEGMENT_SIZE": "256KiB", "DISPATCHER_DEDUP_WINDOW": "1s"])
      let (process, out) = try follow(log)
      defer { kill(process.processIdentifier, SIGKILL) }
      func events(_ kind: String) throws -> [String] {
        try String(contentsOf: out, encoding: .utf8).split(separator: "\n")
          .compactMap { try? object($0) }
          .filter { $0["Event"] as? String == kind }.compactMap { $0["UUID"] as? String }
      }
      // Some ten segments: the bodies don't shrink.
      var random = SystemRandomNumberGenerator()
      let uuids = (0..<40).map { "m\($0)" }
      for uuid in uuids {
        let bytes = Data((0..<60_000).map { _ in UInt8.random(in: 0...255, using: &random) })
        let body = bytes.base64EncodedString()
        let answer = try await service.post(
          #"{"UUID":"\#(uuid)","Url":"\#(receiver.url)","BodyBase64":"\#(body)"}"#)
        #expect(answer.status == 202)
        guard uuid == "m20" else { continue }
        // What is dropped before it was read can't be told.
        try await eventually("all so far") { try events("delivered").count == 21 ? true : nil }
        _ = try await service.admin("POST", "/log/compact")
      }
      try await eventually("all ends; \(try events("delivered"))") {
        try events("delivered").count >= 40 ? true : nil
      }
      #expect(try events("accepted") == uuids)
      #expect(try events("delivered").sorted() == uuids.sorted())
      let names = try FileManager.default.contentsOfDirectory(atPath: log.path)
      let last = names.filter { $0.hasPrefix("wal-") }.max() ?? ""
      #expect(last > "wal-0000000000000008.seg", "\(names)")
      process.terminate()
      try await eventually("its end") { process.isRunning ? nil : true }
      try await service.stop()
      await receiver.close()
    }
  }
}
