import Testing

@testable import SegmentLog

@Suite("Frames of cold segments")
struct SparseFrameTests {
  /// The messages of a dense frame, as a reader sees them.
  private func source(_ content: FrameContent, committedAtMs: UInt64) throws -> FrameReader.Frame {
    let encoder = FrameEncoder()
    content.stage(into: encoder)
    _ = encoder.encode(salt: 3, frameNumber: 1, committedAtMs: committedAtMs)
    return try read(encoder, salt: 3).1
  }

  private func read(
    _ encoder: FrameEncoder, salt: UInt64
  ) throws -> (FrameReader, FrameReader.Frame) {
    let disk = SimDisk()
    disk.put("f", encoder.withFrame(syncedUpTo: 8192) { Array($0) })
    let reader = FrameReader(file: try disk.open("f", .readOnly), salt: salt)
    return (reader, try reader.frame(at: 0))
  }

  @Test("a copied message keeps its sequence, its time and every byte", arguments: 1...40)
  func copies(seed: UInt64) throws {
    var random = RandomRecords(seed: seed)
    let content = FrameContent.random(&random, baseSequence: 1 + seed * 1000, countMax: 60)
    let origin = try source(content, committedAtMs: 1_700_000_000_000 + seed)
    let kept = origin.directory.messages.filter { _ in random.chance(30) }
    let encoder = FrameEncoder(level: 6)
    encoder.beginSparse(
      baseSequence: kept.first?.sequence ?? 1, committedAtMs: 1_600_000_000_000)
    for message in kept {
      let payload = content.messages[Int(message.sequence - content.baseSequence)].payload
      encoder.append(
        copyOf: message, in: origin.directory, destination: message.destination + 70_000,
        payload: payload[...])
    }
    _ = encoder.encode(salt: 9, frameNumber: 4, committedAtMs: 1_600_000_000_000)
    let (reader, frame) = try read(encoder, salt: 9)
    try #require(frame.directory.messages.count == kept.count)
    for (found, message) in zip(frame.directory.messages, kept) {
      let given = content.messages[Int(message.sequence - content.baseSequence)]
      #expect(found.sequence == message.sequence)
      #expect(found.acceptedAtMs == 1_700_000_000_000 + seed)
      #expect(found.destination == message.destination + 70_000)
      #expect(frame.directory.uuid(of: found) == given.uuid)
      #expect((found.key, found.contentHash) == (given.key, given.contentHash))
      #expect(found.start == given.start)
      #expect((found.maxAgeMs, found.maxAttempts) == (given.maxAgeMs, given.maxAttempts))
      #expect(try reader.payload(message.sequence, of: frame) == given.payload)
    }
    let gone = origin.directory.messages.first { message in
      !kept.contains { $0.sequence == message.sequence }
    }
    if let gone { #expect(frame.directory.message(gone.sequence) == nil) }
  }

  @Test("fields that only a later version knows are copied with the rest of the entry")
  func unknownFields() throws {
    var entry: [UInt8] = [1 | 32 | 64 | 128, 0, 0] + [UInt8](repeating: 5, count: 40)
    let extra: [UInt8] = [1, 1, 1, 1] + [2] + [UInt8](repeating: 2, count: 8) + [3, 9, 9, 9]
    entry += extra
    let bytes = forgeFrame(directory: section(2, count: 1, entry), records: 1, salt: 5)
    let disk = SimDisk()
    disk.put("f", bytes)
    let origin = try FrameReader(file: try disk.open("f", .readOnly), salt: 5).frame(at: 0)
    let encoder = FrameEncoder()
    encoder.beginSparse(baseSequence: 1, committedAtMs: 7)
    encoder.append(
      copyOf: origin.directory.messages[0], in: origin.directory, destination: 3, payload: [])
    _ = encoder.encode(salt: 5, frameNumber: 1, committedAtMs: 7)
    let (_, frame) = try read(encoder, salt: 5)
    #expect(Array(frame.directory.bytes.suffix(extra.count)) == extra)
    #expect(frame.directory.messages[0].destination == 3)
  }

  @Test("waits, outcomes with their last text, and what puts a compaction in force")
  func states() throws {
    let encoder = FrameEncoder()
    encoder.beginSparse(baseSequence: 50, committedAtMs: 1000)
    let waits = [
      DirectoryWait(sequence: 7, attempts: 3, status: 503, delayMs: 4000, dueAtMs: 900),
      DirectoryWait(sequence: 99, attempts: 1, status: 0, delayMs: 1, dueAtMs: .max / 4),
    ]
    encoder.append(waits[0], error: "503 Service Unavailable")
    encoder.append(waits[1], error: "")
    encoder.append(
      copyOf: OutcomeRecord(
        sequence: 60, kind: .dead, attempts: 1, status: 410, error: "410 Gone"))
    let record = CompactionRecord(
      cold: 4, dedup: nil, copied: 10, remembered: 0,
      inputs: [.init(kind: .wal, id: 1), .init(kind: .cold, id: 1 << 40)])
    encoder.append(record)
    #expect(encoder.encode(salt: 1, frameNumber: 1, committedAtMs: 1000) <= encoder.lengthMax)
    let (reader, frame) = try read(encoder, salt: 1)
    #expect(frame.head.recordCount == 4)
    #expect(frame.directory.waits == waits)
    #expect(frame.directory.compactions == [record])
    #expect(frame.directory.outcomes.map(\.sequence) == [60])
    let notes = try frame.directory.notes.map { try reader.text($0, of: frame) }
    #expect(notes == ["503 Service Unavailable", "410 Gone"])
    // There were earlier texts of the one, which are not known any more.
    #expect(frame.directory.notes.map(\.previous) == [.unknown, .none])
  }

  @Test("the place of a note in a cold segment is told from one in a segment of the log")
  func coldPlaces() throws {
    let encoder = FrameEncoder()
    encoder.begin(baseSequence: 1)
    let places = [
      NotePlace(kind: .cold, segment: 1, frameOffset: 8192),
      NotePlace(segment: 1, frameOffset: 8192),
    ]
    for (count, place) in zip([2, 3] as [UInt32], places) {
      encoder.append(
        AttemptRecord(sequence: 1, count: count, delayMs: 0, status: 500, error: "x"),
        previousNote: place)
    }
    _ = encoder.encode(salt: 1, frameNumber: 1, committedAtMs: 1)
    let (_, frame) = try read(encoder, salt: 1)
    #expect(frame.directory.notes.map(\.previous) == places.map { .at($0) })
    var state = AttemptState(sequence: 1)
    for place in places {
      state.note = place
      #expect(state.note == place)
    }
  }

  @Test("messages that don't ascend, two sections of messages and impossible inputs are refused")
  func refused() {
    func isRefused(_ directory: [UInt8], records: UInt32) -> Bool {
      let bytes = forgeFrame(directory: directory, records: records, salt: 5)
      let disk = SimDisk()
      disk.put("f", bytes)
      do {
        let file = try disk.open("f", .readOnly)
        _ = try FrameReader(file: file, salt: 5).frame(at: 0)
        return false
      } catch FrameError.badDirectory {
        return true
      } catch {
        return false
      }
    }
    let entry: [UInt8] = [1, 0, 0] + [UInt8](repeating: 5, count: 40)
    func sparse(_ steps: [UInt8]) -> [UInt8] {
      section(8, count: UInt64(steps.count), steps.flatMap { [$0, 0] + entry })
    }
    #expect(!isRefused(sparse([0, 2]), records: 2))
    // The same sequence again, and one before it.
    #expect(isRefused(sparse([2, 0]), records: 2))
    #expect(isRefused(sparse([4, 1]), records: 2))
    #expect(isRefused(sparse([0]) + section(2, count: 1, entry), records: 2))
    #expect(isRefused(section(2, count: 1, entry) + sparse([0]), records: 2))
    // No input, an input of no kind, more inputs than bytes.
    #expect(isRefused(section(6, count: 1, [1, 0, 0, 0, 0]), records: 1))
    #expect(isRefused(section(6, count: 1, [1, 0, 0, 0, 1, 3, 1]), records: 1))
    #expect(isRefused(section(6, count: 1, [1, 0, 0, 0] + varint(.max) + [1, 1]), records: 1))
    #expect(!isRefused(section(6, count: 1, [1, 0, 0, 0, 1, 1, 1]), records: 1))
  }
}
