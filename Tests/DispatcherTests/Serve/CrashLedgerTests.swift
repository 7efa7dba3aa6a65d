import Delivery
import Foundation
import Testing

@testable import Dispatcher

@Suite struct CrashLedgerTests {
  private func ref(_ number: UInt64) -> MessageRef { MessageRef(lane: 0, number: number) }

  /// What a run leaves that began with `ledger`, had these in flight, and ended.
  private func end(
    _ ledger: CrashLedger, inFlight: [UInt64] = [], byItself: Bool = true, slots: Int = 4
  ) -> [UInt8] {
    var bytes = ledger.file(slots: slots)
    if byItself { bytes[CrashLedger.File.markOffset] = 6 }
    guard ledger.isRecording else { return bytes }
    let first = CrashLedger.File.headSize + ledger.suspects.count * CrashLedger.Entry.size
    for (slot, number) in inFlight.enumerated() {
      let start = first + slot * CrashLedger.Entry.size
      bytes.replaceSubrange(
        start..<start + CrashLedger.Entry.size,
        with: CrashLedger.Entry(ref(number), ends: 0).bytes)
    }
    return bytes
  }

  @Test("a run after none, or after one that ended well, records nothing and has no slots")
  func calm() {
    let ledger = CrashLedger(after: [])
    #expect(!ledger.isRecording)
    #expect(ledger.file(slots: 64).count == CrashLedger.File.headSize)
    #expect(CrashLedger(after: ledger.file(slots: 64)) == ledger)
  }

  @Test("what was in flight at three ends in a row, as far as they were recorded, is held back")
  func threeEnds() {
    var ledger = CrashLedger(after: [])
    ledger = CrashLedger(after: end(ledger))
    #expect(ledger.isRecording)
    #expect(ledger.suspects.isEmpty)
    ledger = CrashLedger(after: end(ledger, inFlight: [1, 2, 3]))
    #expect(ledger.suspects == [ref(1): 1, ref(2): 1, ref(3): 1])
    #expect(ledger.heldBack.isEmpty)
    ledger = CrashLedger(after: end(ledger, inFlight: [2, 7]))
    #expect(ledger.heldBack == [ref(2)])
    #expect(ledger.suspects[ref(7)] == 1)
  }

  @Test("kill -9 and power cuts cost none anything, however often")
  func fromOutside() {
    var ledger = CrashLedger(after: [])
    for _ in 0..<10 { ledger = CrashLedger(after: end(ledger, inFlight: [1], byItself: false)) }
    #expect(ledger == CrashLedger(after: []))
    ledger = CrashLedger(after: end(CrashLedger(after: end(ledger)), inFlight: [1]))
    let suspected = ledger
    for _ in 0..<10 { ledger = CrashLedger(after: end(ledger, inFlight: [1], byItself: false)) }
    #expect(ledger == suspected)
  }

  @Test("a file in which any byte is wrong is read as far as it is right, or not at all")
  func damaged() {
    var ledger = CrashLedger(after: end(CrashLedger(after: []), inFlight: []))
    ledger = CrashLedger(after: end(ledger, inFlight: [1, 2]))
    let good = end(ledger, inFlight: [1])
    for at in good.indices {
      for value in [0, 1, 0x7f, 0xff] as [UInt8] where good[at] != value {
        var bytes = good
        bytes[at] = value
        let read = CrashLedger(after: bytes)
        #expect(read.suspects.keys.allSatisfy { [ref(1), ref(2)].contains($0) })
        #expect(read.ends <= 3)
      }
    }
    for count in 0..<good.count {
      let read = CrashLedger(after: Array(good[..<count]))
      #expect(read.ends == 0 && read.suspects.isEmpty)
      #expect(read.wasDamaged == (count > 0))
    }
    let foreign = CrashLedger(after: [UInt8](repeating: 0xff, count: 4096))
    #expect(foreign.wasDamaged && !foreign.isRecording)
  }

  @Test("what is recorded stands in the file, and nothing of it after a clean end")
  func record() throws {
    let directory = try TemporaryDirectory()
    let path = directory.path + "/in-flight"
    let before = end(CrashLedger(after: []))
    try Data(before).write(to: URL(fileURLWithPath: path))
    let record = try #require(
      CrashRecord.begin(log: directory.path, worker: 4, logger: .init(label: "test")))
    let attributes = try FileManager.default.attributesOfItem(atPath: path)
    #expect(attributes[.posixPermissions] as? Int == 0o600)
    for number in 1...6 as ClosedRange<UInt64> { record.began(ref(number)) }
    record.ended(ref(2))
    var left = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    left[CrashLedger.File.markOffset] = 6
    #expect(Set(CrashLedger(after: left).suspects.keys) == [ref(1), ref(3), ref(4)])
    record.end()
    #expect(!FileManager.default.fileExists(atPath: path))
  }
}
