import FoundationEssentials
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
          "log": "\(log)", "pending": .stringConvertible(report.pending),
          "dead": .stringConvertible(report.dead),
          "segments": .stringConvertible(report.segments),
          "frames": .stringConvertible(report.frames), "bytes": .stringConvertible(report.bytes),
          "clean_stop": .stringConvertible(report.cleanStop),
          "relogged_frames": .stringConvertible(report.reloggedFrames),
          "torn_tail_bytes": .stringConvertible(report.tornTailBytes),
          "took_ms": .stringConvertible(took.milliseconds),
        ])
    ]
    if report.tornTailBytes > 0 {
      lines.append(
        Line(
          level: .notice,
          message: "the end of the log was torn, as a crash leaves it: nothing in it was answered",
          fields: ["bytes": .stringConvertible(report.tornTailBytes)]))
    }
    lines += report.notes.map { Line(level: .notice, message: $0) }
    lines += report.damage.map { line($0, log: log) }
    if !report.acceptedDamage.isEmpty || report.lost > 0 {
      lines.append(
        Line(
          level: .notice, message: "damage that was accepted before is no news",
          fields: [
            "places": .stringConvertible(report.acceptedDamage.count),
            "lost": .stringConvertible(report.lost),
          ]))
    }
    return lines
  }

  /// What the running log found.
  static func lines(_ news: LogNews, log: String) -> [Line] {
    news.notes.map { Line(level: .warning, message: $0) } + news.damage.map { line($0, log: log) }
  }

  /// There was no log. What nobody wanted is seen here first: a directory in which something should
  /// have been mounted is as empty as a new one.
  static func created(log: String) -> Line {
    Line(
      level: .notice,
      message: "there was no log: a new one is begun; if there should be one, look whether its "
        + "volume is mounted, and set require_log",
      fields: ["directory": "\(absolute(log))"])
  }

  /// The same where `require_log` refuses it.
  static func missing(log: String) -> String {
    "log: there is no log in \(absolute(log)), and require_log asks for one: its volume may not be "
      + "mounted; for a first start set it to false"
  }

  private static func absolute(_ path: String) -> String {
    URL(fileURLWithPath: path).standardizedFileURL.path
  }

  private static func line(_ damage: Damage, log: String) -> Line {
    var fields: Logger.Metadata = ["file": "\(damage.file)", "reason": "\(damage.reason)"]
    if let offset = damage.offset { fields["offset"] = .stringConvertible(offset) }
    if let bytes = damage.bytes { fields["bytes"] = .stringConvertible(bytes) }
    if let lost = damage.lost {
      // Which ones, by their numbers: a text, also where it is one.
      fields["lost_messages"] =
        lost.lowerBound == lost.upperBound
        ? "\(lost.lowerBound)" : "\(lost.lowerBound)-\(lost.upperBound)"
      if damage.ended > 0 { fields["had_ended"] = .stringConvertible(damage.ended) }
    }
    if !damage.uuids.isEmpty { fields["lost_uuids"] = "\(damage.uuids.joined(separator: ","))" }
    return Line(
      level: .error,
      message: "the log is damaged: see what is lost with \"dispatcher repair --log \(log)\", "
        + "and go on without it with --accept",
      fields: fields)
  }
}
