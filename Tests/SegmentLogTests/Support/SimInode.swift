/// A file's contents: as a process sees them, and as a power cut would leave them.
struct SimInode: Sendable {
  static let sectorSize = 512

  private(set) var current: [UInt8] = []
  private(set) var durable: [UInt8] = []
  /// One entry a sector: written since the last sync.
  private var dirty: [Bool] = []
  /// The sectors that can be dirty.
  private var dirtyRange = 0..<0

  init() {}
  init(durable bytes: [UInt8]) {
    current = bytes
    durable = bytes
  }

  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) -> Int {
    guard offset < UInt64(current.count) else { return 0 }
    let start = Int(offset)
    let count = min(buffer.count, current.count - start)
    current.withUnsafeBytes { bytes in
      buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[start..<start + count]))
    }
    return count
  }

  mutating func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) {
    guard bytes.count > 0 else { return }
    let end = offset + bytes.count
    if end > current.count { resize(to: end) }
    current.withUnsafeMutableBytes { target in
      UnsafeMutableRawBufferPointer(rebasing: target[offset..<end]).copyMemory(from: bytes)
    }
    markDirty(offset..<end)
  }

  /// Bytes that are gained are zero.
  mutating func resize(to size: Int) {
    let old = current.count
    if size > old {
      current.grow(to: size)
      markDirty(old..<size)
    } else if size < old {
      current.removeLast(old - size)
      // The rest of the last sector is gone as well.
      if size % Self.sectorSize != 0 { markDirty(size - 1..<size) }
    }
  }

  mutating func sync() {
    resizeDurable(to: current.count)
    for sector in dirtyRange where isDirty(sector) { persist(sector) }
    dropDirty()
  }

  /// A failed sync: pages count as clean, their content is visible and not durable.
  mutating func dropDirty() {
    for sector in dirtyRange where sector < dirty.count { dirty[sector] = false }
    dirtyRange = 0..<0
  }

  /// What a crash leaves becomes what there is. `keep` is asked for the size and for each sector.
  mutating func crash(keep: () -> Bool) {
    let size = current.count == durable.count || keep() ? current.count : durable.count
    var kept: [Int] = []
    for sector in dirtyRange where isDirty(sector) && sector * Self.sectorSize < size {
      if keep() { kept.append(sector) }
    }
    resizeDurable(to: size)
    for sector in kept { persist(sector) }
    current = durable
    dirty = []
    dirtyRange = 0..<0
  }

  private func isDirty(_ sector: Int) -> Bool { sector < dirty.count && dirty[sector] }

  private mutating func markDirty(_ bytes: Range<Int>) {
    let first = bytes.lowerBound / Self.sectorSize
    let end = (bytes.upperBound + Self.sectorSize - 1) / Self.sectorSize
    if dirty.count < end {
      dirty.append(contentsOf: repeatElement(false, count: end - dirty.count))
    }
    for sector in first..<end { dirty[sector] = true }
    dirtyRange =
      dirtyRange.isEmpty
      ? first..<end : min(first, dirtyRange.lowerBound)..<max(end, dirtyRange.upperBound)
  }

  private mutating func resizeDurable(to size: Int) {
    if size > durable.count {
      durable.grow(to: size)
    } else if size < durable.count {
      durable.removeLast(durable.count - size)
    }
  }

  private mutating func persist(_ sector: Int) {
    let start = sector * Self.sectorSize
    let end = min(start + Self.sectorSize, current.count, durable.count)
    guard start < end else { return }
    current.withUnsafeBytes { source in
      durable.withUnsafeMutableBytes { target in
        UnsafeMutableRawBufferPointer(rebasing: target[start..<end])
          .copyMemory(from: UnsafeRawBufferPointer(rebasing: source[start..<end]))
      }
    }
  }
}

extension [UInt8] {
  /// By zeros, without going through them one by one, which takes its time in a debug build.
  fileprivate mutating func grow(to size: Int) {
    let old = self
    self = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
      UnsafeMutableRawBufferPointer(buffer).initializeMemory(as: UInt8.self, repeating: 0)
      old.withUnsafeBytes { UnsafeMutableRawBufferPointer(buffer).copyMemory(from: $0) }
      count = size
    }
  }
}
