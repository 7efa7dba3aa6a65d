/// One message's entry in the directory, both ways.
enum MessageCoding {
  /// Flags, destination, length, an empty… at least one byte of UUID with its length, key, hash.
  static let sizeMin = 1 + 1 + 1 + 2 + 16 + 8

  private enum Flag {
    static let packedUUID: UInt8 = 1
    static let delay: UInt8 = 2
    static let notBefore: UInt8 = 4
    static let maxAge: UInt8 = 8
    static let maxAttempts: UInt8 = 16
    /// Reserved: a 4-byte hash of the ordering key follows.
    static let keyHash: UInt8 = 32
    /// Reserved: a count and 4-byte hashes of the labels follow.
    static let labelHashes: UInt8 = 64
    /// Reserved: a length and that many bytes follow, which a reader may skip.
    static let extra: UInt8 = 128
  }

  static func encode(
    _ record: NewRecord, destination: UInt32, into out: inout ByteWriter
  ) {
    let packed = record.uuid.withUnsafeBytes { PackedUUID(ascii: $0) }
    var flags: UInt8 = packed == nil ? 0 : Flag.packedUUID
    switch record.start {
    case .atOnce: break
    case .delay: flags |= Flag.delay
    case .notBefore: flags |= Flag.notBefore
    }
    if record.maxAgeMs != nil { flags |= Flag.maxAge }
    if record.maxAttempts != nil { flags |= Flag.maxAttempts }

    out.append(flags)
    out.append(varint: UInt64(destination))
    out.append(varint: UInt64(record.payload.count))
    if let packed {
      out.append(little: packed.high.byteSwapped)
      out.append(little: packed.low.byteSwapped)
    } else {
      precondition((1...FormatLimits.uuidMax).contains(record.uuid.count))
      out.append(UInt8(record.uuid.count))
      out.append(record.uuid)
    }
    out.append(little: record.key.high)
    out.append(little: record.key.low)
    out.append(little: record.contentHash)
    switch record.start {
    case .atOnce: break
    case .delay(let ms), .notBefore(let ms): out.append(varint: ms)
    }
    if let maxAge = record.maxAgeMs { out.append(varint: maxAge) }
    if let maxAttempts = record.maxAttempts { out.append(varint: UInt64(maxAttempts)) }
  }

  /// The same entry with another destination's number, every other byte as it stands in `directory`.
  static func copy(
    _ message: DirectoryMessage, of directory: FrameDirectory, destination: UInt32,
    into out: inout ByteWriter
  ) {
    out.append(message.flags)
    out.append(varint: UInt64(destination))
    let start = Int(message.restOffset)
    directory.bytes.withUnsafeBytes { bytes in
      out.append(
        bytes: UnsafeRawBufferPointer(rebasing: bytes[start..<start + Int(message.restLength)]))
    }
  }

  /// `directoryOffset`: where `input`'s bytes begin in the directory.
  static func decode(
    _ input: inout ByteReader, directoryOffset: Int, sequence: Sequence, acceptedAtMs: UInt64
  ) throws -> DirectoryMessage {
    let flags = try input.byte()
    let destination = try input.varint(as: UInt32.self)
    let restOffset = input.offset
    let payloadLength = try input.varint(as: UInt32.self)
    var uuidLength: UInt8 = 0
    if flags & Flag.packedUUID == 0 {
      uuidLength = try input.byte()
      guard (1...FormatLimits.uuidMax).contains(Int(uuidLength)) else {
        throw EntryError.value("length of a UUID")
      }
    }
    let uuidOffset = UInt32(directoryOffset + input.offset)
    _ = try input.take(uuidLength == 0 ? 16 : UInt64(uuidLength))
    let key = UUIDKey(high: try input.little(UInt64.self), low: try input.little(UInt64.self))
    let hash = try input.little(UInt64.self)
    var start = RecordStart.atOnce
    switch flags & (Flag.delay | Flag.notBefore) {
    case 0: break
    case Flag.delay: start = .delay(try input.varint())
    case Flag.notBefore: start = .notBefore(try input.varint())
    default: throw EntryError.value("start")
    }
    let maxAge = flags & Flag.maxAge == 0 ? nil : try input.varint()
    let maxAttempts = flags & Flag.maxAttempts == 0 ? nil : try input.varint(as: UInt32.self)
    try skipReserved(flags, &input)
    return DirectoryMessage(
      sequence: sequence, acceptedAtMs: acceptedAtMs, key: key, contentHash: hash,
      destination: destination, payloadLength: payloadLength, block: 0, offsetInBlock: 0,
      start: start, maxAgeMs: maxAge, maxAttempts: maxAttempts, uuidOffset: uuidOffset,
      uuidLength: uuidLength, flags: flags, restOffset: UInt32(directoryOffset + restOffset),
      restLength: UInt32(input.offset - restOffset))
  }

  /// Fields that a later minor version may write; their layout is fixed today.
  private static func skipReserved(_ flags: UInt8, _ input: inout ByteReader) throws {
    guard flags >= Flag.keyHash else { return }
    if flags & Flag.keyHash != 0 { _ = try input.take(4) }
    if flags & Flag.labelHashes != 0 {
      let (length, overflow) = try input.varint().multipliedReportingOverflow(by: 4)
      guard !overflow else { throw EntryError.value("count of labels") }
      _ = try input.take(length)
    }
    if flags & Flag.extra != 0 { _ = try input.take(try input.varint()) }
  }
}
