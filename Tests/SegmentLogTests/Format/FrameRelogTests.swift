import Testing

@testable import SegmentLog

@Suite("Logging a frame again in another segment")
struct FrameRelogTests {
  private func relog(
    _ bytes: [UInt8], _ moved: (NotePlace) -> NotePlace? = { $0 }
  ) throws -> (FrameReader, old: FrameReader.Frame, new: FrameReader.Frame) {
    let disk = SimDisk()
    disk.put("old", bytes)
    let old = try FrameReader(file: try disk.open("old", .readOnly), salt: 1).frame(at: 0)
    let new = bytes.withUnsafeBytes { frame in
      FrameRelog.rewrite(
        frame, head: old.head, directory: old.directory, salt: 2, frameNumber: 50,
        syncedUpTo: 8192, moved: moved)
    }
    disk.put("new", new)
    let reader = FrameReader(file: try disk.open("new", .readOnly), salt: 2)
    return (reader, old, try reader.frame(at: 0))
  }

  @Test("records, time and payloads stay; salt, number and checksum are new")
  func staysTheSame() throws {
    let encoder = FrameEncoder()
    for seed in UInt64(0)..<40 {
      var source = RandomRecords(seed: seed)
      let content = FrameContent.random(&source, baseSequence: 1000)
      content.stage(into: encoder)
      _ = encoder.encode(salt: 1, frameNumber: 3, committedAtMs: 777)
      let (reader, old, new) = try relog(encoder.withFrame(syncedUpTo: 9000) { Array($0) })
      #expect(new.head.committedAtMs == 777)
      #expect(new.head.frameNumber == 50)
      #expect(new.head.syncedUpTo == 8192)
      #expect(new.directory.bytes == old.directory.bytes)
      #expect(new.directory.notes == old.directory.notes)
      #expect(
        try reader.payloads(content.sequences, of: new) == content.messages.map(\.payload))
    }
  }

  @Test("places of notes follow frames that move, and say so when the way is lost")
  func notePlaces() throws {
    let encoder = FrameEncoder()
    let lost = NotePlace(segment: 4, frameOffset: 100_000)
    let kept = NotePlace(segment: 3, frameOffset: 8192)
    let moving = NotePlace(segment: 4, frameOffset: 1 << 33)
    let target = NotePlace(segment: 5, frameOffset: 8192)
    encoder.begin(baseSequence: 10)
    for (sequence, place) in [(1, lost), (2, kept), (3, moving)] as [(UInt64, NotePlace)] {
      encoder.append(
        AttemptRecord(sequence: sequence, count: 1, delayMs: 0, status: 0, error: "e \(sequence)"),
        previousNote: place)
    }
    encoder.append(
      OutcomeRecord(sequence: 4, kind: .dead, attempts: 1, status: 0, error: "first"),
      previousNote: nil)
    _ = encoder.encode(salt: 1, frameNumber: 3, committedAtMs: 777)
    let (reader, _, new) = try relog(encoder.withFrame(syncedUpTo: 9000) { Array($0) }) { place in
      place == moving ? target : place == lost ? nil : place
    }
    #expect(new.directory.notes.map(\.previous) == [.unknown, .at(kept), .at(target), .none])
    #expect(
      try new.directory.notes.map { try reader.text($0, of: new) } == [
        "e 1", "e 2", "e 3", "first",
      ])
    #expect(new.directory.attempts.count == 3)
  }
}
