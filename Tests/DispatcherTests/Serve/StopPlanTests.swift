import Testing

@testable import Dispatcher

@Suite struct StopPlanTests {
  @Test("requests and deliveries get what is left of one deadline, but for the log's reserve")
  func oneDeadline() {
    let plan = StopPlan(total: .seconds(25), drainDelay: .seconds(5))
    #expect(plan.reserve == .seconds(2))
    #expect(plan.patience(after: .zero) == .seconds(23))
    #expect(plan.patience(after: .seconds(5)) == .seconds(18))
    #expect(plan.left(after: .seconds(23)) == .seconds(2))
  }

  @Test("a delay that is longer than the whole stop is cut, but for the log's reserve")
  func longDelay() {
    #expect(StopPlan(total: .seconds(25), drainDelay: .seconds(60)).drainDelay == .seconds(23))
    #expect(StopPlan(total: .seconds(25), drainDelay: .seconds(23)).drainDelay == .seconds(23))
  }

  @Test("a short time keeps a fifth for the log, and nothing becomes negative")
  func short() {
    let plan = StopPlan(total: .seconds(1), drainDelay: .zero)
    #expect(plan.reserve == .milliseconds(200))
    #expect(plan.patience(after: .zero) == .milliseconds(800))
    #expect(plan.patience(after: .seconds(9)) == .zero)
    #expect(plan.left(after: .seconds(9)) == .zero)
  }
}
