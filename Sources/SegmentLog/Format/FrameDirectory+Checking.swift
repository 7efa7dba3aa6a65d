extension FrameDirectory {
  /// What no single section can tell: the count of the head, the length of the frame, and that
  /// payloads and notes lie inside of blocks. Fills the places of the payloads in.
  mutating func check(_ head: FrameHead) throws(FrameError) {
    guard head.frameNumber < FormatLimits.numberMax, head.committedAtMs < FormatLimits.numberMax,
      controls.allSatisfy({ $0.lostCount ?? 0 < FormatLimits.sequenceMax })
    else { throw .badDirectory(section: 0, reason: "a number that no log reaches") }
    let records =
      messages.count + attempts.count + outcomes.count + controls.count + waits.count
      + compactions.count
    guard records == Int(head.recordCount) else {
      throw .badDirectory(section: 0, reason: "\(records) records, head says \(head.recordCount)")
    }
    let end = blocks.last.map { Int($0.offsetInFrame) + Int($0.storedLength) } ?? head.prefixLength
    guard end == Int(head.totalLength) else {
      throw .badDirectory(
        section: SectionType.blocks, reason: "blocks end at \(end) of \(head.totalLength)")
    }
    try placePayloads()
    for note in notes where !note.isEmpty {
      guard Int(note.block) < blocks.count,
        UInt64(note.offsetInBlock) + UInt64(note.length)
          <= UInt64(blocks[Int(note.block)].rawLength)
      else { throw .badDirectory(section: SectionType.notes, reason: "text outside of its block") }
    }
  }

  /// Payloads fill the blocks in order, none crosses a border, no block has a gap.
  private mutating func placePayloads() throws(FrameError) {
    var block = -1
    var used: UInt32 = 0
    var room: UInt32 = 0
    for index in messages.indices {
      let length = messages[index].payloadLength
      guard length > 0 else { continue }
      if room == 0 {
        block += 1
        guard block < blocks.count else {
          throw .badDirectory(section: SectionType.messages, reason: "payload without a block")
        }
        used = 0
        room = blocks[block].rawLength
      }
      guard length <= room else {
        throw .badDirectory(section: SectionType.messages, reason: "payload larger than its block")
      }
      messages[index].block = UInt32(block)
      messages[index].offsetInBlock = used
      used += length
      room -= length
    }
    guard room == 0 else {
      throw .badDirectory(section: SectionType.blocks, reason: "block larger than its payloads")
    }
  }
}
