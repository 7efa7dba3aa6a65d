import Delivery
import Dispatch
import Glibc
import SegmentLog
import Synchronization

/// Writes whole lines to a file descriptor from a thread of its own, so that a terminal or pipe
/// that does not take them holds up that thread and nobody else. At most `bytesMax` wait; what
/// comes beyond is dropped and counted, and the count is written once there is room again.
final class LineWriter: Sendable {
  private struct State {
    var waiting: [UInt8] = []
    var dropped = 0
    /// The thread is between taking bytes and having written them.
    var writing = false
    /// The `errno` of the first write that failed.
    var failure: CInt?
  }

  private let state = Mutex(State())
  private let work = DispatchSemaphore(value: 0)
  private let descriptor: CInt
  private let bytesMax: Int

  init(descriptor: CInt, bytesMax: Int = 1 << 20) {
    self.descriptor = descriptor
    self.bytesMax = bytesMax
    // Where the system has no thread for it, lines are dropped like those that nobody reads.
    try? RealThread.start("log") { [self] in run() }
  }

  /// Hands a line over, its newline included. Never blocks.
  func write(_ line: [UInt8]) {
    let wake = state.withLock { state in
      guard state.waiting.count + line.count <= bytesMax else {
        state.dropped += 1
        return false
      }
      let wasEmpty = state.waiting.isEmpty
      state.waiting.append(contentsOf: line)
      return wasEmpty
    }
    if wake { work.signal() }
  }

  /// The `errno` with which lines were lost first; nil while none was.
  var failure: CInt? { state.withLock { $0.failure } }

  /// Waits until what was handed over is written, or until the time is up. For the end of the
  /// process only: it blocks.
  func flush(within seconds: Int = 1) {
    for _ in 0..<seconds * 1000 {
      if state.withLock({ $0.waiting.isEmpty && !$0.writing }) { return }
      usleep(1000)
    }
  }

  private func run() {
    while true {
      work.wait()
      let (bytes, dropped) = state.withLock { state in
        let taken = (state.waiting, state.dropped)
        state.waiting = []
        state.dropped = 0
        state.writing = true
        return taken
      }
      let failure = OutputFile.writeAll(bytes, to: descriptor)
      if dropped > 0 {
        OutputFile.writeAll(
          "(\(dropped) log lines dropped: nobody read them)\n".utf8, to: descriptor)
      }
      state.withLock { state in
        state.writing = false
        state.failure = state.failure ?? failure
      }
    }
  }
}
