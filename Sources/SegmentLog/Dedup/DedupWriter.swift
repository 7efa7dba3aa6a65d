/// Writes a dedup file, entry by entry, ascending. The header is written last, and nothing is synced
/// here.
struct DedupWriter: ~Copyable {
  private let file: any DiskFile
  private var page = DedupPage()
  private var pending: [UInt8] = []
  private var offset = UInt64(DedupHeader.pageSize)
  private var header: DedupHeader

  /// Pages are written so many bytes at a time.
  private static let writeSize = 256 << 10

  init(file: any DiskFile, id: UInt64, store: StoreUUID, createdMs: UInt64) {
    self.file = file
    header = DedupHeader(
      id: id, store: store, createdMs: createdMs, count: 0, pages: 0, firstSequence: 0,
      lastSequence: 0, firstAcceptedMs: .max, lastAcceptedMs: 0)
  }

  var count: UInt64 { header.count }

  mutating func append(_ entry: DedupEntry) throws(DiskError) {
    if !page.hasRoom { try takePage() }
    if header.count == 0 { header.firstSequence = entry.sequence }
    header.lastSequence = entry.sequence
    header.firstAcceptedMs = min(header.firstAcceptedMs, entry.acceptedAtMs)
    header.lastAcceptedMs = max(header.lastAcceptedMs, entry.acceptedAtMs)
    header.count += 1
    page.append(entry)
  }

  /// The header, as it stands now at both ends of the file. There is an entry at least.
  mutating func finish() throws(DiskError) -> DedupHeader {
    precondition(header.count > 0)
    if page.count > 0 { try takePage() }
    try flush()
    let copy = header.encoded()
    try Recovery.write(copy, to: file, at: offset)
    try Recovery.write(copy, to: file, at: 0)
    return header
  }

  private mutating func takePage() throws(DiskError) {
    pending += page.take()
    header.pages += 1
    if pending.count >= Self.writeSize { try flush() }
  }

  private mutating func flush() throws(DiskError) {
    guard !pending.isEmpty else { return }
    try Recovery.write(pending, to: file, at: offset)
    offset += UInt64(pending.count)
    pending.removeAll(keepingCapacity: true)
  }
}
