/// Both clocks of the machine at one moment.
package struct MachineTime: Sendable, Equatable {
  /// The wall clock, milliseconds since 1970: it can be set, and be wrong.
  package var wallMs: UInt64
  /// Since the machine started, its sleep counted (CLOCK_BOOTTIME): it can't be set.
  package var uptimeMs: UInt64
  /// Which start of the machine that was; nil: not known.
  package var boot: String?

  package init(wallMs: UInt64, uptimeMs: UInt64, boot: String?) {
    self.wallMs = wallMs
    self.uptimeMs = uptimeMs
    self.boot = boot
  }
}

/// The log's own time, milliseconds: it began as the wall clock's and goes on as time passes, whatever
/// the wall clock is set to. Frames carry it; the order, ages and windows of messages follow from it.
/// What people read is this time moved by what the wall clock says at present (`offsetMs`), so it comes
/// back to the truth when that does.
package struct LogClock: Sendable {
  private let machine: @Sendable () -> MachineTime
  /// The log's time less the machine's uptime.
  package let shiftMs: Int64

  init(
    _ machine: @escaping @Sendable () -> MachineTime, at start: MachineTime, isMs startMs: UInt64
  ) {
    self.machine = machine
    shiftMs = Int64(clamping: startMs) - Int64(clamping: start.uptimeMs)
  }

  package func nowMs() -> UInt64 { nowMs(machine()) }

  private func nowMs(_ time: MachineTime) -> UInt64 {
    UInt64(max(0, Int64(clamping: time.uptimeMs) + shiftMs))
  }

  /// By how much the wall clock is ahead of the log's time at present.
  package func offsetMs() -> Int64 {
    let time = machine()
    return Int64(clamping: time.wallMs) - Int64(clamping: nowMs(time))
  }

  func record() -> ClockRecord {
    let time = machine()
    return ClockRecord(time: time, logMs: nowMs(time))
  }
}

/// `clock`: what the log's time was at one moment, so that the next start goes on from there.
package struct ClockRecord: Sendable, Equatable {
  package var time: MachineTime
  package var logMs: UInt64

  package init(time: MachineTime, logMs: UInt64) {
    self.time = time
    self.logMs = logMs
  }

  /// The log's time at a start. Within one start of the machine that is known; else as much time has
  /// passed as the wall clock says, and none when it went back. Without a record it is the wall
  /// clock's.
  package static func logMs(at now: MachineTime, after record: ClockRecord?) -> UInt64 {
    guard let record else { return now.wallMs }
    if let boot = now.boot, boot == record.time.boot, now.uptimeMs >= record.time.uptimeMs {
      return record.logMs.addingCapped(now.uptimeMs - record.time.uptimeMs)
    }
    return record.logMs.addingCapped(now.wallMs.subtractingCapped(record.time.wallMs))
  }

  /// How much the wall clock was ahead.
  var offsetMs: Int64 { Int64(clamping: time.wallMs) - Int64(clamping: logMs) }
}

extension ClockRecord {
  private static let sizeMax: UInt64 = 1024
  private static let bootMax = 64

  private var fields: String {
    "\"log\":\(logMs),\"wall\":\(time.wallMs),\"uptime\":\(time.uptimeMs),\"boot\":\"\(time.boot ?? "")\""
  }

  private var checksum: UInt32 { Array(fields.utf8).withBytes { Checksum.crc32($0) } }

  package var json: String { "{\(fields),\"crc32\":\(checksum)}\n" }

  /// nil when there is none, or none that can be believed: a start can do without.
  package static func read(from disk: any Disk) -> ClockRecord? {
    guard let file = try? disk.open(FileNames.clock, .readOnly) else { return nil }
    defer { file.close() }
    guard let size = try? file.size(), size <= sizeMax else { return nil }
    var bytes = [UInt8](repeating: 0, count: Int(size))
    let count = try? bytes.withMutableBytes { (buffer) throws(DiskError) in
      try file.read(into: buffer, at: 0)
    }
    return count == bytes.count ? decode(bytes) : nil
  }

  static func decode(_ bytes: [UInt8]) -> ClockRecord? {
    guard let fields = FlatJSON.parse(bytes), case .number(let log)? = fields["log"],
      case .number(let wall)? = fields["wall"], case .number(let uptime)? = fields["uptime"],
      case .string(let boot)? = fields["boot"], case .number(let crc)? = fields["crc32"],
      boot.utf8.count <= bootMax, max(log, wall, uptime) < FormatLimits.numberMax
    else { return nil }
    let record = ClockRecord(
      time: MachineTime(wallMs: wall, uptimeMs: uptime, boot: boot.isEmpty ? nil : boot),
      logMs: log)
    return UInt64(record.checksum) == crc ? record : nil
  }

  /// Temporary file, sync, rename, sync of the directory.
  package func write(to disk: any Disk) throws(DiskError) {
    let temporary = FileNames.clock + ".tmp"
    if try disk.list().contains(temporary) { try disk.unlink(temporary) }
    let file = try disk.open(temporary, .createNew)
    defer { file.close() }
    try Recovery.write(Array(json.utf8), to: file, at: 0)
    try file.sync()
    try disk.rename(temporary, to: FileNames.clock)
    try disk.syncDirectory()
  }
}
