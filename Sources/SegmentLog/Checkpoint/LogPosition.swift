/// A place between two frames of the log: everything before it is durable and folded.
package struct LogPosition: Sendable, Equatable {
  package var segment: UInt64
  /// Behind the last frame that was folded.
  package var offset: UInt64
  /// Where that frame begins, so that a reader can see that the place is what it was; 0 when the
  /// segment holds none.
  package var frameOffset: UInt64
  /// The CRC in that frame's head; 0 without one.
  package var frameCRC: UInt32
  /// What the frame that comes next is numbered.
  package var nextFrameNumber: UInt64

  package init(
    segment: UInt64, offset: UInt64, frameOffset: UInt64, frameCRC: UInt32,
    nextFrameNumber: UInt64
  ) {
    self.segment = segment
    self.offset = offset
    self.frameOffset = frameOffset
    self.frameCRC = frameCRC
    self.nextFrameNumber = nextFrameNumber
  }

  /// Whether a segment that ends at `end` lies before this place.
  package func isBeyond(segment: UInt64, end: UInt64) -> Bool {
    segment == self.segment ? end <= offset : segment < self.segment
  }
}
