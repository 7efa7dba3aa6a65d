/// What is left of a delivered message whose window is not over.
package struct DedupEntry: Sendable, Equatable {
  package var sequence: Sequence
  package var key: UUIDKey
  package var contentHash: UInt64
  /// Milliseconds since 1970.
  package var acceptedAtMs: UInt64
  package var status: UInt16
  package var attempts: UInt32
  package init(
    sequence: Sequence, key: UUIDKey, contentHash: UInt64, acceptedAtMs: UInt64, status: UInt16,
    attempts: UInt32
  ) {
    self.sequence = sequence
    self.key = key
    self.contentHash = contentHash
    self.acceptedAtMs = acceptedAtMs
    self.status = status
    self.attempts = attempts
  }
}

/// Entries with ascending sequences in 4 KiB: about 140.
struct DedupPage: ~Copyable {
  /// CRC, count, zero, first sequence, time of the first.
  private static let headSize = 4 + 2 + 2 + 8 + 8
  /// Key, hash and five varints of one byte at least.
  private static let entrySizeMin = 24 + 4
  private static let entrySizeMax = 24 + 10 + 10 + 3 + 5
  static let entriesMax = (DedupHeader.pageSize - headSize) / entrySizeMin

  private(set) var count = 0
  private var first: Sequence = 0
  private var last: Sequence = 0
  private var firstAtMs: UInt64 = 0
  private var lastAtMs: UInt64 = 0
  private var body = ByteWriter(capacity: DedupHeader.pageSize)

  var hasRoom: Bool {
    Self.headSize + body.count + Self.entrySizeMax <= DedupHeader.pageSize
  }

  mutating func append(_ entry: DedupEntry) {
    precondition(hasRoom && (count == 0 || entry.sequence > last))
    if count == 0 {
      (first, last) = (entry.sequence, entry.sequence)
      (firstAtMs, lastAtMs) = (entry.acceptedAtMs, entry.acceptedAtMs)
    }
    body.append(varint: entry.sequence - last)
    body.append(time: entry.acceptedAtMs, after: lastAtMs)
    body.append(varint: UInt64(entry.status))
    body.append(varint: UInt64(entry.attempts))
    body.append(little: entry.key.high)
    body.append(little: entry.key.low)
    body.append(little: entry.contentHash)
    last = entry.sequence
    lastAtMs = entry.acceptedAtMs
    count += 1
  }

  /// The page's bytes; it is empty afterwards.
  mutating func take() -> [UInt8] {
    var rest = ByteWriter(capacity: DedupHeader.pageSize)
    rest.append(little: UInt16(count))
    rest.append(little: UInt16(0))
    rest.append(little: first)
    rest.append(little: firstAtMs)
    rest.append(bytes: body.bytes)
    rest.append([UInt8](repeating: 0, count: DedupHeader.pageSize - 4 - rest.count))
    var out = ByteWriter(capacity: DedupHeader.pageSize)
    out.append(little: Checksum.crc32(rest.bytes))
    out.append(bytes: rest.bytes)
    body.reset()
    count = 0
    return Array(out.bytes)
  }

  /// `offset`: where the page stands, for messages.
  static func decode(
    _ bytes: UnsafeRawBufferPointer, offset: UInt64
  ) throws(DedupError) -> [DedupEntry] {
    let expected = bytes.littleInteger(at: 0, as: UInt32.self)
    let found = Checksum.crc32(UnsafeRawBufferPointer(rebasing: bytes[4...]))
    guard found == expected else {
      throw .badChecksum(offset: offset, expected: expected, found: found)
    }
    do {
      return try decodeEntries(ByteReader(UnsafeRawBufferPointer(rebasing: bytes[4...])))
    } catch {
      throw .badValue(offset: offset, "entry")
    }
  }

  private static func decodeEntries(_ input: ByteReader) throws -> [DedupEntry] {
    var input = input
    let count = Int(try input.little(UInt16.self))
    _ = try input.little(UInt16.self)
    var sequence = try input.little(UInt64.self)
    var atMs = try input.little(UInt64.self)
    guard (1...entriesMax).contains(count), sequence >= 1 else { throw EntryError.value("count") }
    var entries: [DedupEntry] = []
    entries.reserveCapacity(count)
    for index in 0..<count {
      let (next, overflow) = sequence.addingReportingOverflow(try input.varint())
      guard !overflow, (index == 0) == (next == sequence) else {
        throw EntryError.value("sequence")
      }
      sequence = next
      atMs = try input.time(after: atMs)
      let status = try input.varint(as: UInt16.self)
      let attempts = try input.varint(as: UInt32.self)
      entries.append(
        DedupEntry(
          sequence: sequence,
          key: UUIDKey(high: try input.little(UInt64.self), low: try input.little(UInt64.self)),
          contentHash: try input.little(UInt64.self), acceptedAtMs: atMs, status: status,
          attempts: attempts))
    }
    return entries
  }
}
