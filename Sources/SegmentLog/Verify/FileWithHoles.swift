import Glibc
import Synchronization

/// A file of which not every byte can be read: what the disk refuses (EIO) reads as zeros, in pieces
/// of 4 KiB, so that everything around it is looked at. A checksum tells zeros from what stood there.
final class FileWithHoles: DiskFile {
  struct Hole: Sendable {
    var range: Range<UInt64>
    var error: DiskError
  }

  private static let piece = 4096

  private let file: any DiskFile
  private let found = Mutex<[Hole]>([])

  init(_ file: any DiskFile) { self.file = file }

  /// What could not be read so far.
  var holes: [Hole] { found.withLock { $0 } }

  func read(
    into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64
  ) throws(DiskError) -> Int {
    do throws(DiskError) { return try file.read(into: buffer, at: offset) } catch {
      guard error.code == EIO else { throw error }
    }
    let length = Int(min(UInt64(buffer.count), try file.size().subtractingCapped(offset)))
    var done = 0
    while done < length {
      // Up to the next border, so that each piece is one that the disk can read or not.
      let position = offset + UInt64(done)
      let count = min(
        length - done, Self.piece - Int(position % UInt64(Self.piece)))
      let part = UnsafeMutableRawBufferPointer(rebasing: buffer[done..<done + count])
      try readPiece(into: part, at: position)
      done += count
    }
    return done
  }

  private func readPiece(
    into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64
  ) throws(DiskError) {
    var count = 0
    do throws(DiskError) { count = try file.read(into: buffer, at: offset) } catch {
      guard error.code == EIO else { throw error }
      let hole = Hole(range: offset..<offset + UInt64(buffer.count), error: error)
      found.withLock { if $0.count < 1000 { $0.append(hole) } }
    }
    UnsafeMutableRawBufferPointer(rebasing: buffer[count...]).initializeMemory(
      as: UInt8.self, repeating: 0)
  }

  var name: String { file.name }
  func size() throws(DiskError) -> UInt64 { try file.size() }
  func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(DiskError) -> Int {
    try file.write(bytes, at: offset)
  }
  func sync() throws(DiskError) { try file.sync() }
  func truncate(to size: UInt64) throws(DiskError) { try file.truncate(to: size) }
  func close() { file.close() }
}
