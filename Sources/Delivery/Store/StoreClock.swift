import SegmentLog
import Synchronization

/// The machine's clocks and, from the moment that the log is open, the log's own.
final class StoreClock: Clock {
  private let machine: any Clock
  /// The log's time less `monotonic`, ms; `unknown` as long as the log is not open.
  private let shiftMs = Atomic<Int64>(unknown)
  private static let unknown = Int64.min

  init(_ machine: any Clock) { self.machine = machine }

  func begin(_ clock: LogClock) { shiftMs.store(clock.shiftMs, ordering: .releasing) }

  func monotonic() -> Duration { machine.monotonic() }
  func wallMs() -> UInt64 { machine.wallMs() }
  var boot: String? { machine.boot }

  func logMs() -> UInt64 {
    let shift = shiftMs.load(ordering: .acquiring)
    guard shift != Self.unknown else { return machine.wallMs() }
    return UInt64(max(0, Int64(clamping: machine.uptimeMs()) + shift))
  }

  func uptimeMs() -> UInt64 { machine.uptimeMs() }

  func machineTime() -> MachineTime {
    MachineTime(wallMs: machine.wallMs(), uptimeMs: machine.uptimeMs(), boot: machine.boot)
  }
}
