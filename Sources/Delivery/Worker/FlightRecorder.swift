/// Remembers beyond the end of the process which messages are being attempted. Both calls are made
/// around every attempt, on the tasks that make them, and must not block.
package protocol FlightRecorder: Sendable {
  /// What earlier ends of the process have left.
  var suspects: CrashSuspects { get }
  func began(_ ref: MessageRef)
  func ended(_ ref: MessageRef)
}
