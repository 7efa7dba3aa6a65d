import Logging

extension DeliveryService {
  private enum Step: Sendable {
    case fetch(PageRequest)
    case wait
    case end
  }

  /// A walker: fetches the pages that the schedule asks for.
  func walk() async {
    while true {
      switch visit({ state, _ in Self.nextStep(&state) }) {
      case .fetch(let request): await fetch(request)
      case .wait:
        await park(in: \.walkers) { state in state.phase != .running || !state.pages.isEmpty }
      case .end: return
      }
    }
  }

  private static func nextStep(_ state: inout DeliveryState) -> Step {
    guard state.phase == .running else { return .end }
    return state.pages.popFirst().map { .fetch($0) } ?? .wait
  }

  private func fetch(_ request: PageRequest) async {
    do throws(StoreError) {
      let page = try await store.pending(
        request.grant, origin: request.origin, after: request.after, limit: request.limit)
      visit { state, now in state.scheduler.pageArrived(page, for: request, at: now) }
    } catch {
      visit { state, now in state.scheduler.pageFailed(request, at: now) }
      logger.warning(
        "the store could not list what waits, it will be asked again",
        metadata: ["destination": "\(request.origin)", "reason": "\(error)"])
    }
  }
}
