import Logging
import SegmentLog

/// What a start found, as log lines.
struct RecoveryLines {
  struct Line: Equatable {
    var level: Logger.Level
    var message: String
    var fields: Logger.Metadata = [:]
  }

  /// One line of numbers, one for each thing that a person should know, and one for each damage.
  static func lines(_ report: RecoveryReport, log: String, took: Duration) -> [Line] {
    var lines = [
      Line(
        level: .info, message: "log recovered",
        fields: [
          "log": "\(log)", "pending": "\(report.pending)", "dead": "\(report.dead)",
          "segments": "\(report.segments)", "frames": "\(report.frames)",
          "bytes": "\(report.bytes)", "clean_stop": "\(report.cleanStop)",
          "relogged_frames": "\(report.reloggedFrames)",
          "torn_tail_bytes": "\(report.tornTailBytes)", "took_ms": "\(took.milliseconds)",
        ])
    ]
    if report.tornTailBytes > 0 {
      lines.append(
        Line(
          level: .notice,
          message: "the end of the log was torn, as a crash leaves it: nothing in it was answered",
          fields: ["bytes": "\(report.tornTailBytes)"]))
    }
    lines += report.notes.map { Line(level: .notice, message: $0) }
    lines += report.damage.map { damage in
      var fields: Logger.Metadata = ["file": "\(damage.file)", "reason": "\(damage.reason)"]
      if let offset = damage.offset { fields["offset"] = "\(offset)" }
      if let lost = damage.lost {
        fields["lost_messages"] =
          lost.count == 1 ? "\(lost.lowerBound)" : "\(lost.lowerBound)-\(lost.upperBound)"
      }
      return Line(
        level: .error,
        message: "the log is damaged: see what is lost with \"log-inspect \(log) --verify\"",
        fields: fields)
    }
    return lines
  }
}
