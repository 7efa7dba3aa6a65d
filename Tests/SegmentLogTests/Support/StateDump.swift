@testable import SegmentLog

/// What a core says of a store, as text: the accounting, every message that is known by its UUID,
/// and what waits for whom.
enum StateDump {
  static func text(of core: LogCore, on disk: any Disk, known: [NewRecord]) -> String {
    let totals = core.totals
    var out = "accepted \(totals.accepted) delivered \(totals.delivered) dead \(totals.dead)"
    out += " cancelled \(totals.cancelled) next \(core.state.nextSequence)\n"
    let reader = LogReader(disk: disk)
    for record in known {
      guard let status = core.lookup(key: record.key, uuid: record.uuid) else { continue }
      out += line(status, record, reader, core)
    }
    for backlog in core.destinationsWithPending().sorted(by: { $0.origin < $1.origin }) {
      out += "waiting for \(backlog.origin): \(backlog.count)\n"
      var after: Sequence = 0
      while true {
        let plan = core.walkPlan(destination: backlog.origin, after: after, limit: 100)
        for entry in reader.entries(of: plan) {
          out += "  \(entry.sequence) accepted \(entry.acceptedAtMs) \(entry.start)"
          out += " attempts \(entry.attempts) due \(number(entry.retry?.dueAtMs))"
          out += " age \(number(entry.maxAgeMs)) limit \(number(entry.maxAttempts))\n"
        }
        guard let next = plan.next else { break }
        after = next
      }
    }
    return out
  }

  private static func line(
    _ status: RecordStatus, _ record: NewRecord, _ reader: LogReader, _ core: LogCore
  ) -> String {
    var out = "\(status.sequence) \(String(decoding: record.uuid, as: UTF8.self)) \(status.state)"
    out += " attempts \(status.attempts) status \(status.lastStatus)"
    out += " accepted \(status.acceptedAtMs) \(status.start)"
    out += " due \(number(status.retry?.dueAtMs)) of \(number(status.retry?.delayMs))"
    out += " to \(status.destination ?? "-")"
    if status.location != nil, let payload = reader.payloads(at: core.locate([status.sequence]))[0]
    {
      out += " payload \(payload.count) bytes, crc \(payload.withBytes { Checksum.crc32($0) })"
      if payload != record.payload { out += " (ANOTHER)" }
    }
    if let note = status.note { out += " note \"\(reader.note(at: note) ?? "UNREADABLE")\"" }
    return out + "\n"
  }

  private static func number(_ value: (some BinaryInteger)?) -> String {
    value.map { "\($0)" } ?? "-"
  }
}
