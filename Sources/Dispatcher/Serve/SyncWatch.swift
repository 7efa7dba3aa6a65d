import Logging
import SegmentLog

/// Says when a sync hangs, and when it has ended. The thread that waits for it can't.
struct SyncWatch {
  private var isTold = false

  /// A line for what is seen now; nil: nothing new.
  mutating func look(_ hanging: HangingSync?) -> RecoveryLines.Line? {
    guard isTold != (hanging != nil) else { return nil }
    isTold = hanging != nil
    guard let hanging else {
      return RecoveryLines.Line(level: .notice, message: "the disk answers again")
    }
    return RecoveryLines.Line(
      level: .error,
      message: "the disk does not answer: what waits for this sync is not answered before it ends",
      fields: ["file": "\(hanging.file)", "seconds": .stringConvertible(hanging.seconds)])
  }

  /// Looks once in a second, until the task is cancelled.
  static func run(_ logger: Logger, _ hanging: @Sendable () -> HangingSync?) async {
    var watch = SyncWatch()
    while !Task.isCancelled {
      if let line = watch.look(hanging()) {
        logger.log(level: line.level, "\(line.message)", metadata: line.fields)
      }
      try? await Task.sleep(for: .seconds(1))
    }
  }
}
