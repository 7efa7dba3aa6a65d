import SegmentLog
import Synchronization

/// One line per message.
struct RecordsView {
  let records: LogRecords
  let json: Bool

  /// How many there were, and what could not be read.
  func print(to output: Output) -> (count: UInt64, failures: [DiskError]) {
    if !json {
      output.line("sequence uuid destination accepted state attempts last-status bytes last-error")
    }
    let json = json
    let count = Atomic<UInt64>(0)
    let failures = records.forEach(
      { record, out in
        count.add(1, ordering: .relaxed)
        if json { Self.json(record, &out) } else { Self.text(record, &out) }
      }, write: output.write)
    return (count.load(ordering: .relaxed), failures)
  }

  private static func text(_ record: MessageRecord, _ out: inout [UInt8]) {
    let space = UInt8(ascii: " ")
    out.append(number: record.sequence)
    out.append(space)
    out.append(record.uuid)
    out.append(space)
    out.append(printable: record.destination)
    out.append(space)
    out.append(time: record.acceptedAtMs)
    out.append(space)
    out.append(record.state.name)
    out.append(space)
    out.append(number: UInt64(record.attempts))
    out.append(space)
    if record.lastStatus == 0 {
      out.append(UInt8(ascii: "-"))
    } else {
      out.append(number: UInt64(record.lastStatus))
    }
    out.append(space)
    out.append(number: UInt64(record.payloadBytes))
    if !record.lastError.isEmpty {
      out.append(space)
      out.append(printable: record.lastError)
    }
    out.append(UInt8(ascii: "\n"))
  }

  private static func json(_ record: MessageRecord, _ out: inout [UInt8]) {
    JSONObject.line(into: &out) { object in
      object.add("Sequence", record.sequence)
      object.add("UUID", record.uuid)
      object.add("Destination", record.destination)
      object.add("AcceptedAt", time: record.acceptedAtMs)
      object.add("State", record.state.name)
      object.add("Attempts", record.attempts)
      object.add("LastStatus", record.lastStatus)
      object.add("LastError", record.lastError)
      object.add(record.start)
      object.add("MaxAge", record.maxAgeMs)
      object.add("MaxAttempts", record.maxAttempts.map(UInt64.init))
      object.add("PayloadBytes", record.payloadBytes)
      object.add("File", record.file)
      object.add("Segment", record.segment)
      object.add("FrameOffset", record.frameOffset)
    }
  }
}

extension JSONObject {
  /// When the message may first be tried; nothing for one that may at once.
  mutating func add(_ start: RecordStart) {
    switch start {
    case .atOnce: break
    case .delay(let ms): add("Delay", ms)
    case .notBefore(let unixMs): add("NotBefore", time: LogTimes.logMs(unixMs))
    }
  }
}
