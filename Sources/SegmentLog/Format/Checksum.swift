import CZlib

/// The checksum of format version 1: zlib's CRC-32 (IEEE 802.3, reflected, as in gzip).
///
/// Values can be continued: `Checksum.crc32(b, seed: Checksum.crc32(a))` is the checksum of a ‖ b.
package enum Checksum {
  /// The number that stands for it in a segment header.
  package static let kind: UInt8 = 1

  package static func crc32(_ bytes: UnsafeRawBufferPointer, seed: UInt32 = 0) -> UInt32 {
    guard let base = bytes.baseAddress, bytes.count > 0 else { return seed }
    let pointer = base.assumingMemoryBound(to: UInt8.self)
    return UInt32(truncatingIfNeeded: crc32_z(UInt(seed), pointer, bytes.count))
  }
}
