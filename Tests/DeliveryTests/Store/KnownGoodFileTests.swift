import Testing

@testable import Delivery

@Suite("The file of destinations known good")
struct KnownGoodFileTests {
  private let origins = ["http://a:80", "https://[::1]:8443", "http://é:1"].enumerated().map {
    KnownGood(origin: Origin(normalised: $1), provenSeconds: $0 * 1_800)
  }

  @Test("what was written is read back")
  func roundTrip() {
    #expect(KnownGoodFile.decode(KnownGoodFile.encode(origins)) == origins)
    #expect(KnownGoodFile.decode(KnownGoodFile.encode([])) == [])
  }

  @Test("any other bytes are refused")
  func damaged() {
    let bytes = KnownGoodFile.encode(origins)
    for at in bytes.indices {
      var changed = bytes
      changed[at] ^= 1
      #expect(KnownGoodFile.decode(changed) == nil)
      #expect(KnownGoodFile.decode(Array(bytes[..<at])) == nil)
    }
    #expect(KnownGoodFile.decode(bytes + [10]) == nil)
  }

  @Test("it holds ten thousand at most, and a mebibyte")
  func bounded() {
    let many = (0..<20_000).map {
      KnownGood(origin: Origin(normalised: "http://destination-\($0):80"), provenSeconds: $0)
    }
    #expect(KnownGoodFile.decode(KnownGoodFile.encode(many)) == Array(many.prefix(10_000)))
    let long = (0..<10_000).map {
      KnownGood(
        origin: Origin(normalised: "http://\(String(repeating: "x", count: 200))\($0):80"),
        provenSeconds: 3_600)
    }
    let bytes = KnownGoodFile.encode(long)
    #expect(bytes.count <= 1 << 20)
    #expect(KnownGoodFile.decode(bytes).map { long.starts(with: $0) } == true)
  }
}
