import Foundation
import NIOConcurrencyHelpers
import NIOCore
import Testing

extension EndToEnd {
  @Suite("destinations that misbehave") struct Destinations {
    let folder: TemporaryDirectory
    init() throws { folder = try TemporaryDirectory() }

    private static func write(_ text: String, to channel: any Channel) {
      channel.writeAndFlush(ByteBuffer(string: text), promise: nil)
    }

    /// Goes on writing until the peer closes.
    private static func pour(_ chunk: ByteBuffer, to channel: any Channel) {
      channel.writeAndFlush(chunk).whenSuccess { pour(chunk, to: channel) }
    }

    @Test("refusing, hanging, closing, garbage, endless: each is retried with its reason")
    func failuresAreRetried() async throws {
      let service = try await Service.start(log: folder.path("log"))
      let zeros = ByteBuffer(repeating: 0x61, count: 65_536)
      let hangs = try await RawReceiver { _ in }
      let closes = try await RawReceiver { $0.close(promise: nil) }
      let garbage = try await RawReceiver { Self.write("SSH-2.0-hello\r\n\r\n", to: $0) }
      let informational = try await RawReceiver { channel in
        Self.write("HTTP/1.1 102 Processing\r\n\r\n", to: channel)
      }
      let endlessError = try await RawReceiver { channel in
        Self.write("HTTP/1.1 500 No\r\nTransfer-Encoding: chunked\r\n\r\n", to: channel)
        var chunk = ByteBuffer(string: "10000\r\n")
        chunk.writeImmutableBuffer(zeros)
        chunk.writeString("\r\n")
        Self.pour(chunk, to: channel)
      }
      let targets = [
        ("refuses", "http://127.0.0.1:9/"), ("hangs", hangs.url), ("closes", closes.url),
        ("garbage", garbage.url),
        ("informational", informational.url), ("endless-error", endlessError.url),
        ("unknown-host", "http://no-such-host.invalid/"),
      ]
      for (uuid, url) in targets {
        let answer = try await service.post(#"{"UUID":"\#(uuid)","Url":"\#(url)","Timeout":1000}"#)
        #expect(answer.status == 202)
      }
      for (uuid, _) in targets {
        let message = try await eventually("an attempt of \(uuid); \(service.errors.suffix(500))") {
          let message = try await service.message(uuid)
          return (message["Attempts"] as? Int ?? 0) >= 1 ? message : nil
        }
        #expect(["retrying", "inflight", "ready"].contains(message["State"] as? String), "\(uuid)")
        #expect((message["LastError"] as? String)?.isEmpty == false, "\(uuid): \(message)")
      }
      try await service.stop()
      for receiver in [hangs, closes, garbage, informational, endlessError] {
        await receiver.close()
      }
    }

    @Test("a 2xx counts by its status: whatever is wrong with the rest, memory stays bounded")
    func endlessSuccess() async throws {
      let service = try await Service.start(log: folder.path("log"))
      let half = try await RawReceiver { channel in
        channel.writeAndFlush(ByteBuffer(string: "HTTP/1.1 200 OK\r\nContent-Le")).whenComplete {
          _ in channel.close(promise: nil)
        }
      }
      let headers = try await RawReceiver { channel in
        Self.write("HTTP/1.1 200 OK\r\n", to: channel)
        Self.pour(
          ByteBuffer(
            string: String(repeating: "X-Endless: aaaaaaaaaaaaaaaaaaaaaaaa\r\n", count: 500)),
          to: channel)
      }
      let chunk = ByteBuffer(repeating: 0x61, count: 65_536)
      let endless = try await RawReceiver { channel in
        Self.write("HTTP/1.1 200 OK\r\nContent-Length: 5368709120\r\n\r\n", to: channel)
        Self.pour(chunk, to: channel)
      }
      let broken = try await RawReceiver { channel in
        channel.writeAndFlush(
          ByteBuffer(string: "HTTP/1.1 201 Made\r\nContent-Length: 100\r\n\r\nhalf")
        ).whenComplete { _ in channel.close(promise: nil) }
      }
      let before = try Self.residentMiB(service.pid)
      _ = try await service.post(
        #"{"UUID":"endless","Url":"\#(endless.url)","Timeout":1500}"#)
      _ = try await service.post(#"{"UUID":"broken","Url":"\#(broken.url)","Timeout":1500}"#)
      _ = try await service.post(#"{"UUID":"half","Url":"\#(half.url)","Timeout":60000}"#)
      _ = try await service.post(#"{"UUID":"headers","Url":"\#(headers.url)","Timeout":60000}"#)
      for uuid in ["endless", "half", "headers"] {
        _ = try await service.waitForState("delivered", of: uuid)
      }
      let message = try await service.waitForState("delivered", of: "broken")
      #expect(message["LastStatus"] as? Int == 201)
      #expect(try Self.residentMiB(service.pid) < before + 200)
      try await service.stop()
      for receiver in [endless, broken, half, headers] { await receiver.close() }
    }

    @Test("an outcome is recorded at the head: a kill during the body delivers nothing twice")
    func recordedAtHead() async throws {
      let receiver = try await RawReceiver {
        Self.write("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nnever more", to: $0)
      }
      let log = folder.path("log")
      let service = try await Service.start(log: log)
      _ = try await service.post(#"{"UUID":"head","Url":"\#(receiver.url)","Timeout":60000}"#)
      _ = try await service.waitForState("delivered", of: "head")
      service.signal(SIGKILL)
      try await service.waitForExit()
      let again = try await Service.start(log: log)
      _ = try await again.waitForState("delivered", of: "head")
      try await again.stop()
      #expect(receiver.count == 1)
      await receiver.close()
    }

    @Test("receivers that answer anything end nothing but their own messages")
    func anything() async throws {
      let seed = UInt64.random(in: 0 ... .max)
      let answers = NIOLockedValueBox(MutatedAnswers(seed: seed))
      let receiver = try await RawReceiver(host: "0.0.0.0") { channel in
        let spoiled = answers.withLockedValue { $0.next() }
        for piece in spoiled.pieces {
          channel.writeAndFlush(ByteBuffer(bytes: piece), promise: nil)
        }
        if spoiled.closes { channel.close(promise: nil) }
      }
      let service = try await Service.start(log: folder.path("log"))
      // Each at a destination of its own, so that none waits for another's failures.
      for host in 1...250 {
        _ = try await service.post(
          """
          {"UUID":"m\(host)","Url":"http://127.0.0.\(host):\(receiver.port)/","Body":"x",
           "Timeout":500,"Retry":{"MaxAttempts":1}}
          """)
      }
      for host in 1...250 {
        try await eventually("the end of m\(host), seed \(seed); \(service.errors.suffix(500))") {
          let state = try await service.message("m\(host)")["State"] as? String
          return state == "delivered" || state == "dead" ? true : nil
        }
      }
      #expect(service.isRunning, "seed \(seed)")
      let healthy = try await Receiver()
      _ = try await service.post(#"{"UUID":"healthy","Url":"\#(healthy.url)"}"#)
      _ = try await service.waitForState("delivered", of: "healthy")
      try await service.stop()
      await receiver.close()
      await healthy.close()
    }

    @Test("a TLS handshake that hangs after its attempt was given up does not hold up the end")
    func hangingHandshake() async throws {
      let hangs = try await RawReceiver { _ in }
      let service = try await Service.start(log: folder.path("log"))
      _ = try await service.post(
        #"{"UUID":"tls","Url":"https://127.0.0.1:\#(hangs.port)/","Timeout":300}"#)
      _ = try await service.waitForState("retrying", of: "tls")
      service.signal(SIGTERM)
      // The handshake itself would go on for 10 s.
      #expect(try await service.waitForExit(seconds: 6) == 0)
      await hangs.close()
    }

    @Test("redirects are not followed, the answer is retried")
    func redirects() async throws {
      let receiver = try await Receiver { _, _ in
        .init(status: 302, headers: [("Location", "/elsewhere")])
      }
      let service = try await Service.start(log: folder.path("log"))
      _ = try await service.post(#"{"UUID":"moved","Url":"\#(receiver.url)"}"#)
      let message = try await service.waitForState("retrying", of: "moved")
      #expect(message["LastStatus"] as? Int == 302)
      #expect(receiver.all.allSatisfy { $0.uri == "/hook" })
      try await service.stop()
      await receiver.close()
    }

    @Test("Retry-After holds the message longer than the schedule would")
    func retryAfter() async throws {
      let receiver = try await Receiver { _, index in
        index == 0 ? .init(status: 503, headers: [("Retry-After", "4")]) : .init()
      }
      let service = try await Service.start(log: folder.path("log"))
      _ = try await service.post(#"{"UUID":"later","Url":"\#(receiver.url)"}"#)
      let requests = try await receiver.waitFor(2)
      #expect(requests[1].at - requests[0].at > .milliseconds(3900))
      try await service.stop()
      await receiver.close()
    }

    @Test("a hanging destination does not keep a healthy one waiting")
    func isolation() async throws {
      let hangs = try await RawReceiver { _ in }
      let healthy = try await Receiver()
      let service = try await Service.start(
        log: folder.path("log"), environment: ["DISPATCHER_WORKER": "4"])
      for index in 0..<50 {
        _ = try await service.post(
          #"{"UUID":"bad\#(index)","Url":"\#(hangs.url)","Timeout":60000}"#)
      }
      for index in 0..<50 {
        _ = try await service.post(#"{"UUID":"good\#(index)","Url":"\#(healthy.url)"}"#)
      }
      let requests = try await healthy.waitFor(50)
      #expect(Set(requests.map(\.id)).count == 50)
      try await eventually("inflight shows") {
        try await service.metrics().contains { $0.key.hasPrefix("dispatcher_inflight") }
          ? true : nil
      }
      service.signal(SIGKILL)
      try await service.waitForExit()
      await hangs.close()
      await healthy.close()
    }

    @Test("without a descriptor left attempts are put back and charged to nobody")
    func noDescriptor() async throws {
      let receiver = try await Receiver()
      let service = try await Service.start(log: folder.path("log"))
      let limit = try Self.limitOfOpenFiles(service.pid)
      _ = try await service.post(
        #"{"UUID":"late","Url":"\#(receiver.url)","Delay":1500,"Retry":{"MaxAttempts":1}}"#)
      // What is open stays open, and nothing new gets a number below this.
      try await Self.limit(service.pid, to: 3)
      try await eventually("a line about it; \(service.errors)", seconds: 30) {
        service.errors.contains("this machine is short of file descriptors") ? true : nil
      }
      #expect(receiver.all.isEmpty)
      try await Self.limit(service.pid, to: limit)
      let message = try await service.waitForState("delivered", of: "late")
      #expect(message["Attempts"] as? Int == 1)
      #expect(try await receiver.waitFor(1).count == 1)
      let shortages = try await service.metrics()[
        #"dispatcher_own_shortage_total{kind="descriptors"}"#]
      #expect((shortages ?? 0) >= 1)
      try await service.stop()
      await receiver.close()
    }

    private static func limitOfOpenFiles(_ pid: Int32) throws -> Int {
      let text = try String(contentsOfFile: "/proc/\(pid)/limits", encoding: .utf8)
      let line = text.split(separator: "\n").first { $0.hasPrefix("Max open files") } ?? ""
      let words = line.split(whereSeparator: \.isWhitespace)
      return try #require(words.count > 3 ? Int(words[3]) : nil)
    }

    private static func limit(_ pid: Int32, to limit: Int) async throws {
      let run = try await ProgramRun.run(
        URL(fileURLWithPath: "/usr/bin/prlimit"), ["--pid", "\(pid)", "--nofile=\(limit):"])
      #expect(run.status == 0, "\(run.errors)")
    }

    private static func residentMiB(_ pid: Int32) throws -> Int {
      let text = try String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)
      let line = text.split(separator: "\n").first { $0.hasPrefix("VmRSS:") } ?? ""
      return (Int(line.split(whereSeparator: \.isWhitespace).dropFirst().first ?? "") ?? 0) / 1024
    }
  }
}
