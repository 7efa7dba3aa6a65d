import SegmentLog
import Testing

@testable import Delivery

@Suite("Bodies at hand")
struct BodyCacheTests {
  private static func record(_ size: Int) -> NewRecord {
    NewRecord(
      uuid: [], key: UUIDKey(high: 0, low: 0), contentHash: 0, destination: "",
      payload: [UInt8](repeating: 1, count: size))
  }

  private static func cache(bytes: Int = 1 << 20, messages: Int = 100) -> BodyCache {
    var limits = BodyCache.Limits()
    limits.bytes = bytes
    limits.messages = messages
    return BodyCache(limits: limits)
  }

  @Test("the newest are kept, the oldest go first")
  func evicts() {
    var cache = Self.cache(messages: 3)
    for number in 10...14 as ClosedRange<UInt64> { cache.append(number, Self.record(Int(number))) }
    #expect((9...15).map { cache[$0]?.payload.count } == [nil, nil, nil, 12, 13, 14, nil])
  }

  @Test("bytes are bounded, and one that is larger than all is not kept")
  func bytes() {
    var cache = Self.cache(bytes: 1_900)
    cache.append(1, Self.record(900))
    cache.append(2, Self.record(900))
    #expect(cache[1] == nil)
    #expect(cache[2] != nil)
    cache.append(3, Self.record(5_000))
    #expect(cache.count == 0 && cache.bytes == 0)
    cache.append(4, Self.record(1))
    #expect(cache[4] != nil)
  }

  @Test("ended messages free their room, and the slots before the oldest")
  func removes() {
    var cache = Self.cache()
    for number in 1...4 as ClosedRange<UInt64> { cache.append(number, Self.record(10)) }
    cache.remove(2)
    cache.remove(2)
    #expect(cache.count == 4)
    cache.remove(1)
    #expect(cache.count == 2)
    cache.remove(77)
    cache.remove(3)
    cache.remove(4)
    #expect(cache.count == 0 && cache.bytes == 0)
    cache.append(5, Self.record(10))
    #expect(cache[5] != nil && cache[4] == nil)
  }

  @Test("a gap in the numbers starts anew")
  func gap() {
    var cache = Self.cache()
    cache.append(1, Self.record(10))
    cache.append(50, Self.record(20))
    #expect(cache[1] == nil)
    #expect(cache[50]?.payload.count == 20)
    #expect(cache.count == 1)
  }
}
