import ArgumentParser
import Delivery
import Foundation
import Logging
import SegmentLog

/// Fills a log with pending messages, through the store itself.
struct FillCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fill", abstract: "Fills a log with pending messages.", shouldDisplay: false)

  @Option var log: String
  @Option var count: Int
  @Option var url: String
  @Option var bytes = 600

  func run() async throws {
    let store = try await openStore(log).store
    var samples = SampleMessages(seed: 11)
    let bodies = (0..<4096).map { _ in Array(samples.body(bytes: bytes).utf8) }
    let origin = try Origin(url: url)
    let (count, url) = (count, url)
    let batchSize = 512
    // Two batches at a time: one gathers while the other is synced.
    try await withThrowingTaskGroup(of: Void.self) { tasks in
      for lane in 0..<2 {
        tasks.addTask {
          var samples = SampleMessages(seed: 23 + UInt64(lane))
          for start in stride(from: lane * batchSize, to: count, by: 2 * batchSize) {
            let batch = (start..<min(start + batchSize, count)).map { index in
              Message(
                uuid: samples.uuid(), url: url, origin: origin,
                headers: [HeaderField(name: "Content-Type", value: "application/json")],
                body: bodies[(index &* 2_654_435_761) % bodies.count], timeoutMs: 10_000)
            }
            _ = try await store.enqueue(batch)
          }
        }
      }
      try await tasks.waitForAll()
    }
    await store.close()
  }
}

/// Recovers a log and says how long that took.
struct OpenCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "open", abstract: "Recovers a log.", shouldDisplay: false)

  @Option var log: String

  func run() async throws {
    let cpu = ownCPUSeconds()
    let start = nowNanoseconds()
    let (store, report) = try await openStore(log)
    let seconds = Double(nowNanoseconds() - start) / 1e9
    try RecoveryResult(
      seconds: seconds, cpuSeconds: ownCPUSeconds() - cpu, messages: report.pending,
      bytes: report.bytes
    ).printLine()
    await store.close()
  }
}

/// The floor of recovery: the same files in 1 MiB reads, each byte through zlib's crc32.
struct ReadFloorCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "read-floor", abstract: "Reads a log's files with a checksum.",
    shouldDisplay: false)

  @Option var log: String

  func run() throws {
    let cpu = ownCPUSeconds()
    let start = nowNanoseconds()
    var total: UInt64 = 0
    var sum: UInt32 = 0
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 4096)
    defer { buffer.deallocate() }
    for name in try FileManager.default.contentsOfDirectory(atPath: log).sorted()
    where name.hasPrefix("wal-") {
      let file = open("\(log)/\(name)", O_RDONLY | O_CLOEXEC)
      guard file >= 0 else { throw BenchError(description: "cannot read \(name)") }
      defer { close(file) }
      while true {
        let count = read(file, buffer.baseAddress, buffer.count)
        guard count > 0 else { break }
        sum = Checksum.crc32(UnsafeRawBufferPointer(rebasing: buffer[..<count]), seed: sum)
        total += UInt64(count)
      }
    }
    try RecoveryResult(
      seconds: Double(nowNanoseconds() - start) / 1e9, cpuSeconds: ownCPUSeconds() - cpu,
      messages: UInt64(sum), bytes: total
    ).printLine()
  }
}

extension RecoveryResult {
  func printLine() throws {
    print(String(decoding: try JSONEncoder().encode(self), as: UTF8.self))
    flushOutput()
  }
}

func openStore(
  _ log: String, dedupWindow: Duration? = nil
) async throws -> (store: SegmentLogStore, report: RecoveryReport) {
  var options = SegmentLogStore.Options()
  if let dedupWindow { options.dedupWindow = dedupWindow }
  let (store, report) = try await SegmentLogStore.open(
    directory: log, options: options, logger: Logger(label: "bench"),
    onFailure: { failure in
      FileHandle.standardError.write(Data("\(failure)\n".utf8))
      _exit(1)
    })
  return (store, report)
}
