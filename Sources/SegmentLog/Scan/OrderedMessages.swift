import Dispatch
import Synchronization

/// Turns the messages of a log into bytes, in the order of their sequences. While the caller's thread
/// reads frames ahead and writes out what is done, others format, as many as there are cores.
/// Memory: two rounds of `roundBytes` as they are stored and as they are written.
package struct OrderedMessages {
  /// Formats the messages of a batch into `out`. Called from several threads.
  package typealias Format = @Sendable (_ batch: FrameBatch, _ out: inout [UInt8]) -> Void

  private static let batchBytes = 256 << 10
  private static let roundBytes = 4 << 20

  private let chain: LogChain
  private let disk: any Disk
  private let includesBodies: Bool

  package init(_ chain: LogChain, on disk: any Disk, includesBodies: Bool) {
    self.chain = chain
    self.disk = disk
    self.includesBodies = includesBodies
  }

  /// `write` gets the bytes in order, and false from it ends the work. What could not be read is
  /// stepped over: the failures are the answer.
  package func run(
    in range: Range<Sequence> = 1..<Sequence.max, progress: @escaping PassProgress = { _, _ in },
    _ format: @escaping Format, write: ([UInt8]) -> Bool
  ) -> [DiskError] {
    let source = MessageSource(
      chain, on: disk, range: range, includesBodies: includesBodies, progress: progress)
    defer { source.close() }
    let buffers = Buffers()
    var round = Round(source.batches(of: Self.batchBytes, upTo: Self.roundBytes))
    round.start(format, buffers)
    while !round.isEmpty {
      // The caller's thread reads ahead and writes, the others format.
      let next = Round(source.batches(of: Self.batchBytes, upTo: Self.roundBytes))
      let formatted = round.finish()
      round = next
      round.start(format, buffers)
      guard formatted.allSatisfy(write) else { break }
      buffers.give(formatted)
    }
    _ = round.finish()
    return source.failures
  }

  /// Batches that are formatted on other threads.
  private struct Round {
    /// How much longer text is than what is stored, roughly.
    private static let growth = 5
    private let batches: [FrameBatch]
    private let outputs: Outputs
    private let group = DispatchGroup()

    init(_ batches: [FrameBatch]) {
      self.batches = batches
      outputs = Outputs(count: batches.count)
    }

    var isEmpty: Bool { batches.isEmpty }

    func start(_ format: @escaping Format, _ buffers: Buffers) {
      let outputs = outputs
      for (index, batch) in batches.enumerated() {
        DispatchQueue.global().async(group: group) {
          var out = buffers.take()
          out.reserveCapacity(batch.size * Self.growth)
          format(batch, &out)
          outputs.set(index, out)
        }
      }
    }

    /// Waits for all.
    func finish() -> [[UInt8]] {
      group.wait()
      return outputs.take()
    }
  }

  /// Memory that was written to before: pages of the system's that are new cost as much as filling
  /// them.
  private final class Buffers: Sendable {
    private let empty = Mutex<[[UInt8]]>([])
    func take() -> [UInt8] { empty.withLock { $0.popLast() } ?? [] }

    /// No more than a round has.
    func give(_ used: [[UInt8]]) {
      empty.withLock { empty in
        empty = used
        for index in empty.indices { empty[index].removeAll(keepingCapacity: true) }
      }
    }
  }

  private final class Outputs: Sendable {
    private let bytes: Mutex<[[UInt8]]>
    init(count: Int) { bytes = Mutex([[UInt8]](repeating: [], count: count)) }
    func set(_ index: Int, _ output: [UInt8]) { bytes.withLock { $0[index] = output } }
    func take() -> [[UInt8]] {
      bytes.withLock { bytes in
        defer { bytes = [] }
        return bytes
      }
    }
  }
}
