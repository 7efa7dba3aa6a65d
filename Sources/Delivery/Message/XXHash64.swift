/// XXH64: a fast hash of 64 bits that is the same on every machine and in every version.
///
/// Definition: "xxHash fast digest algorithm", section "XXH64 algorithm description"
/// (`doc/xxhash_spec.md` of the xxHash project). Not cryptographic.
package enum XXHash64 {
  private static let prime1: UInt64 = 0x9E37_79B1_85EB_CA87
  private static let prime2: UInt64 = 0xC2B2_AE3D_27D4_EB4F
  private static let prime3: UInt64 = 0x1656_67B1_9E37_79F9
  private static let prime4: UInt64 = 0x85EB_CA77_C2B2_AE63
  private static let prime5: UInt64 = 0x27D4_EB2F_1656_67C5

  package static func hash(_ bytes: UnsafeRawBufferPointer, seed: UInt64) -> UInt64 {
    var at = 0
    var hash = seed &+ prime5
    if bytes.count >= 32 {
      hash = mixStripes(bytes, seed: seed)
      at = bytes.count & ~31
    }
    hash &+= UInt64(bytes.count)
    while bytes.count - at >= 8 {
      hash ^= round(0, word(bytes, at))
      hash = rotate(hash, 27) &* prime1 &+ prime4
      at += 8
    }
    if bytes.count - at >= 4 {
      let half = bytes.loadUnaligned(fromByteOffset: at, as: UInt32.self)
      hash ^= UInt64(UInt32(littleEndian: half)) &* prime1
      hash = rotate(hash, 23) &* prime2 &+ prime3
      at += 4
    }
    while at < bytes.count {
      hash ^= UInt64(bytes[at]) &* prime5
      hash = rotate(hash, 11) &* prime1
      at += 1
    }
    return avalanche(hash)
  }

  /// The whole stripes of 32 bytes, in four lanes.
  private static func mixStripes(_ bytes: UnsafeRawBufferPointer, seed: UInt64) -> UInt64 {
    var a = seed &+ prime1 &+ prime2
    var b = seed &+ prime2
    var c = seed
    var d = seed &- prime1
    var at = 0
    while bytes.count - at >= 32 {
      a = round(a, word(bytes, at))
      b = round(b, word(bytes, at + 8))
      c = round(c, word(bytes, at + 16))
      d = round(d, word(bytes, at + 24))
      at += 32
    }
    var hash = rotate(a, 1) &+ rotate(b, 7) &+ rotate(c, 12) &+ rotate(d, 18)
    hash = merge(hash, a)
    hash = merge(hash, b)
    hash = merge(hash, c)
    return merge(hash, d)
  }

  private static func round(_ lane: UInt64, _ input: UInt64) -> UInt64 {
    rotate(lane &+ input &* prime2, 31) &* prime1
  }

  private static func merge(_ hash: UInt64, _ lane: UInt64) -> UInt64 {
    (hash ^ round(0, lane)) &* prime1 &+ prime4
  }

  private static func avalanche(_ hash: UInt64) -> UInt64 {
    var hash = hash
    hash = (hash ^ hash >> 33) &* prime2
    hash = (hash ^ hash >> 29) &* prime3
    return hash ^ hash >> 32
  }

  private static func rotate(_ value: UInt64, _ count: UInt64) -> UInt64 {
    value &<< count | value &>> (64 &- count)
  }

  private static func word(_ bytes: UnsafeRawBufferPointer, _ at: Int) -> UInt64 {
    UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self))
  }
}
