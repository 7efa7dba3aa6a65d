/// Time as it is passed in. Waits use `monotonic` (CLOCK_BOOTTIME: goes on while the machine
/// sleeps, never steps); only an absolute `NotBefore`, ages and what is shown to people look at
/// `wallMs`.
package protocol Clock: Sendable {
  /// Since an arbitrary start.
  func monotonic() -> Duration
  /// Milliseconds since 1970.
  func wallMs() -> UInt64
}
