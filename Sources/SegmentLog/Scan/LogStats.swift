/// What a log weighs, how it was written, and how long its messages took. Memory: 64 MiB, whatever
/// the log's size.
package struct LogStats: Sendable {
  package struct Destination: Sendable, Equatable {
    package var name: String
    package var messages: UInt64
    package var payloadBytes: UInt64
  }

  package private(set) var segments = 0
  package private(set) var bytesOnDisk: UInt64 = 0
  package private(set) var preparedBytes: UInt64 = 0
  package var reserveBytes: UInt64 { chain.reserveBytes }
  package private(set) var coldSegments = 0
  package private(set) var coldBytes: UInt64 = 0
  package private(set) var dedupFiles = 0
  package private(set) var dedupBytes: UInt64 = 0
  package var checkpoints: Int { chain.checkpointCount }
  package var checkpointBytes: UInt64 { chain.checkpointBytes }
  package private(set) var frames: UInt64 = 0
  package private(set) var syncs: UInt64 = 0
  package private(set) var messages: UInt64 = 0
  package private(set) var attempts: UInt64 = 0
  package private(set) var outcomes: UInt64 = 0
  package private(set) var payloadBytes: UInt64 = 0
  package private(set) var frameBytes: UInt64 = 0
  package private(set) var directoryBytes: UInt64 = 0
  package private(set) var firstAtMs: UInt64?
  package private(set) var lastAtMs: UInt64?
  /// From acceptance to the end, in milliseconds, of the messages whose both stand in the log.
  package private(set) var delivered = Histogram()
  package private(set) var dead = Histogram()
  package private(set) var cancelled = Histogram()
  package private(set) var destinations: [Destination] = []
  package private(set) var destinationCount = 0
  /// There were too many destinations to count all: the counts are lower bounds.
  package private(set) var destinationsArePartial = false
  package let chain: LogChain

  package static let destinationsMax = 20

  package init(
    of disk: any Disk, windowBytes: Int = 64 << 20,
    progress: @escaping PassProgress = { _, _ in }
  ) throws(DiskError) {
    chain = try LogChain.read(disk)
    segments = chain.segments.count
    bytesOnDisk = chain.bytes
    preparedBytes = chain.preparedBytes ?? 0
    coldSegments = chain.colds.count
    coldBytes = chain.colds.reduce(0) { $0 + $1.size }
    dedupFiles = chain.dedups.count
    dedupBytes = chain.dedups.reduce(0) { $0 + $1.size }
    var from: Sequence = 1
    let pass = StatsPass(chain: chain, disk: disk)
    while from < .max {
      let isFirst = from == 1
      let times = SharedTimes(from: from, bytesMax: windowBytes)
      let counted = pass.count(into: times, isFirst: isFirst, progress)
      if isFirst { add(counted) }
      let window = times.take()
      add(pass.latencies(window))
      from = window.upper
    }
  }

  private mutating func add(_ counted: [StatsPass.Counted]) {
    var top = TopCounter()
    for part in counted {
      let digest = part.digest
      frames += digest.frames
      syncs += digest.syncs
      messages += digest.messages
      attempts += digest.attempts
      outcomes += digest.delivered + digest.dead + digest.cancelled
      payloadBytes += digest.payloadBytes
      frameBytes += digest.frameBytes
      directoryBytes += digest.directoryBytes
      // Compacted segments come last and hold what is oldest.
      firstAtMs = [firstAtMs, digest.firstAtMs].compactMap(\.self).min()
      lastAtMs = [lastAtMs, digest.lastAtMs].compactMap(\.self).max()
      for (name, entry) in part.destinations { top.add(name, entry) }
    }
    destinations = top.top(Self.destinationsMax).map {
      Destination(
        name: $0.name, messages: $0.entry.messages, payloadBytes: $0.entry.payloadBytes)
    }
    destinationCount = top.count
    destinationsArePartial = top.isPartial
  }

  private mutating func add(_ latencies: StatsPass.Latencies) {
    delivered.add(latencies.delivered)
    dead.add(latencies.dead)
    cancelled.add(latencies.cancelled)
  }
}
