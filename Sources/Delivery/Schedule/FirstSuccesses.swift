import DequeModule

/// When destinations that were forgotten gave their first 2xx, so that one that is called once an
/// hour is proven some day, too. The oldest entries go first; a start begins without any.
struct FirstSuccesses {
  private static let most = 16_384

  private var times: [DestinationKey: Duration] = [:]
  private var order: Deque<DestinationKey> = []

  subscript(key: DestinationKey) -> Duration? { times[key] }

  mutating func remember(_ key: DestinationKey, _ time: Duration) {
    if times.updateValue(time, forKey: key) == nil { order.append(key) }
    if order.count > Self.most, let oldest = order.popFirst() { times[oldest] = nil }
  }
}
