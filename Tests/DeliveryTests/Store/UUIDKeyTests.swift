import SegmentLog
import Testing

@testable import Delivery

@Suite("The key of a UUID")
struct UUIDKeyTests {
  /// printf '000102030405060708090a0b0c0d0e0f%s' "$(printf order-42 | xxd -p)" | xxd -r -p | sha256sum
  @Test("is the start of SHA-256 over the store's and the message's UUID")
  func golden() {
    let store = StoreUUID(high: 0x0001_0203_0405_0607, low: 0x0809_0A0B_0C0D_0E0F)
    let key = UUIDKey(store: store, messageUUID: Array("order-42".utf8))
    #expect(key == UUIDKey(high: 0xA222_FBA9_18A2_DD22, low: 0x8DC0_8238_23EF_38D2))
  }
}
