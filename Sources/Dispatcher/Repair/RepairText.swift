import SegmentLog

/// What `dispatcher repair` prints.
enum RepairText {
  private static let undamaged = "nothing is damaged"

  /// Each damage with what is lost, the sums, and what can be done.
  static func text(_ examined: LogRepair.Examined, log: String) -> String {
    let report = examined.report
    guard !examined.damage.isEmpty else {
      return ([undamaged] + before(report)).joined(separator: "\n")
    }
    var lines = examined.damage.flatMap(lines)
    lines += before(report)
    lines.append(
      "\(places(examined.damage)), \(messages(examined.damage.map(\.lostCount).reduce(0, +))) lost; "
        + "nothing was changed")
    lines.append(
      "the damaged bytes are copied to \(log)/\(FileNames.quarantine) at the next start; what can be "
        + "read is written out with \"log-inspect \(log) --salvage FILE\"")
    lines.append(
      "a good copy of a file can be put back now; \"dispatcher repair --log \(log) --accept\" gives "
        + "the lost messages up, and the next start takes new ones again")
    return lines.joined(separator: "\n")
  }

  static func text(_ repaired: LogRepair.Repaired) -> String {
    let loss = repaired.loss
    guard !loss.damage.isEmpty else { return undamaged }
    let totals = repaired.totals
    var lines = loss.damage.flatMap(lines)
    lines.append(
      "accepted: \(places(loss.damage)), \(messages(loss.messages)) given up as lost, counted as "
        + "cancelled")
    lines.append(
      "\(totals.accepted) accepted = \(totals.delivered) delivered + \(totals.dead) dead + "
        + "\(totals.cancelled) cancelled or lost + \(totals.pending) pending")
    return lines.joined(separator: "\n")
  }

  private static func lines(_ damage: Damage) -> [String] {
    guard !damage.uuids.isEmpty, damage.lostCount > 0 else { return ["\(damage)"] }
    let rest = damage.lostCount.subtractingReportingOverflow(UInt64(damage.uuids.count))
    let more = rest.overflow || rest.partialValue == 0 ? [] : ["  … \(rest.partialValue) more"]
    return ["\(damage)"] + damage.uuids.map { "  lost: \($0)" } + more
  }

  private static func before(_ report: RecoveryReport) -> [String] {
    guard !report.acceptedDamage.isEmpty || report.lost > 0 else { return [] }
    return [
      "accepted before: \(places(report.acceptedDamage)), \(messages(report.lost)) given up as lost"
    ]
  }

  private static func places(_ damage: [Damage]) -> String {
    damage.count == 1 ? "1 damaged place" : "\(damage.count) damaged places"
  }

  private static func messages(_ count: UInt64) -> String {
    count == 1 ? "1 message" : "\(count) messages"
  }
}
