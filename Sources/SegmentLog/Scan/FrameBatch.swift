import Synchronization

/// The destinations of a segment by their numbers in it: filled by the thread that reads, asked by
/// those that format. A `Mutex`: held for one look-up.
package final class DestinationNames: Sendable {
  private let names = Mutex<[UInt32: String]>([:])

  func add(_ definitions: [DestinationDefinition]) {
    names.withLock { names in
      for definition in definitions { names[definition.id] = definition.origin }
    }
  }

  subscript(number: UInt32) -> String? { names.withLock { $0[number] } }
}

/// Frames of one segment, copied out of it, for a thread of its own.
package struct FrameBatch: Sendable {
  struct Item: Sendable {
    var start: Int
    var length: Int
    var offset: UInt64
    /// Of its messages those with these sequences are meant.
    var sequences: ClosedRange<Sequence>
  }

  package let segment: SegmentFile
  private let destinations: DestinationNames
  private(set) var items: [Item] = []
  private(set) var bytes: [UInt8] = []

  init(_ segment: SegmentFile, _ destinations: DestinationNames) {
    self.segment = segment
    self.destinations = destinations
  }

  var size: Int { bytes.count }

  mutating func append(
    _ frame: UnsafeRawBufferPointer, at offset: UInt64, _ sequences: ClosedRange<Sequence>
  ) {
    items.append(
      Item(start: bytes.count, length: frame.count, offset: offset, sequences: sequences))
    bytes.append(contentsOf: frame)
  }

  /// Reads the frames, one after the other. `bodies` false: only their heads and directories stand
  /// here.
  package func forEachFrame(_ body: (BatchFrame) -> Void) {
    let inflater = Inflater()
    var directory = FrameDirectory()
    bytes.withBytes { bytes in
      for item in items {
        let frame = UnsafeRawBufferPointer(
          rebasing: bytes[item.start..<item.start + item.length])
        // The scanner has found them valid; a directory that contradicts itself holds no messages.
        guard let head = try? FrameHead.decode(frame, salt: segment.header.salt),
          (try? directory.decode(
            head,
            directory: UnsafeRawBufferPointer(
              rebasing: frame[FormatLimits.headSize..<head.prefixLength]))) != nil
        else { continue }
        body(
          BatchFrame(
            segment: segment, offset: item.offset, head: head, directory: directory,
            sequences: item.sequences, destinations: destinations, bytes: frame,
            inflater: inflater))
      }
    }
  }
}

/// A frame of a batch, with all it takes to read its messages. Valid while `forEachFrame` runs.
package struct BatchFrame {
  package let segment: SegmentFile
  package let offset: UInt64
  package let head: FrameHead
  package let directory: FrameDirectory
  let sequences: ClosedRange<Sequence>
  let destinations: DestinationNames
  let bytes: UnsafeRawBufferPointer
  let inflater: Inflater

  /// Its messages that are meant, in order.
  package var messages: some Swift.Sequence<DirectoryMessage> {
    directory.messages.lazy.filter { sequences.contains($0.sequence) }
  }

  package func destination(of message: DirectoryMessage) -> String {
    destinations[message.destination] ?? "?"
  }

  /// The raw bytes of a block, checked.
  package func block(_ index: Int) throws(FrameError) -> [UInt8] {
    let block = directory.blocks[index]
    let start = Int(block.offsetInFrame)
    let end = start + Int(block.storedLength)
    guard end <= bytes.count else {
      throw .cutShort(needed: UInt64(end), available: UInt64(bytes.count))
    }
    return try block.raw(
      index: index, stored: UnsafeRawBufferPointer(rebasing: bytes[start..<end]), inflater)
  }
}
