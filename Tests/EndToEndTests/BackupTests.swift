import Foundation
import NIOConcurrencyHelpers
import Testing

extension EndToEnd {
  @Suite("backup and restore") struct Backups {
    let folder: TemporaryDirectory
    init() throws { folder = try TemporaryDirectory() }
    private var log: URL { folder.path("log") }

    private static let small = ["DISPATCHER_SEGMENT_SIZE": "256KiB"]

    private func backup(to target: URL, of log: URL? = nil) async throws -> ProgramRun {
      try await ProgramRun.run(
        Programs.dispatcher, ["backup", target.path, "--log", (log ?? self.log).path],
        seconds: 240)
    }

    private func restore(_ copy: URL, to place: URL) async throws {
      let run = try await ProgramRun.run(
        Programs.dispatcher, ["restore", copy.path, "--log", place.path], seconds: 240)
      try #require(run.status == 0, "\(run)")
    }

    /// Those of the messages that a log knows nothing of.
    private func missing(_ uuids: Set<String>, in log: URL) async throws -> Set<String> {
      let run = try await ProgramRun.run(Programs.logInspect, [log.path, "--records", "--json"])
      try #require(run.status == 0, "\(run.errors)")
      let known = try run.output.split(separator: "\n").map { line in
        try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
      }
      return uuids.subtracting(known.compactMap { $0?["UUID"] as? String })
    }

    /// Restored, started, and asked for some of them; that it has so many is seen by the books.
    private func missing(
      _ uuids: Set<String>, afterStartOn copy: URL
    ) async throws -> Set<String> {
      let place = folder.path("restored-\(UUID().uuidString)")
      try await restore(copy, to: place)
      let service = try await Service.start(log: place, environment: Self.small)
      #expect(!service.errors.contains("damage"), "\(service.errors)")
      #expect(!service.errors.contains("is not used"), "\(service.errors)")
      let accepted = try await service.metrics()["dispatcher_accepted_total"] ?? 0
      #expect(Int(accepted) >= uuids.count)
      var missing: Set<String> = []
      for uuid in uuids.shuffled().prefix(20) {
        if try await service.get("/messages/\(uuid)").status != 200 { missing.insert(uuid) }
      }
      try await service.stop()
      try FileManager.default.removeItem(at: place)
      return missing
    }

    @Test("every message answered before a backup began is in it, under load and over a kill -9")
    func underLoad() async throws {
      // They never end, so that each can be asked for.
      let load = Load(url: "http://127.0.0.1:9/")
      var service = try await Service.start(log: log, environment: Self.small)
      var senders = load.start(service.port)
      for round in 0..<2 {
        let before = load.count
        try await eventually("some load") { load.count > before + 100 ? true : nil }
        let answered = load.answered
        let copy = folder.path("copy-\(round)")
        let restart = round % 2 == 1
        async let run = backup(to: copy)
        if restart {
          try await service.killHard()
          await senders.value
          service = try await Service.start(log: log, environment: Self.small)
          senders = load.start(service.port)
        }
        let ended = try await run
        #expect(ended.status == 0, "\(ended)")
        #expect(ended.output.contains("checked"), "\(ended)")
        #expect(try await missing(answered, in: copy).isEmpty)
        #expect(try await missing(answered, afterStartOn: copy).isEmpty)
        #expect(
          try FileManager.default.contentsOfDirectory(atPath: copy.path).allSatisfy {
            !$0.hasPrefix("reserve") && !$0.hasSuffix(".tmp") && $0 != "LOCK"
          })
      }
      try await service.killHard()
      await senders.value
      #expect(load.count > 2 * 100)
    }

    @Test("files that go while they are copied are no loss: what had ended may go, nothing else")
    func whileFilesGo() async throws {
      let receiver = try await Receiver()
      let kept = Load(url: "http://127.0.0.1:9/")
      let gone = Load(url: receiver.url)
      let service = try await Service.start(
        log: log, environment: Self.small.merging(["DISPATCHER_DEDUP_WINDOW": "1s"]) { $1 })
      _ = try await service.post(#"{"UUID":"first","Url":"http://127.0.0.1:9/"}"#)
      let senders = gone.start(service.port)
      var inBackups = 0
      for round in 0..<2 {
        let before = gone.count
        try await eventually("some load") { gone.count > before + 100 ? true : nil }
        let answered = kept.answered.union(["first"])
        let copy = folder.path("copy-\(round)")
        let ended = try await backup(to: copy)
        #expect(ended.status == 0, "\(ended)")
        #expect(try await missing(answered, afterStartOn: copy).isEmpty)
        inBackups += try FileManager.default.contentsOfDirectory(atPath: copy.path)
          .count { $0.hasPrefix("wal-") }
        _ = try await service.admin("POST", "/log/compact")
      }
      #expect(inBackups >= 2)
      try await service.killHard()
      await senders.value
      await receiver.close()
    }

    @Test("copied back over a lost log it goes on, and delivers again what ended since")
    func copiedBack() async throws {
      let receiver = try await Receiver()
      var service = try await Service.start(log: log)
      _ = try await service.post(#"{"UUID":"ended","Url":"\#(receiver.url)"}"#)
      _ = try await service.waitForState("delivered", of: "ended")
      _ = try await service.post(#"{"UUID":"waits","Url":"\#(receiver.url)","Delay":2000}"#)
      let copy = folder.path("copy")
      // The outcome is on disk a second after it came.
      try await eventually("its outcome in the log") {
        try await ProgramRun.run(Programs.logInspect, [log.path, "--state", "delivered"]).output
          .contains("ended") ? true : nil
      }
      #expect(try await backup(to: copy).status == 0)
      _ = try await service.waitForState("delivered", of: "waits")
      _ = try await service.post(#"{"UUID":"later","Url":"\#(receiver.url)","Delay":3600000}"#)
      try await service.stop()
      let linked = try FileManager.default.contentsOfDirectory(atPath: copy.path)
      #expect(linked.contains("store.json"))

      try FileManager.default.removeItem(at: log)
      try await restore(copy, to: log)
      service = try await Service.start(log: log)
      let again = try await receiver.waitFor(3)
      #expect(again.map(\.id) == ["ended", "waits", "waits"])
      #expect(try await service.get("/messages/later").status == 404, "it came after the backup")
      let twin = try await service.post(#"{"UUID":"ended","Url":"\#(receiver.url)"}"#)
      #expect(twin.text.contains(#""Duplicate":true"#), "\(twin.text)")
      try await service.stop()
      // The copy was not touched by what ran on its copy.
      #expect(
        try await ProgramRun.run(Programs.logInspect, [copy.path, "--verify"]).status <= 1)
      await receiver.close()
    }

    @Test("on another file system, of a damaged log, and where nothing can be done")
    func otherPlaces() async throws {
      let service = try await Service.start(log: log)
      for index in 0..<3 {
        _ = try await service.post(
          #"{"UUID":"m\#(index)","Url":"http://127.0.0.1:9/","Delay":3600000}"#)
      }
      if let other = try await SmallFileSystem(mebibytes: 96, at: folder.path("other")) {
        let copy = other.url.appendingPathComponent("copy")
        let run = try await backup(to: copy)
        #expect(run.status == 0, "\(run)")
        #expect(try await missing(["m0", "m1", "m2"], afterStartOn: copy).isEmpty)
        #expect(
          try !FileManager.default.contentsOfDirectory(atPath: log.path).contains {
            $0.hasPrefix("backup")
          }, "the links in the log are gone")
        #expect(try await backup(to: copy).status == 1, "never over something")
      }
      #expect(try await backup(to: folder.path("none"), of: folder.url).status == 74)
      #expect(try await backup(to: log.appendingPathComponent("inside")).status == 1)
      #expect(!FileManager.default.fileExists(atPath: folder.path("none").path))
      try await service.stop()

      let segment = log.appendingPathComponent("wal-0000000000000001.seg")
      var bytes = try Data(contentsOf: segment)
      bytes[8192 + 80] ^= 1
      try bytes.write(to: segment)
      let damaged = try await backup(to: folder.path("damaged"))
      #expect(damaged.status == 2 && damaged.output.contains("DAMAGED"), "\(damaged)")
      #expect(FileManager.default.fileExists(atPath: folder.path("damaged").path))
    }

    @Test("of a backup that is ended nothing is left, in the log or beside it")
    func ended() async throws {
      let service = try await Service.start(log: log)
      let body = String(repeating: "x", count: 900_000)
      for index in 0..<20 {
        // Random bytes, so that it takes a while to copy and to check them.
        _ = try await service.post(
          #"{"UUID":"m\#(index)","Url":"http://127.0.0.1:9/","Delay":3600000,"Body":"\#(body)"}"#)
      }
      /// The server may write a checkpoint meanwhile.
      func names() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: log.path).sorted()
          .filter { !$0.hasPrefix("ckpt") }
      }
      let before = try names()
      for signal in [SIGTERM, SIGINT, SIGKILL] {
        let process = Process()
        process.executableURL = Programs.dispatcher
        process.arguments = ["backup", folder.path("copy").path, "--log", log.path]
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        let partial = folder.path("copy.partial").path
        try await eventually("the backup to begin, or to end") {
          FileManager.default.fileExists(atPath: partial) || !process.isRunning ? true : nil
        }
        kill(process.processIdentifier, signal)
        await Task.detached { process.waitUntilExit() }.value
        if signal != SIGKILL { #expect(!FileManager.default.fileExists(atPath: partial)) }
        try? FileManager.default.removeItem(at: folder.path("copy"))
      }
      #expect(try names() == before)
      // What a kill -9 left behind is taken away by the next one.
      let copy = folder.path("copy")
      #expect(try await backup(to: copy).status == 0)
      #expect(!FileManager.default.fileExists(atPath: folder.path("copy.partial").path))
      #expect(try await missing(["m0", "m19"], in: copy).isEmpty)
      try await service.stop()
    }

    @Test("a restore overwrites nothing, and takes an empty directory")
    func restoring() async throws {
      let service = try await Service.start(log: log)
      _ = try await service.post(
        #"{"UUID":"waits","Url":"http://127.0.0.1:9/","Delay":3600000}"#)
      let copy = folder.path("copy")
      #expect(try await backup(to: copy).status == 0)
      func run(_ arguments: [String]) async throws -> ProgramRun {
        try await ProgramRun.run(Programs.dispatcher, ["restore"] + arguments)
      }
      let held = try await run([copy.path, "--log", log.path])
      #expect(held.status == 1 && held.errors.contains("overwritten"), "\(held)")
      try await service.stop()
      let empty = folder.path("empty")
      try FileManager.default.createDirectory(at: empty, withIntermediateDirectories: false)
      // What an ended restore leaves.
      try Data("x".utf8).write(to: empty.appendingPathComponent("store.json.tmp"))
      try await restore(copy, to: empty)
      #expect(try await missing(["waits"], in: empty).isEmpty)
      #expect(
        try FileManager.default.contentsOfDirectory(atPath: empty.path).allSatisfy {
          !$0.hasSuffix(".tmp")
        })
      #expect(try await run([folder.url.path, "--log", folder.path("b").path]).status == 74)
      #expect(try await run([copy.path, "--log", folder.path("no/where").path]).status == 1)
    }
  }
}

/// Messages sent by a few callers, each with one request at a time and a pause between them: the
/// backup is to find a server at work, not to fight for the processors.
private final class Load: Sendable {
  private let url: String
  private let acknowledged = NIOLockedValueBox<Set<String>>([])
  private let numbers = NIOLockedValueBox(0)

  init(url: String) { self.url = url }

  var answered: Set<String> { acknowledged.withLockedValue { $0 } }
  var count: Int { acknowledged.withLockedValue(\.count) }

  /// Until the server is gone.
  func start(_ port: Int) -> Task<Void, Never> {
    Task {
      await withTaskGroup(of: Void.self) { group in
        for _ in 0..<4 { group.addTask { await self.send(port) } }
      }
    }
  }

  private func send(_ port: Int) async {
    // Bodies that fill segments, and end in zeros: those are data, too.
    let body = String(repeating: "0123456789abcdef", count: 256)
    guard let connection = try? await RawConnection(port: port) else { return }
    var answers = 0
    while true {
      let number = numbers.withLockedValue { number in
        number += 1
        return number
      }
      let uuid = "m\(number)"
      let envelope = #"{"UUID":"\#(uuid)","Url":"\#(url)","Body":"\#(body)\#(number)\u0000"}"#
      let head =
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
        + "Content-Length: \(envelope.utf8.count)\r\n\r\n"
      guard (try? await connection.send(head + envelope)) != nil else { return }
      while true {
        let found = (try? Answer.parse(connection.received)) ?? []
        if found.count > answers {
          answers = found.count
          if found[answers - 1].status == 202 {
            acknowledged.withLockedValue { _ = $0.insert(uuid) }
          }
          break
        }
        if connection.isClosed { return }
        try? await Task.sleep(for: .milliseconds(1))
      }
      try? await Task.sleep(for: .milliseconds(5))
    }
  }
}
