import Delivery
import Dispatch
import Gateway
import Glibc
import Logging
import NIOCore
import NIOPosix
import SegmentLog
import Synchronization

/// The life of the server, from its first line to its last.
///
/// This is a sequence, written as one: the listeners open before the log is read, the deliveries
/// begin when it is, and at the end each part is stopped only when the one before it has finished.
/// A service group starts everything at once and knows no step that fails the start, so that there
/// would be more to write around it than here.
struct Server {
  let configuration: Configuration
  let logger = Logger(label: "dispatcher")
  private let clock = SystemClock()

  init(_ configuration: Configuration) { self.configuration = configuration }

  /// Returns when a signal has asked for the end and everything is written.
  func run() async throws(ServeFailure) {
    let descriptors = ProcessSetup.apply()
    let plan = DescriptorPlan(limit: descriptors, worker: configuration.worker)
    let signals = TerminationSignals(logger: logger)
    let isNew = try tryLog()
    let group = MultiThreadedEventLoopGroup(numberOfThreads: System.coreCount)
    let egress = EgressGuard(clock: clock, blocked: configuration.blockedAddresses)
    let gateway = GatewayServer(
      configuration: configuration.gateway(connections: plan.callers), group: group, clock: clock,
      logger: logger,
      refusal: { egress.refusal(literalHost: $0, port: $1) })
    let listeners = try await listen(gateway, egress)
    warnOfOpenDoor()
    warn(plan, limit: descriptors)
    if let problem = SystemAuthorities.ofProcess.problem {
      logger.error("https destinations may not be trusted", metadata: ["reason": "\(problem)"])
    }

    let start = StartGate(logger: logger)
    Task {
      await signals.first()
      start.signalled()
    }
    let store = try await recover(gateway, listeners)
    if isNew {
      let line = RecoveryLines.created(log: configuration.log)
      logger.log(level: line.level, "\(line.message)", metadata: line.fields)
    }
    start.recovered()

    let resolver = NameResolver(clock: clock)
    let sender = AsyncHTTPClientSender(
      configuration: configuration.sender(connections: plan.receivers), guard: egress,
      resolver: resolver, eventLoopGroup: group)
    var deliveries = configuration.delivery
    deliveries.knownGood = await takeKnownGood()
    let crashes = await onThread { [configuration, logger] in
      CrashRecord.begin(log: configuration.log, worker: configuration.worker, logger: logger)
    }
    let delivery = DeliveryService(
      store: store, sender: sender, clock: store.clock, configuration: deliveries,
      recorder: crashes,
      logger: logger)
    let delivering = Task { await delivery.run() }
    let watching = Task { [logger] in
      await SyncWatch.run(logger) { store.metrics().hangingSync }
    }
    let calming = Task {
      try await Task.sleep(for: CrashLedger.calmAfter)
      await onThread { crashes?.calmDown() }
    }
    gateway.install(
      Backend(store: store, probe: delivery, log: store), state: serviceState(store))
    // What was found between the two.
    if let reason = store.isReadOnly { gateway.services.restrict(because: reason) }

    let stop = StopPlan(total: configuration.stopTimeout, drainDelay: configuration.drainDelay)
    if stop.drainDelay < configuration.drainDelay {
      logger.warning(
        "drain_delay is longer than stop_timeout allows: it will be cut",
        metadata: ["to": "\(DurationText.format(stop.drainDelay))"])
    }
    await signals.first()
    logger.info("stopping")
    let began = clock.monotonic()
    StopDeadline.begin(stop.total, logger: logger)
    gateway.announceLeaving()
    if stop.drainDelay > .zero { try? await Task.sleep(for: stop.drainDelay) }
    // At once: who sends its request slowly takes no time from the deliveries.
    let patience = stop.patience(after: clock.monotonic() - began)
    async let requests: Void = gateway.drain(patience: patience)
    await delivery.shutdown(grace: patience)
    await requests
    await delivering.value
    calming.cancel()
    await onThread { crashes?.end() }
    await leaveKnownGood(delivery.knownGood())
    await store.close()
    watching.cancel()
    await gateway.stop()
    resolver.shutdown()
    let rest = min(.seconds(1), stop.left(after: clock.monotonic() - began))
    if await sender.shutdown(within: rest) { try? await group.shutdownGracefully() }
    logger.info("stopped")
  }

  /// Which destinations the last run left in good order; its file says nothing of a later one.
  private func takeKnownGood() async -> [KnownGood] {
    let origins = await inLog { disk in KnownGoodFile.take(from: disk) }
    if let origins = origins ?? nil { return origins }
    logger.notice(
      "the list of destinations that answered well can't be read, each is met anew",
      metadata: ["file": "\(configuration.log)/\(KnownGoodFile.name)"])
    return []
  }

  private func leaveKnownGood(_ origins: [KnownGood]) async {
    let problem = await inLog { disk -> DiskError? in
      do throws(DiskError) {
        try KnownGoodFile.write(origins, to: disk)
        return nil
      } catch {
        return error
      }
    }
    guard let problem, let problem else { return }
    logger.notice(
      "the list of destinations that answered well can't be written, each will be met anew",
      metadata: ["error": "\(problem)"])
  }

  /// In the log's directory, whose lock the store holds. - Returns: nil when it can't be opened.
  private func inLog<T: Sendable>(_ body: @escaping @Sendable (any Disk) -> T) async -> T? {
    let path = configuration.log
    return await onThread {
      let disk = try? FileDisk(path: path, access: .readWrite)
      return disk.map(body)
    }
  }

  /// Where it may block.
  private func onThread<T: Sendable>(_ body: @escaping @Sendable () -> T) async -> T {
    await withCheckedContinuation { continuation in
      DispatchQueue.global().async { continuation.resume(returning: body()) }
    }
  }

  /// What is wrong with the log's directory is found before anything else is begun.
  /// - Returns: whether there is no log yet, so that one will be created.
  private func tryLog() throws(ServeFailure) -> Bool {
    let isNew = !LogDoor.holdsLog(configuration.log)
    if isNew, configuration.requireLog {
      throw ServeFailure(status: .log, reason: RecoveryLines.missing(log: configuration.log))
    }
    do throws(LogDoor.Problem) {
      let found = try LogDoor.tryToOpen(configuration.log)
      if let warning = found.fileSystem.warning {
        logger.log(
          level: found.fileSystem == .memory ? .notice : .warning, "\(warning)",
          metadata: ["log": "\(configuration.log)"])
      }
      guard let permissions = found.permissions else { return isNew }
      logger.warning(
        "others can look into the log's directory, and messages may hold secrets: chmod 700",
        metadata: ["log": "\(configuration.log)", "mode": "\(permissions)"])
      return isNew
    } catch {
      throw ServeFailure(status: error.exitStatus, reason: error.reason)
    }
  }

  /// Returns the addresses.
  private func listen(
    _ gateway: GatewayServer, _ egress: EgressGuard
  ) async throws(ServeFailure) -> [String] {
    let bound: BoundAddresses
    do throws(GatewayError) {
      bound = try await gateway.start()
    } catch {
      throw ServeFailure(status: .failure, reason: "\(error)")
    }
    egress.setOwnListeners([bound.main] + (bound.admin.map { [$0] } ?? []))
    logger.info(
      "listening",
      metadata: [
        "listen": "\(BoundAddress.text(bound.main))",
        "admin": "\(bound.admin.map(BoundAddress.text) ?? "off")", "version": "\(version)",
        "pid": .stringConvertible(getpid()),
      ])
    return [BoundAddress.text(bound.main)] + (bound.admin.map { [BoundAddress.text($0)] } ?? [])
  }

  /// Callers choose where requests go and what stands in them: whoever reaches the listener sends
  /// them from this machine.
  private func warnOfOpenDoor() {
    guard !configuration.listen.isLoopback, configuration.token == nil else { return }
    logger.warning(
      """
      whoever reaches this listener can send requests from this machine: set a token, let only \
      your own callers through to it, or listen on 127.0.0.1
      """, metadata: ["listen": "\(configuration.listen)"])
  }

  private func warn(_ plan: DescriptorPlan, limit: Int) {
    guard plan.isScarce else { return }
    logger.notice(
      "the limit of open files (ulimit -n) is low",
      metadata: [
        "limit": .stringConvertible(limit), "connections": .stringConvertible(plan.callers),
      ])
  }

  private func recover(
    _ gateway: GatewayServer, _ listeners: [String]
  ) async throws(ServeFailure) -> SegmentLogStore {
    let began = clock.monotonic()
    do throws(LogOpenError) {
      let (store, report) = try await SegmentLogStore.open(
        directory: configuration.log, options: configuration.store, clock: clock,
        listeners: listeners,
        logger: logger,
        onFailure: { [logger] in FatalStop.begin($0, logger: logger) },
        onDamage: { [logger, configuration] news, reason in
          for line in RecoveryLines.lines(news, log: configuration.log) {
            logger.log(level: line.level, "\(line.message)", metadata: line.fields)
          }
          if let reason, !news.damage.isEmpty {
            logger.error("nothing new is taken", metadata: ["reason": "\(reason)"])
            gateway.services.restrict(because: reason)
          }
        })
      let took = clock.monotonic() - began
      for line in RecoveryLines.lines(report, log: configuration.log, took: took) {
        logger.log(level: line.level, "\(line.message)", metadata: line.fields)
      }
      return store
    } catch {
      throw ServeFailure(error)
    }
  }

  private func serviceState(_ store: SegmentLogStore) -> ServiceState {
    guard let reason = store.isReadOnly else { return .serving }
    logger.error("nothing new is taken", metadata: ["reason": "\(reason)"])
    return .drainOnly(reason: reason)
  }
}

/// A signal while the log is still being read ends the process right there: nothing was taken yet,
/// and reading can be begun again at any time.
private final class StartGate: Sendable {
  private let recovering = Mutex(true)
  private let logger: Logger

  init(logger: Logger) { self.logger = logger }

  func recovered() { recovering.withLock { $0 = false } }

  func signalled() {
    recovering.withLock { recovering in
      guard recovering else { return }
      logger.info("stopped while the log was being read")
      LogOutput.writer.flush()
      _exit(0)
    }
  }
}
