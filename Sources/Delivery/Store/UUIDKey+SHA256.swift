import Crypto
import SegmentLog

extension UUIDKey {
  /// The first 128 bits of SHA-256(store UUID ‖ message UUID); all of it big-endian.
  package init(store: StoreUUID, messageUUID: [UInt8]) {
    let length = 16 + messageUUID.count
    self = withUnsafeTemporaryAllocation(byteCount: length, alignment: 8) { text in
      text.storeBytes(of: store.high.bigEndian, as: UInt64.self)
      text.storeBytes(of: store.low.bigEndian, toByteOffset: 8, as: UInt64.self)
      UnsafeMutableRawBufferPointer(rebasing: text[16...]).copyBytes(from: messageUUID)
      var hash = SHA256()
      hash.update(bufferPointer: UnsafeRawBufferPointer(text))
      return hash.finalize().withUnsafeBytes { digest in
        UUIDKey(
          high: UInt64(bigEndian: digest.loadUnaligned(as: UInt64.self)),
          low: UInt64(bigEndian: digest.loadUnaligned(fromByteOffset: 8, as: UInt64.self)))
      }
    }
  }
}
