import Foundation
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
        removed  wal-0000000000000001.seg     64.0 MiB  all of 1 message ended
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
  }

  @Test("a directory that holds no log is not made into one")
  func noLog() async throws {
    let directory = try TemporaryDirectory()
    try directory.write("x", to: "notes.txt")
    for path in [directory.path, directory.path + "/missing", directory.path + "/notes.txt"] {
      let failure = await #expect(throws: Compaction.Failure.self) {
        try await Compaction.run(directory: path, Configuration(), token: nil)
      }
      #expect(failure?.status == .log)
      #expect(failure?.reason == "\(path): there is no log here")
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path) == ["notes.txt"])
  }
}
