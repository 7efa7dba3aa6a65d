import Testing

@testable import Dispatcher

@Suite struct SinkScriptTests {
  private func statuses(_ status: Int?, _ failFirst: Int?, _ count: Int = 4) -> [Int] {
    var script = SinkScript(status: status, failFirst: failFirst)
    return (0..<count).map { _ in script.next().status }
  }

  @Test("the sink fails as often as it was told, with the status it was told")
  func script() {
    #expect(statuses(nil, nil) == [200, 200, 200, 200])
    #expect(statuses(503, 3) == [503, 503, 503, 200])
    #expect(statuses(503, nil) == [503, 503, 503, 503])
    #expect(statuses(nil, 1) == [500, 200, 200, 200])
    #expect(statuses(503, 0) == [200, 200, 200, 200])
  }
}
