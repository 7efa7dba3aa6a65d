import Delivery
import FoundationEssentials
import SegmentLog

/// Looking at the damage of a stopped server's log, and giving up what is lost.
enum Repair {
  struct Failure: Error {
    var status: ExitStatus
    var reason: String
  }

  static func examine(
    _ path: String, _ configuration: Configuration
  ) throws(Failure) -> LogRepair.Examined {
    try withLog(path, readOnly: true) { (disk) throws(LogRepair.Failure) in
      try LogRepair.examine(
        disk, remembering: configuration.duplicateLimits, nowMs: SystemClock().logMs(of: disk))
    }
  }

  static func accept(
    _ path: String, _ configuration: Configuration
  ) throws(Failure) -> LogRepair.Repaired {
    try withLog(path, readOnly: false) { (disk) throws(LogRepair.Failure) in
      try LogRepair.accept(
        disk, remembering: configuration.duplicateLimits, nowMs: SystemClock().logMs(of: disk))
    }
  }

  private static func withLog<Answer>(
    _ path: String, readOnly: Bool, _ body: (any Disk) throws(LogRepair.Failure) -> Answer
  ) throws(Failure) -> Answer {
    guard LogDoor.holdsLog(path) else {
      throw Failure(status: .log, reason: "\(path): there is no log here")
    }
    let directory: LogDirectory
    do throws(LogOpenError) {
      directory = try LogDirectory(path: path, readOnly: readOnly)
    } catch {
      let problem = ServeFailure(error)
      let hint = problem.status == .logInUse ? "; stop the server first" : ""
      throw Failure(status: problem.status, reason: problem.reason + hint)
    }
    defer { directory.unlock() }
    do throws(LogRepair.Failure) { return try body(directory.disk) } catch {
      throw Failure(status: .log, reason: "\(path): \(error)")
    }
  }
}
