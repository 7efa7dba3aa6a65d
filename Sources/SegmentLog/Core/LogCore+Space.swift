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
  func lookAtSpace(nowMs: UInt64) { space.looked(try? disk.space(), atMs: nowMs) }

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
    guard state.nextSequence > 1, !isShortOfSpace, let free = space.space?.availableBytes,
      free >= space.markBytes.addingCapped(Reserve.fileSize(segmentSize: space.segmentSize))
    else { return nil }
    return reserve.wanted(segmentSize: space.segmentSize, nowMs: nowMs)
  }
}
