@testable import SegmentLog

/// A small log with every kind of record in two segments, as an engine would leave it.
struct SampleLog {
  var first: SegmentBuilder
  var second: SegmentBuilder

  /// Messages 1 to 4 in the first segment, 5 and 6 in the second. 1 is delivered, 2 dead after two
  /// attempts, 3 cancelled, 5 delivered in the second segment; 4 and 6 are pending, 4 was tried.
  init(sealed: Bool = true) {
    first = SegmentBuilder()
    let records = Self.records
    first.append { encoder in
      encoder.define(destination: 1, origin: "http://b:8080")
      encoder.define(destination: 2, origin: "https://[::1]:443")
      for record in records[0..<4] { encoder.append(record, destination: 1) }
    }
    let noteAt = NotePlace(segment: 1, frameOffset: UInt64(first.bytes.count))
    first.append { encoder in
      encoder.append(
        OutcomeRecord(sequence: 1, kind: .delivered, attempts: 1, status: 200), previousNote: nil)
      encoder.append(
        AttemptRecord(
          sequence: 2, count: 1, delayMs: 2000, status: 503, error: "503 Service Unavailable"),
        previousNote: nil)
      encoder.append(
        AttemptRecord(
          sequence: 4, count: 1, delayMs: 2000, status: 0, error: "connection refused"),
        previousNote: nil)
    }
    first.append { encoder in
      encoder.append(
        OutcomeRecord(sequence: 2, kind: .dead, attempts: 2, status: 410, error: "410 Gone"),
        previousNote: noteAt)
      encoder.append(
        OutcomeRecord(sequence: 3, kind: .cancelled, attempts: 0, status: 0), previousNote: nil)
      encoder.append(ControlRecord(kind: 7, bytes: [1, 2, 3]))
    }
    var totals = Totals()
    totals.accepted = 4
    totals.delivered = 1
    totals.dead = 1
    totals.cancelled = 1
    second = first.successor(totals: totals)
    second.append { encoder in
      encoder.define(destination: 1, origin: "http://b:8080")
      for record in records[4..<6] { encoder.append(record, destination: 1) }
    }
    second.append { encoder in
      encoder.append(
        OutcomeRecord(sequence: 5, kind: .delivered, attempts: 1, status: 204), previousNote: nil)
    }
    if sealed { second.append(.footer) }
  }

  static let records: [NewRecord] = (1...6).map { number in
    NewRecord(
      uuid: number == 3 ? Array("order_3-A".utf8) : PackedUUID(high: 9, low: UInt64(number)).ascii,
      key: UUIDKey(high: 100, low: UInt64(number)), contentHash: UInt64(number) << 32,
      destination: "http://b:8080",
      start: number == 4 ? .delay(1500) : number == 6 ? .notBefore(1_800_000_000_000) : .atOnce,
      maxAgeMs: number == 4 ? 60_000 : nil, maxAttempts: number == 4 ? 5 : nil,
      payload: Array(String(repeating: "{\"number\":\(number)} ", count: number * 3).utf8))
  }

  func put(on disk: SimDisk, zeros: Int = 0) {
    disk.put(FileNames.identity, Array(StoreIdentity(store: SegmentBuilder.store).json.utf8))
    first.put(on: disk)
    second.put(on: disk, zeros: zeros)
  }

  func disk() -> SimDisk {
    let disk = SimDisk()
    put(on: disk)
    return disk
  }
}
