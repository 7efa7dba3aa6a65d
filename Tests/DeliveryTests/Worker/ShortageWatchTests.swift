import Testing

@testable import Delivery

@Suite("Telling of our own shortage")
struct ShortageWatchTests {
  @Test("the first one is worth a line, then one each ten seconds that says how many there were")
  func lines() {
    var watch = ShortageWatch()
    same(watch.happened(.ports, at: .seconds(1)), 1)
    for _ in 0..<5000 { same(watch.happened(.ports, at: .seconds(10.9)), nil) }
    same(watch.happened(.ports, at: .seconds(11)), 5001)
    same(watch.happened(.ports, at: .seconds(12)), nil)
    #expect(watch.counts == [.ports: 5003])
  }

  @Test("each kind has its own line")
  func kinds() {
    var watch = ShortageWatch()
    same(watch.happened(.ports, at: .zero), 1)
    same(watch.happened(.descriptors, at: .zero), 1)
    same(watch.happened(.descriptors, at: .zero), nil)
    #expect(watch.counts == [.ports: 1, .descriptors: 2])
  }
}
