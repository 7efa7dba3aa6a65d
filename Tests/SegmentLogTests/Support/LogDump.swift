@testable import SegmentLog

/// Everything that a log says, as text: to compare what was read with what is read.
enum LogDump {
  static func text(of disk: any Disk) throws -> String {
    var out = ""
    let chain = try LogChain.read(disk)
    for problem in chain.problems { out += "problem \(problem)\n" }
    for segment in chain.segments {
      out += "segment \(segment.id) \(segment.size) bytes\n"
      dump(segment.header, to: &out)
      let file = try disk.open(segment.name, .readOnly)
      defer { file.close() }
      let reader = FrameReader(file: file, salt: segment.header.salt)
      let verdict = try SegmentWalk.run(segment, on: disk, checksBlocks: true) {
        (frame, scanner) throws(DiskError) in
        dump(frame, scanner.directory, to: &out)
        dumpTexts(frame, reader, to: &out)
      }
      if let verdict { dump(verdict, to: &out) }
    }
    return out
  }

  private static func dump(_ header: SegmentHeader, to out: inout String) {
    out += "  first sequence \(header.firstSequence), frame \(header.firstFrameNumber)"
    out += ", created \(header.createdMs), store \(header.store), salt \(header.salt)\n"
    let totals = header.totals
    out += "  totals \(totals.accepted) \(totals.delivered) \(totals.dead) \(totals.cancelled)\n"
    if let before = header.predecessor {
      out += "  after \(before.id) \(before.durableLength) \(before.lastSequence) "
      out += "\(before.lastFrameCRC)\n"
    }
  }

  private static func dump(
    _ frame: ScannedFrame, _ directory: FrameDirectory, to out: inout String
  ) {
    let head = frame.head
    out += "frame \(head.frameNumber) at \(frame.offset) type \(head.type) base "
    out += "\(head.baseSequence) time \(head.committedAtMs) synced \(head.syncedUpTo) bad "
    out += "\(frame.badBlocks) problem \(frame.problem.map { "\($0)" } ?? "none")\n"
    for definition in directory.destinations {
      out += "  destination \(definition.id) \(definition.origin)\n"
    }
    for message in directory.messages {
      out += "  message \(message.sequence) "
      out += String(decoding: directory.uuid(of: message), as: UTF8.self)
      out += " key \(message.key.high) \(message.key.low) hash \(message.contentHash)"
      out += " to \(message.destination) start \(message.start)"
      out += " age \(message.maxAgeMs.map { "\($0)" } ?? "-")"
      out += " attempts \(message.maxAttempts.map { "\($0)" } ?? "-")\n"
    }
    for attempt in directory.attempts {
      out += "  attempt \(attempt.sequence) \(attempt.count) \(attempt.delayMs) \(attempt.status)\n"
    }
    for outcome in directory.outcomes {
      out += "  outcome \(outcome.sequence) \(outcome.kind) \(outcome.attempts) \(outcome.status)\n"
    }
    for control in directory.controls { out += "  control \(control.kind) \(control.bytes)\n" }
  }

  private static func dumpTexts(
    _ frame: ScannedFrame, _ reader: FrameReader, to out: inout String
  ) {
    do throws(FrameError) {
      let whole = try reader.frame(at: frame.offset)
      let sequences = whole.directory.messages.map(\.sequence)
      for (sequence, payload) in zip(sequences, try reader.payloads(sequences, of: whole)) {
        let crc = payload?.withBytes { Checksum.crc32($0) } ?? 0
        out += "  payload \(sequence) \(payload?.count ?? -1) bytes crc \(crc)\n"
      }
      for note in whole.directory.notes {
        out += "  note \(note.sequence) \(note.attempts) \(text(note.previous)) "
        out += "\(try reader.text(note, of: whole))\n"
      }
    } catch {
      out += "  unreadable: \(error)\n"
    }
  }

  private static func text(_ previous: PreviousNote) -> String {
    guard case .at(let place) = previous, place.kind == .wal else { return "\(previous)" }
    // As the golden text has it since its first day.
    return "at(SegmentLog.NotePlace(segment: \(place.segment), frameOffset: \(place.frameOffset)))"
  }

  private static func dump(_ verdict: SegmentVerdict, to out: inout String) {
    for finding in verdict.damage {
      out += "damage \(finding.kind) \(finding.offset) \(finding.end) lost "
      out += "\(finding.lost.map { "\($0)" } ?? "-")\n"
    }
    if let torn = verdict.torn { out += "torn \(torn.offset) \(torn.end)\n" }
    out += "end \(verdict.validEnd) proven \(verdict.provenUpTo) sealed \(verdict.isSealed)\n"
  }
}
