@testable import SegmentLog

extension LogRun {
  /// A finished segment rots while the log runs: every message can be read or is said to be
  /// unreadable, and the state is what it was. Then the file is as before, and the process dies.
  mutating func rot() throws {
    guard let core, !disk.isStopped, core.failure == nil else { return }
    disk.stop(afterChanges: 1 << 40)
    disk.clearFaults()
    let candidates = (core.state.segments.dropLast() + core.state.cold).filter {
      $0.end > FormatLimits.firstFrameOffset
    }
    guard let victim = candidates.randomElement(using: &random),
      let bytes = disk.contents(victim.file)
    else { return }
    damage(victim, bytes)
    try checkRotten(core, victim.file)
    disk.put(victim.file, bytes)
    try crashAndCheck()
  }

  private mutating func damage(_ victim: SegmentState, _ bytes: [UInt8]) {
    let range = Int(FormatLimits.firstFrameOffset)...min(Int(victim.end), bytes.count) - 1
    var rotten = bytes
    switch int(0...9) {
    case 0: return disk.remove(victim.file)
    case 1: rotten.removeSubrange(int(range)...)
    case 2...4:
      let start = int(range) / 512 * 512
      for index in start..<min(start + 512, bytes.count) { rotten[index] = 0 }
    default: rotten[int(range)] ^= 1 << UInt8(int(0...7))
    }
    disk.put(victim.file, rotten)
  }

  private mutating func checkRotten(_ core: LogCore, _ file: String) throws {
    let live = model.messages.filter(\.value.isLive).keys.sorted()
    let reader = LogReader(disk: disk)
    let payloads = reader.payloads(at: core.locate(live))
    core.suspect(reader.takeSuspects(), nowMs: nowMs)
    var named: [Damage] = []
    while let job = core.verificationWanted(nowMs: nowMs) {
      named +=
        core.verified(
          job.run(on: disk, pacer: Unpaced()), isUrgent: job.isUrgent, nowMs: nowMs
        ).damage
    }
    for (sequence, payload) in zip(live, payloads) {
      guard let message = model.messages[sequence] else { continue }
      if let payload, payload != message.record.payload {
        throw fail("\(file) rots: the payload of message \(sequence) is another one")
      }
      guard core.state.unreadable.contains(sequence) == (payload == nil) else {
        throw fail("\(file) rots: message \(sequence) is unreadable: \(payload != nil); \(named)")
      }
      guard payload == nil else { continue }
      guard named.contains(where: { $0.file == file && $0.lost?.contains(sequence) == true }) else {
        throw fail("\(file) rots: message \(sequence) is not named in \(named)")
      }
      // Where directories can't be read, keys that share their tag can't be told apart.
      guard !hasCollisions, model.newest(message.uuid, where: core.remembers) == sequence else {
        continue
      }
      let status = core.lookup(key: message.record.key, uuid: message.record.uuid)
      guard let status, status.sequence == sequence, status.state == message.state,
        status.isUnreadable
      else {
        throw fail("\(file) rots: message \(sequence) is \(String(describing: status))")
      }
    }
    if let difference = LogCheck(core: core, model: model, disk: disk).stateDifference() {
      throw fail("\(file) rots: \(difference)")
    }
  }
}
