/// How much room is left, and what follows from it.
package enum SpaceLevel: Int, Sendable, Comparable {
  case enough
  /// New messages are refused; everything else goes on.
  case low
  /// Half of the reserve is used: an attempt that will fail costs more room than it may.
  case scarce

  package static func < (one: SpaceLevel, other: SpaceLevel) -> Bool {
    one.rawValue < other.rawValue
  }
}

extension LogCore {
  package var spaceLevel: SpaceLevel {
    guard isShortOfSpace else { return .enough }
    return reserve.isHalfUsed && !preparation.isReady ? .scarce : .low
  }

  /// Below the mark; or no segment can be made though the file system shows room, as with a quota.
  var isShortOfSpace: Bool { space.isLow || preparation.lacksSpace }

  /// A call of the system, of microseconds.
  func lookAtSpace(nowMs: UInt64) {
    space.looked(try? disk.space(), atMs: nowMs)
    noteShortage(nowMs: nowMs)
  }

  /// What stays for the duplicate check alone goes when room is short.
  func noteShortage(nowMs: UInt64) {
    guard isShortOfSpace != wasShortOfSpace else { return }
    wasShortOfSpace = isShortOfSpace
    reviewFiles(nowMs: nowMs)
  }

  /// Whether a message may be taken.
  func hasSpaceForMessages(nowMs: UInt64) -> Bool {
    if space.isStale(nowMs: nowMs) { lookAtSpace(nowMs: nowMs) }
    return !isShortOfSpace
  }

  /// Whether the staged frame and a change with that much text find a place: in the active segment,
  /// or in one that can follow without new room.
  func hasSpace(forChangeOf textBytes: Int) -> Bool {
    guard isShortOfSpace else { return true }
    let length = encoder.lengthMax + textBytes + 256
    if active.hasRoom(for: length) { return true }
    let next =
      if case .ready(let file) = preparation { max(file.size, reserve.largest) } else {
        reserve.largest
      }
    return next >= FormatLimits.firstFrameOffset + UInt64(length)
  }

  /// The reserve is made when there is something to lose, and out of room that isn't needed for
  /// messages.
  func reserveWanted(nowMs: UInt64) -> PreparationJob? {
    let segment = Reserve.segmentSize(space.segmentSize)
    guard state.nextSequence > 1, !isShortOfSpace, let free = space.space?.availableBytes,
      free >= space.markBytes.addingCapped(segment)
    else { return nil }
    if let job = reserve.wanted(size: segment, nowMs: nowMs) { return job }
    let checkpoint = Reserve.checkpointSize(last: checkpoints.lastBytes)
    guard free >= space.markBytes.addingCapped(checkpoint) else { return nil }
    checkpointReserve.outgrow(leastForCheckpoint, on: disk)
    return checkpointReserve.wanted(size: checkpoint, nowMs: nowMs)
  }

  var isMakingReserve: Bool { reserve.isRunning || checkpointReserve.isRunning }

  private var leastForCheckpoint: UInt64 { checkpoints.lastBytes.addingCapped(4096) }

  /// For a checkpoint, when the last try found no room.
  func fileForCheckpoint() -> String? {
    guard checkpointError?.isNoSpace == true else { return nil }
    return checkpointReserve.giveAway(atLeast: leastForCheckpoint)
  }

  /// Whether the next checkpoint, other than the last one, finds room.
  var hasFileForCheckpoint: Bool { checkpointReserve.largest >= leastForCheckpoint }
}
