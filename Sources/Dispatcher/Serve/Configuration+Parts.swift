import Delivery
import Gateway
import SegmentLog

/// Each part's own options, out of the one configuration.
extension Configuration {
  func gateway(connections: Int) -> GatewayConfiguration {
    var limits = ConnectionLimits()
    limits.maxConnections = connections
    limits.idleTimeout = idleTimeout
    return GatewayConfiguration(
      listen: listen, token: token, takesAnyHost: !listen.isLoopback, admin: admin,
      adminToken: adminToken,
      adminTakesAnyHost: admin?.isLoopback == false, maxBody: maxBody,
      maxTimeout: maxTimeout, version: version,
      limits: limits)
  }

  func sender(connections: Int) -> AsyncHTTPClientSender.Configuration {
    var sender = AsyncHTTPClientSender.Configuration(worker: worker)
    sender.keptConnections = connections
    return sender
  }

  var store: SegmentLogStore.Options {
    var options = SegmentLogStore.Options()
    options.segmentSize = UInt64(segmentSize)
    options.dedupWindow = dedupWindow
    options.dedupMax = dedupMax
    options.verifyEvery = verifyEvery
    options.onDamage =
      switch onDamage {
      case .drain: .drain
      case .refuse: .refuse
      case .continue: .proceed
      }
    return options
  }

  /// For verbs that open a log without serving it.
  var duplicateLimits: DuplicateLimits {
    DuplicateLimits(
      windowMs: UInt64(max(dedupWindow.milliseconds, 0)), countMax: dedupMax)
  }

  var delivery: DeliveryConfiguration {
    var delivery = DeliveryConfiguration()
    delivery.worker = worker
    delivery.timeout = timeout
    delivery.maxTimeout = maxTimeout
    delivery.retry = policy
    delivery.userAgent = "Dispatcher/\(version)"
    delivery.bodyBytesMax = maxBody
    return delivery
  }

  private var policy: RetryPolicy {
    var policy = RetryPolicy()
    policy.initial = retry.initial
    policy.cap = retry.cap
    policy.maxAgeMs = UInt64(retry.maxAge.milliseconds)
    policy.maxAttempts = UInt32(retry.maxAttempts)
    policy.permanentStatuses = Set(retry.permanent.map { UInt16($0) })
    policy.conditionalStatuses = Set(retry.conditional.map { UInt16($0) })
    return policy
  }
}
