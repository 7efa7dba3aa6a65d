/// What `dispatcher repair` does to the log of a stopped server. The caller holds its lock.
package enum LogRepair {
  package struct Examined: Sendable, Equatable {
    package var report: RecoveryReport
    /// What the start found, and what a look at all bodies found besides.
    package var damage: [Damage]
    package var totals: Totals
  }

  package struct Repaired: Sendable, Equatable {
    package var loss: AcceptedLoss
    package var totals: Totals
  }

  package enum Failure: Error, Sendable, Equatable, CustomStringConvertible {
    case log(LogError)
    case accepting(AcceptError)

    package var description: String {
      switch self {
      case .log(let error): error.description
      case .accepting(.log(let failure)): failure.description
      case .accepting(.disk(let error)): "the damage can't be written down as accepted: \(error)"
      case .accepting(.noSpace): "there is no room on the disk to record what is lost"
      }
    }
  }

  /// What a start would find, and besides what it doesn't look at: the bodies of all messages that
  /// have not ended. Nothing is changed.
  package static func examine(
    _ disk: any Disk, remembering: DuplicateLimits = DuplicateLimits(), nowMs: UInt64
  ) throws(Failure) -> Examined {
    let (core, report) = try open(DryDisk(over: disk), remembering, nowMs: nowMs)
    return Examined(report: report, damage: core.state.damage, totals: core.totals)
  }

  /// Starts the log, gives up what is damaged, and seals it.
  package static func accept(
    _ disk: any Disk, remembering: DuplicateLimits = DuplicateLimits(), nowMs: UInt64
  ) throws(Failure) -> Repaired {
    let (core, _) = try open(disk, remembering, nowMs: nowMs)
    let loss: AcceptedLoss
    do throws(AcceptError) { loss = try core.acceptDamage(nowMs: nowMs) } catch {
      throw .accepting(error)
    }
    do throws(LogFailure) { try core.seal(nowMs: nowMs) } catch { throw .accepting(.log(error)) }
    return Repaired(loss: loss, totals: core.totals)
  }

  private static func open(
    _ disk: any Disk, _ limits: DuplicateLimits, nowMs: UInt64
  ) throws(Failure) -> (LogCore, RecoveryReport) {
    var random = SystemRandomNumberGenerator()
    // A start always begins a new segment; this one is sealed at once and need not be large.
    let options = LogOptions(
      segmentSize: 256 << 10, dedupWindowMs: limits.windowMs, dedupMax: limits.countMax,
      onDamage: .drain,
      newStore: StoreUUID(high: random.next(), low: random.next()), saltSeed: random.next())
    do throws(LogError) {
      let (core, report) = try LogCore.open(disk: disk, options: options, nowMs: nowMs)
      do throws(DiskError) { try core.checkBodies() } catch { throw LogError.disk(error) }
      return (core, report)
    } catch {
      throw .log(error)
    }
  }
}
