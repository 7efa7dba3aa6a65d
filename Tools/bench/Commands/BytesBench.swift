import ArgumentParser
import Delivery
import Foundation
import SegmentLog

/// Bytes on disk per message beside the bytes of its envelope as it is posted.
struct BytesBench: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bytes",
    abstract: "Space: bytes on disk beside the bytes of the envelopes as posted.",
    discussion: """
      Each row writes its messages into a log of its own and reports them delivered (those before
      --keep stay pending for the last row). Counted are all files of the log after a clean stop:
      heads, directories, outcomes and checkpoints, but not the zeros that are put by for a full disk
      and for the next segment: their size is the same for any number of messages. The last row counts
      the files that hold what is still pending, per pending message, after everything else was
      compacted away.
      """)

  @Option(help: "Messages per row.") var count = 20_000
  @Option(help: "Messages of the compacted log; it takes several segments.") var compacted = 400_000
  @Option(help: "Every so manieth message of the compacted log stays pending.") var keep = 5
  @Option(help: "Bytes of the message bodies.") var bytes = 600
  @Option(help: "Where the log is written (default: the working directory).") var directory: String?

  func run() async throws {
    let scratch = try Scratch(parent: directory)
    let widths = [26, 10, 14, 14, 8, 8]
    print(
      row(
        ["written", "messages", "posted bytes", "bytes on disk", "ratio", "limit"], widths: widths))
    for (title, batch, limit) in [("alone", 1, 0.75), ("in batches of 16", 16, 0.36)] {
      let log = scratch.path("log-\(batch)").path
      let posted = try await write(log, count: count, batch: batch, keep: nil)
      show(title, count, posted, try Self.bytes(in: log), limit, widths)
    }
    try await compact(scratch.path("log-compacted").path, widths)
  }

  private func compact(_ log: String, _ widths: [Int]) async throws {
    let posted = try await write(log, count: compacted, batch: 16, keep: keep)
    let before = try Self.bytes(in: log)
    let pending = (compacted + keep - 1) / keep
    let postedPending = posted * pending / compacted
    let store = try await openStore(log, dedupWindow: .zero).store
    let report = try await store.compact()
    await store.close()
    let after = try Self.bytes(in: log)
    show("after compaction", pending, postedPending, after, 0.30, widths)
    print(
      """
      1 of \(keep) of \(compacted) messages stays pending; compaction took the files from \
      \(before) to \(after) bytes (\(report.bytesBefore) to \(report.bytesAfter) while it ran)
      """)
  }

  private func show(
    _ title: String, _ messages: Int, _ posted: Int, _ onDisk: Int, _ limit: Double, _ widths: [Int]
  ) {
    print(
      row(
        [
          title, "\(messages)", fixed(Double(posted) / Double(messages), 1),
          fixed(Double(onDisk) / Double(messages), 1), fixed(Double(onDisk) / Double(posted), 3),
          fixed(limit),
        ], widths: widths))
  }

  /// - Returns: bytes of the envelopes as posted.
  private func write(_ log: String, count: Int, batch: Int, keep: Int?) async throws -> Int {
    let store = try await openStore(log).store
    var samples = SampleMessages(seed: 31)
    let url = "http://orders.internal:8080/hooks/orders"
    let origin = try Origin(url: url)
    var posted = 0
    var outcomes: [Change] = []
    var recorded: Task<Void, any Error>?
    for start in stride(from: 0, to: count, by: batch) {
      let messages = (start..<min(start + batch, count)).map { _ in
        let body = samples.body(bytes: bytes)
        let uuid = samples.uuid()
        posted += SampleMessages.envelope(uuid: uuid, url: url, body: body, delayMs: nil).utf8.count
        return Message(
          uuid: uuid, url: url, origin: origin,
          headers: [HeaderField(name: "Content-Type", value: "application/json")],
          body: Array(body.utf8), timeoutMs: 10_000)
      }
      // What became of the messages before rides the commit of these, as it does in a busy service.
      let earlier = outcomes
      let recording = Task { try await record(earlier, in: store) }
      let admissions = try await store.enqueue(messages)
      try await recorded?.value
      recorded = recording
      outcomes = admissions.enumerated().compactMap { offset, admission in
        guard case .stored(let ref) = admission,
          keep.map({ (start + offset) % $0 != 0 }) ?? true
        else { return nil }
        let result = AttemptNote(status: 200)
        return .finish(ref, Ending(kind: .delivered, attempts: 1, result: result))
      }
    }
    try await recorded?.value
    try await record(outcomes, in: store)
    await store.close()
    return posted
  }

  private func record(_ changes: [Change], in store: SegmentLogStore) async throws {
    guard !changes.isEmpty else { return }
    _ = try await store.record(changes, under: LaneGrant(lane: 0, epoch: 1), hurry: false)
  }

  /// Of all files that hold anything, as long as they are.
  private static func bytes(in log: String) throws -> Int {
    let files = try FileManager.default.subpathsOfDirectory(atPath: log)
    return try files.filter { !isPutBy($0) }.reduce(0) { sum, file in
      let attributes = try FileManager.default.attributesOfItem(atPath: "\(log)/\(file)")
      guard attributes[.type] as? FileAttributeType == .typeRegular else { return sum }
      return sum + (attributes[.size] as? Int ?? 0)
    }
  }

  private static func isPutBy(_ file: String) -> Bool {
    file == FileNames.next || FileNames.reserves.contains(file)
  }
}
