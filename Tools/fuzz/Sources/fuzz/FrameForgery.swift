@testable import SegmentLog

/// Makes the checksums of a frame right, so that what lies behind them is reached: no fuzzer guesses
/// a CRC. What the directory says is left as it is.
enum FrameForgery {
  static let salt: UInt64 = 0x0123_4567_89ab_cdef

  /// Nil for fewer bytes than a head has.
  static func frame(_ bytes: UnsafeRawBufferPointer, number: UInt64? = nil) -> [UInt8]? {
    guard bytes.count >= FrameHead.size, bytes.count <= FormatLimits.frameMax else { return nil }
    var out = ByteWriter(capacity: bytes.count)
    out.append(bytes: bytes)
    let room = UInt32(bytes.count - FrameHead.size)
    let directoryLength = bytes.littleInteger(at: 56, as: UInt32.self)
    out.replace(at: 0, little: FrameHead.magic)
    out.replace(at: 4, little: UInt32(bytes.count))
    out.replace(at: FrameHead.saltOffset, little: salt)
    if let number { out.replace(at: 24, little: number) }
    out.replace(at: 56, little: min(directoryLength, room))
    let prefixLength = FrameHead.size + Int(min(directoryLength, room))
    repairBlocks(&out, prefixLength: prefixLength)
    FrameHead.finish(
      &out, prefixLength: prefixLength,
      syncedUpTo: bytes.littleInteger(at: FrameHead.syncedUpToOffset, as: UInt64.self))
    return Array(out.bytes)
  }

  /// The input as a row of frames, each as long as it says itself, and the rest as it is.
  static func frames(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
    var out: [UInt8] = []
    var rest = bytes
    var number: UInt64 = 1
    while rest.count >= FrameHead.size {
      let length = Int(rest.littleInteger(at: 4, as: UInt32.self))
      guard length >= FrameHead.size, length <= rest.count else { break }
      let frame = UnsafeRawBufferPointer(rebasing: rest[..<length])
      guard let forged = Self.frame(frame, number: number) else { break }
      out += forged
      number += 1
      rest = UnsafeRawBufferPointer(rebasing: rest[length...])
    }
    return out + rest
  }

  /// Puts the CRC of every block that lies within the frame into the directory's table.
  private static func repairBlocks(_ frame: inout ByteWriter, prefixLength: Int) {
    var input = ByteReader(UnsafeRawBufferPointer(rebasing: frame.bytes[..<prefixLength]))
    var repairs: [(place: Int, crc: UInt32)] = []
    do {
      _ = try input.take(UInt64(FrameHead.size))
      while !input.isAtEnd {
        let type = try input.byte()
        _ = try input.varint()
        var table = ByteReader(try input.take(try input.varint()))
        guard type == SectionType.blocks else { continue }
        let start = input.offset - table.bytes.count
        var block = UInt64(prefixLength)
        while !table.isAtEnd {
          _ = try table.varint()
          let end = block.addingReportingOverflow(try table.varint())
          let place = start + table.offset
          _ = try table.little(UInt32.self)
          guard !end.overflow, end.partialValue <= UInt64(frame.count) else { break }
          let bytes = frame.bytes[Int(block)..<Int(end.partialValue)]
          repairs.append((place, Checksum.crc32(UnsafeRawBufferPointer(rebasing: bytes))))
          block = end.partialValue
        }
      }
    } catch {}
    for repair in repairs { frame.replace(at: repair.place, little: repair.crc) }
  }
}
