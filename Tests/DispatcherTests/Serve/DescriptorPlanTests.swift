import Testing

@testable import Dispatcher

@Suite struct DescriptorPlanTests {
  @Test("callers, receivers and deliveries in flight leave to the log what it needs")
  func leavesRoom() {
    for limit in [512, 1024, 4096, 20_000, 60_000, 1 << 20] {
      for worker in [1, 64, 200] {
        let plan = DescriptorPlan(limit: limit, worker: worker)
        #expect(plan.callers + plan.receivers + worker + 128 <= limit, "\(limit) \(worker)")
        #expect(plan.callers > 0 && plan.receivers > 0, "\(limit) \(worker)")
      }
    }
  }

  @Test("with plenty of them nothing grows without end")
  func plenty() {
    let plan = DescriptorPlan(limit: 1 << 20, worker: 64)
    #expect(plan.callers == 50_000)
    #expect(plan.receivers == 512)
    #expect(!plan.isScarce)
    #expect(DescriptorPlan(limit: 1 << 20, worker: 10_000).receivers == 20_000)
  }

  @Test("a limit too low for the workers is known, and callers still come in")
  func scarce() {
    let plan = DescriptorPlan(limit: 1024, worker: 10_000)
    #expect(plan.isScarce)
    #expect(plan.callers == 128)
    #expect(plan.receivers == 0)
  }
}
