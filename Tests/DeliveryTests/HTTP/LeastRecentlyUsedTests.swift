import Testing

@testable import Delivery

@Suite("Keeping what is expensive to make")
struct LeastRecentlyUsedTests {
  @Test("a value is made once and handed out again")
  func reused() {
    var cache = LeastRecentlyUsed<Int, String>(capacity: 2)
    same(cache.lease(1) { "a" }.value, "a")
    cache.release(1)
    same(cache.lease(1) { "b" }.value, "a")
  }

  @Test("beyond the capacity the unused value that was used longest ago goes")
  func evicts() {
    var cache = LeastRecentlyUsed<Int, String>(capacity: 2)
    for key in [1, 2, 1] {
      _ = cache.lease(key) { "\(key)" }
      cache.release(key)
    }
    same(cache.lease(3) { "3" }.evicted, "2")
    same(cache.count, 2)
  }

  @Test("what is in use stays, even beyond the capacity")
  func inUse() {
    var cache = LeastRecentlyUsed<Int, String>(capacity: 1)
    same(cache.lease(1) { "1" }.evicted, nil)
    same(cache.lease(2) { "2" }.evicted, nil)
    cache.release(2)
    same(cache.lease(3) { "3" }.evicted, "2")
    same(cache.removeAll().sorted(), ["1", "3"])
  }
}
