import Testing

@testable import SegmentLog

@Suite("The log's own time")
struct LogClockTests {
  private static let year: UInt64 = 365 * 86_400_000
  private let then = ClockRecord(
    time: MachineTime(wallMs: 1_000_000_000, uptimeMs: 50_000, boot: "a"), logMs: 1_000_000_000)

  private func logMs(wall: UInt64, uptime: UInt64, boot: String?) -> UInt64 {
    ClockRecord.logMs(at: MachineTime(wallMs: wall, uptimeMs: uptime, boot: boot), after: then)
  }

  @Test("goes on as the machine ran, whatever the wall clock was set to")
  func sameBoot() {
    for wall in [1_000_005_000, 1_000_000_000 + 20 * Self.year, 5] {
      #expect(logMs(wall: wall, uptime: 55_000, boot: "a") == 1_000_005_000)
    }
  }

  @Test("after another start of the machine as long has passed as the wall clock says, or nothing")
  func otherBoot() {
    #expect(logMs(wall: 1_000_007_000, uptime: 10, boot: "b") == 1_000_007_000)
    #expect(logMs(wall: 5, uptime: 10, boot: "b") == 1_000_000_000)
    #expect(logMs(wall: 1_000_007_000, uptime: 60_000, boot: nil) == 1_000_007_000)
    // A machine whose uptime fell is another, whatever it is called.
    #expect(logMs(wall: 1_000_007_000, uptime: 10, boot: "a") == 1_000_007_000)
    let now = MachineTime(wallMs: 77, uptimeMs: 5, boot: "b")
    #expect(ClockRecord.logMs(at: now, after: nil) == 77)
  }

  @Test("a record is read back, and one that rotted or was cut is none")
  func coding() throws {
    let disk = SimDisk()
    #expect(ClockRecord.read(from: disk) == nil)
    try then.write(to: disk)
    disk.cutPower()
    #expect(ClockRecord.read(from: disk) == then)
    let bytes = try #require(disk.contents(FileNames.clock))
    for bit in 0..<bytes.count * 8 {
      var rotten = bytes
      rotten[bit / 8] ^= 1 << UInt8(bit % 8)
      let found = ClockRecord.decode(rotten)
      #expect(found == nil || found == then, "bit \(bit)")
    }
    for length in 0..<bytes.count - 1 {
      #expect(ClockRecord.decode(Array(bytes[..<length])) == nil)
    }
  }
}
