import Delivery

/// The batching entry of an `InMemoryStore`.
final class InMemoryPort: EnqueuePort {
  private let store: InMemoryStore
  let deliver: @Sendable (EnqueueSignal) -> Void

  init(store: InMemoryStore, deliver: @escaping @Sendable (EnqueueSignal) -> Void) {
    self.store = store
    self.deliver = deliver
  }

  func submit(_ message: Message, token: UInt64) -> SubmitVerdict {
    store.submit(message, token: token, from: self)
  }
}
