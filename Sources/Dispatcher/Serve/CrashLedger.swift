import Delivery
import SegmentLog

/// What one run of the process leaves for the next about an end by itself: a trap, an abort. Pure; the
/// bytes are those of the file `in-flight` in the log's directory (see `CrashRecord`).
///
/// A first such end says nothing about messages: nothing is recorded before it, so that all other runs
/// pay nothing. From then on attempts are recorded until the process has lived for a while, and each
/// further end counts for the messages that were being attempted. An end from outside (kill -9, power)
/// counts for none.
struct CrashLedger: Sendable, Equatable {
  /// Ends in a row after which a message that was there in all that were recorded is held back.
  static let endsMax: UInt32 = 3
  /// A process that lived so long did not end because of what it began with.
  static let calmAfter: Duration = .seconds(300)
  /// More are not told apart.
  static let suspectsMax = 1024
  static let slotsMax = 10_000

  /// By itself, in a row.
  var ends: UInt32 = 0
  /// Recorded ends at which the message was being attempted.
  var suspects: [MessageRef: UInt32] = [:]

  /// In every recorded end of a series that is long enough. The first one is not recorded.
  var heldBack: Set<MessageRef> {
    guard ends >= Self.endsMax else { return [] }
    return Set(suspects.filter { $0.value >= Self.endsMax - 1 }.keys)
  }

  /// Whether this run records its attempts.
  var isRecording: Bool { ends > 0 }

  /// The file was there and is not what was written: it counts for nothing.
  var wasDamaged = false

  /// What a start makes of what the run before has left; empty = there was no file.
  init(after bytes: [UInt8]) {
    guard let file = File(bytes) else {
      wasDamaged = !bytes.isEmpty
      return
    }
    ends = file.ends
    suspects = file.suspects
    guard file.endedByItself else { return }
    ends = ends == .max ? ends : ends + 1
    for ref in file.inFlight where suspects[ref] != nil || suspects.count < Self.suspectsMax {
      suspects[ref, default: 0] += 1
    }
  }

  /// The file that the run begins with.
  func file(slots: Int) -> [UInt8] {
    let suspects = suspects.sorted { $0.key.number < $1.key.number }
    var head = [UInt8](File.magic)
    head.append(little: ends)
    head.append(little: UInt32(suspects.count))
    head.append(little: UInt32(isRecording ? min(slots, Self.slotsMax) : 0))
    head.append(little: Checksum.of(head))
    head += [UInt8](repeating: 0, count: File.headSize - head.count)
    return head + suspects.flatMap { Entry($0.key, ends: UInt16(clamping: $0.value)).bytes }
      + [UInt8](
        repeating: 0, count: isRecording ? min(slots, Self.slotsMax) * Entry.size : 0)
  }
}

extension CrashLedger {
  /// A message in the file, 16 bytes: number 8, lane 2, ends 2, checksum of these 4. All little
  /// endian; all zeros is an empty place.
  struct Entry {
    static let size = 16
    let ref: MessageRef
    let ends: UInt16

    init(_ ref: MessageRef, ends: UInt16) {
      self.ref = ref
      self.ends = ends
    }

    /// nil when it is empty, or was being written when the process ended.
    init?(_ bytes: ArraySlice<UInt8>) {
      let bytes = [UInt8](bytes)
      guard bytes.count == Self.size, bytes.contains(where: { $0 != 0 }),
        bytes.little(UInt32.self, at: 12) == Checksum.of([UInt8](bytes[..<12]))
      else { return nil }
      ref = MessageRef(
        lane: bytes.little(UInt16.self, at: 8), number: bytes.little(UInt64.self, at: 0))
      ends = bytes.little(UInt16.self, at: 10)
    }

    var bytes: [UInt8] {
      var bytes: [UInt8] = []
      bytes.append(little: ref.number)
      bytes.append(little: ref.lane)
      bytes.append(little: ends)
      bytes.append(little: Checksum.of(bytes))
      return bytes
    }
  }

  /// The bytes that a run has left; any may be wrong.
  struct File {
    static let magic = Array("DISPFLT1".utf8)
    static let headSize = 64
    /// Where the number of the signal that ended the process is written, in the head and outside of
    /// its checksum.
    static let markOffset = 32
    static let sizeMax =
      headSize + (CrashLedger.suspectsMax + CrashLedger.slotsMax) * Entry.size

    let ends: UInt32
    let endedByItself: Bool
    var suspects: [MessageRef: UInt32] = [:]
    var inFlight: Set<MessageRef> = []

    init?(_ bytes: [UInt8]) {
      guard bytes.count >= Self.headSize, bytes.count <= Self.sizeMax,
        Array(bytes[..<8]) == Self.magic,
        bytes.little(UInt32.self, at: 20) == Checksum.of([UInt8](bytes[..<20]))
      else { return nil }
      ends = bytes.little(UInt32.self, at: 8)
      endedByItself = bytes[Self.markOffset] != 0
      let suspectCount = Int(bytes.little(UInt32.self, at: 12))
      let slotCount = Int(bytes.little(UInt32.self, at: 16))
      guard bytes.count == Self.headSize + (suspectCount + slotCount) * Entry.size else {
        return nil
      }
      for place in 0..<suspectCount + slotCount {
        let start = Self.headSize + place * Entry.size
        guard let entry = Entry(bytes[start..<start + Entry.size]) else { continue }
        if place < suspectCount {
          suspects[entry.ref] = UInt32(entry.ends)
        } else {
          inFlight.insert(entry.ref)
        }
      }
    }
  }
}

extension Checksum {
  fileprivate static func of(_ bytes: [UInt8]) -> UInt32 {
    bytes.withUnsafeBytes { crc32($0) }
  }
}

extension [UInt8] {
  fileprivate mutating func append(little value: some FixedWidthInteger) {
    Swift.withUnsafeBytes(of: value.littleEndian) { append(contentsOf: $0) }
  }

  fileprivate func little<Number: FixedWidthInteger>(_: Number.Type, at offset: Int) -> Number {
    withUnsafeBytes {
      Number(littleEndian: $0.loadUnaligned(fromByteOffset: offset, as: Number.self))
    }
  }
}
