import Delivery
import Foundation
import Logging
import SegmentLog
import Testing

@testable import Dispatcher

@Suite struct CompactionTests {
  @Test("what was removed and kept is printed with the reason, and the bytes at the end")
  func text() {
    let report = CompactionReport(
      removed: [
        SegmentOverview(
          id: 1, file: "wal-0000000000000001.seg", state: .sealed, messages: 1,
          storedBytes: 67_108_864)
      ],
      kept: [
        SegmentOverview(
          id: 2, file: "wal-0000000000000002.seg", state: .active, messages: 500, live: 3,
          storedBytes: 1_258_291, keptBecause: "3 live messages")
      ], bytesBefore: 134_217_728, bytesAfter: 67_108_864)
    #expect(
      CompactionText.text(report) == """
        removed  wal-0000000000000001.seg     64.0 MiB  nothing of 1 message is left in it
        kept     wal-0000000000000002.seg      1.1 MiB  3 of 500 messages live: 3 live messages
        1 removed, 1 kept; 128.0 MiB before, 64.0 MiB after
        """)
  }

  @Test("the answer of a running server says the same as a compaction done here")
  func answer() throws {
    let body = """
      {"Removed":[],"Kept":[{"Id":2,"File":"wal-0000000000000002.seg","State":"active",
      "Frames":1,"Messages":5,"Live":3,"RawBytes":10,"StoredBytes":9,"FirstAt":null,
      "LastAt":"2026-11-24T08:00:00.000Z","KeptBecause":"active"}],
      "BytesBefore":7,"BytesAfter":6}
      """
    #expect(
      CompactionAnswer.report(Array(body.utf8))
        == CompactionReport(
          removed: [],
          kept: [
            SegmentOverview(
              id: 2, file: "wal-0000000000000002.seg", state: .active, messages: 5, live: 3,
              storedBytes: 9, keptBecause: "active")
          ], bytesBefore: 7, bytesAfter: 6))
    #expect(CompactionAnswer.report(Array("{}".utf8)) == nil)
    let failed = try #require(
      CompactionAnswer.report(
        Array(#"{"Removed":[],"Kept":[],"BytesBefore":7,"BytesAfter":7,"Problems":["x"]}"#.utf8)))
    #expect(CompactionText.text(failed).hasPrefix("problem: x\n0 removed"))
  }

  @Test("a plan is printed with a reason for each file")
  func plan() throws {
    let body = """
      {"Segments":[{"File":"wal-1","Job":0,"Reason":"1 of 9 live"},
      {"File":"wal-22","Job":null,"Reason":"active"}],
      "Progress":{"Jobs":4,"Done":1,"Bytes":125,"Expected":100}}
      """
    let preview = try #require(PreviewAnswer.preview(Array(body.utf8)))
    #expect(
      CompactionText.text(preview) == """
        compact  wal-1   1 of 9 live
        leave    wal-22  active
        1 of 2 segments would be compacted, into 1 at most; nothing was done
        """)
    let progress = try #require(preview.progress)
    #expect(CompactionWatch.line(progress) == "[############.............] 50 %, 1 of 4 done")
  }

  @Test("the log of a stopped server is compacted in place, and what waits stays")
  func stopped() async throws {
    let directory = try TemporaryDirectory()
    let log = directory.path + "/log"
    try await withLog(log) { _ = try await $0.enqueue([message("m1")]) }
    let place = try Compaction.place(directory: log, Configuration(), token: nil)
    let before = try FileManager.default.contentsOfDirectory(atPath: log).sorted()
    let preview = try await Compaction.preview(
      at: place, Configuration())
    #expect(preview.decisions.map(\.file).contains("wal-0000000000000001.seg"))
    #expect(try FileManager.default.contentsOfDirectory(atPath: log).sorted() == before)
    let report = try await Compaction.run(at: place, Configuration())
    #expect(report.kept.first?.keptBecause != nil)
    #expect(report.kept.contains { $0.file == "cold-0000000000000001.seg" && $0.live == 1 })
    try await withLog(log) { store in
      let status = try await store.lookup(uuid: "m1")
      #expect(status?.state == .ready)
    }
  }

  @Test("verbs on a stopped log remember as long as the configuration says")
  func limits() {
    var configuration = Configuration()
    configuration.dedupWindow = .seconds(7 * 86_400)
    configuration.dedupMax = 5
    let limits = configuration.duplicateLimits
    #expect(limits.windowMs == 7 * 86_400_000 && limits.countMax == 5)
  }

  @Test("on a log that another process holds, nothing is done here")
  func held() async throws {
    let directory = try TemporaryDirectory()
    let log = directory.path + "/log"
    try await withLog(log) { _ in
      // The configured admin listener belongs to another log.
      let failure = #expect(throws: Compaction.Failure.self) {
        _ = try Compaction.place(directory: log, Configuration(), token: nil)
      }
      #expect(failure?.status == .logInUse)
      #expect(failure?.reason.contains("--admin") == true)
    }
  }

  @Test("a directory that holds no log is not made into one")
  func noLog() throws {
    let directory = try TemporaryDirectory()
    try directory.write("x", to: "notes.txt")
    for path in [directory.path, directory.path + "/missing", directory.path + "/notes.txt"] {
      let failure = #expect(throws: Compaction.Failure.self) {
        _ = try Compaction.place(directory: path, Configuration(), token: nil)
      }
      #expect(failure?.status == .log)
      #expect(failure?.reason == "\(path): there is no log here")
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path) == ["notes.txt"])
  }

  private func withLog(
    _ path: String, _ body: (SegmentLogStore) async throws -> Void
  ) async throws {
    var options = SegmentLogStore.Options()
    options.segmentSize = 256 << 10
    let (store, _) = try await SegmentLogStore.open(
      directory: path, options: options, logger: Logger(label: "test"),
      onFailure: { Issue.record("\($0)") })
    do {
      try await body(store)
    } catch {
      await store.close()
      throw error
    }
    await store.close()
  }

  private func message(_ uuid: String) -> Message {
    Message(uuid: uuid, url: "http://b/", origin: Origin(normalised: "http://b:80"))
  }
}
