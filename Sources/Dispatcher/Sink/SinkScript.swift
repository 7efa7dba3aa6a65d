/// What the sink answers: the n-th request's status.
struct SinkScript: Sendable {
  private let failure: Int
  private let failures: Int
  private var requests = 0

  /// - Parameters:
  ///   - status: of the failures; with no `failFirst`, of every answer.
  ///   - failFirst: how many fail before the rest succeeds; nil = all when a status is given, else
  ///     none.
  init(status: Int?, failFirst: Int?) {
    failure = status ?? 500
    failures = failFirst ?? (status == nil ? 0 : Int.max)
  }

  mutating func next() -> (number: Int, status: Int) {
    requests += 1
    return (requests, requests <= failures ? failure : 200)
  }
}
