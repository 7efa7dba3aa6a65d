/// A window on a file that moves forward and grows to one frame at most.
struct ScanWindow: ~Copyable {
  /// What is read at once. Large enough to be one request of a disk, small enough for a cache.
  static let readSize = 256 << 10
  /// Bodies below this are read with what surrounds them: a call costs as much as their copying.
  private static let skipMin = 16 << 10

  private let file: any DiskFile
  private var memory: UnsafeMutableRawBufferPointer
  private var start: UInt64 = 0
  private var filled = 0
  private var ahead = readSize

  init(file: any DiskFile) {
    self.file = file
    memory = .allocate(byteCount: Self.readSize, alignment: 16)
  }

  deinit { memory.deallocate() }

  /// For who looks at heads alone: the next frame is likely to be like this one, and where bodies
  /// are large only so much is read as its head and directory need.
  mutating func expect(frame length: Int, prefix: Int) {
    let skips = length - prefix >= Self.skipMin
    ahead = skips ? min(prefix + prefix / 8 + 512, Self.readSize) : Self.readSize
  }

  /// `length` bytes at `offset`, fewer only where the file ends. Valid until the next call.
  mutating func bytes(
    at offset: UInt64, _ length: Int
  ) throws(DiskError) -> UnsafeRawBufferPointer {
    precondition(length <= FormatLimits.frameMax)
    if offset < start || offset + UInt64(length) > start + UInt64(filled) {
      try move(to: offset, length)
    }
    let from = Int(offset - start)
    let count = min(length, max(filled - from, 0))
    guard count > 0 else { return UnsafeRawBufferPointer(start: nil, count: 0) }
    return UnsafeRawBufferPointer(rebasing: memory[from..<from + count])
  }

  /// Keeps what is held from `offset` on and reads on behind it.
  private mutating func move(to offset: UInt64, _ length: Int) throws(DiskError) {
    var kept = 0
    if offset >= start && offset < start + UInt64(filled) {
      kept = filled - Int(offset - start)
      memory.copyMemory(from: UnsafeRawBufferPointer(rebasing: memory[(filled - kept)..<filled]))
    }
    start = offset
    filled = kept
    if length > memory.count { grow(to: length) }
    let wanted = max(length, ahead)
    while filled < wanted {
      let rest = UnsafeMutableRawBufferPointer(rebasing: memory[filled..<wanted])
      let count = try file.read(into: rest, at: start + UInt64(filled))
      if count == 0 { break }
      filled += count
    }
  }

  private mutating func grow(to length: Int) {
    let larger = UnsafeMutableRawBufferPointer.allocate(byteCount: length, alignment: 16)
    larger.copyMemory(from: UnsafeRawBufferPointer(rebasing: memory[..<filled]))
    memory.deallocate()
    memory = larger
  }
}
