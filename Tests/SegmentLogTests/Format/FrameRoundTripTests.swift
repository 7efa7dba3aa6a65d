import Testing

@testable import SegmentLog

@Suite("Frames come back as they were written")
struct FrameRoundTripTests {
  /// One encoder and reader for all, since their memory is used again.
  @Test("random records of every kind, seed by seed", arguments: 0..<8)
  func roundTrip(part: Int) throws {
    let encoder = FrameEncoder()
    for seed in UInt64(part * 50)..<UInt64(part * 50 + 50) {
      var source = RandomRecords(seed: seed)
      let base = UInt64(source.int(1...1 << 40))
      let content = FrameContent.random(
        &source, baseSequence: base, countMax: seed % 10 == 0 ? 400 : 20,
        payloadMax: seed % 10 == 1 ? 200_000 : 2000)
      content.stage(into: encoder)
      let upper = encoder.lengthMax
      let length = encoder.encode(salt: seed, frameNumber: 77, committedAtMs: 1234)
      #expect(length <= upper, "seed \(seed)")
      let bytes = encoder.withFrame(syncedUpTo: 8192) { Array($0) }
      #expect(bytes.count == length)

      let disk = SimDisk()
      disk.put("f", [9, 9, 9] + bytes)
      let reader = FrameReader(file: try disk.open("f", .readOnly), salt: seed)
      let frame = try reader.frame(at: 3)
      #expect(frame.head.frameNumber == 77)
      #expect(frame.head.committedAtMs == 1234)
      #expect(frame.head.syncedUpTo == 8192)
      #expect(frame.head.crc == encoder.headCRC)
      try check(frame, reader, content, "seed \(seed)")
    }
  }

  private func check(
    _ frame: FrameReader.Frame, _ reader: FrameReader, _ content: FrameContent, _ seed: String
  ) throws {
    let directory = frame.directory
    #expect(directory.destinations.map(\.origin) == content.destinations.map(\.1), "\(seed)")
    try #require(directory.messages.count == content.messages.count)
    let payloads = try reader.payloads(directory.messages.map(\.sequence), of: frame)
    for (index, message) in content.messages.enumerated() {
      let found = directory.messages[index]
      #expect(found.sequence == content.baseSequence + UInt64(index))
      #expect(directory.uuid(of: found) == message.uuid)
      #expect(found.key == message.key)
      #expect(found.contentHash == message.contentHash)
      #expect(found.destination == UInt32(index % 3))
      #expect(found.start == message.start)
      #expect(found.maxAgeMs == message.maxAgeMs)
      #expect(found.maxAttempts == message.maxAttempts)
      #expect(payloads[index] == message.payload, "\(seed) message \(index)")
    }
    #expect(
      Set(directory.attempts.map { "\($0.sequence) \($0.count) \($0.delayMs) \($0.status)" })
        == Set(content.attempts.map { "\($0.sequence) \($0.count) \($0.delayMs) \($0.status)" }))
    #expect(
      directory.outcomes.map { "\($0.sequence) \($0.kind) \($0.attempts) \($0.status)" }.sorted()
        == content.outcomes.map { "\($0.sequence) \($0.kind) \($0.attempts) \($0.status)" }.sorted()
    )
    #expect(directory.controls == content.controls)
    let notes = try directory.notes.map {
      "\($0.sequence) \($0.attempts) \(try reader.text($0, of: frame))"
    }
    let texts =
      content.attempts.filter { !$0.error.isEmpty }.map { "\($0.sequence) \($0.count) \($0.error)" }
      + content.outcomes.filter { !$0.error.isEmpty }
      .map { "\($0.sequence) \($0.attempts) \($0.error)" }
    #expect(notes == texts)
    for note in directory.notes {
      #expect(note.previous == content.previousNote.map { .at($0) } ?? .none)
    }
  }

  @Test("an empty frame is a head alone")
  func witness() throws {
    var segment = SegmentBuilder()
    segment.append()
    segment.append(.footer)
    #expect(segment.offsets == [8192, 8192 + 64])
    let disk = SimDisk()
    segment.put(on: disk)
    let reader = FrameReader(
      file: try disk.open(FileNames.segment(1), .readOnly), salt: segment.header.salt)
    #expect(try reader.frame(at: 8192).head.kind == .data)
    #expect(try reader.frame(at: 8256).head.kind == .footer)
    #expect(try reader.frame(at: 8256).head.syncedUpTo == 8256)
  }

  @Test("an error text is cut to 512 bytes at the border of a character")
  func longText() throws {
    var segment = SegmentBuilder()
    let text = "x" + String(repeating: "ü", count: 400)
    segment.append {
      $0.append(
        AttemptRecord(sequence: 1, count: 1, delayMs: 0, status: 0, error: text), previousNote: nil)
    }
    let disk = SimDisk()
    segment.put(on: disk)
    let reader = FrameReader(
      file: try disk.open(FileNames.segment(1), .readOnly), salt: segment.header.salt)
    let frame = try reader.frame(at: 8192)
    let note = try #require(frame.directory.note(1))
    #expect(try reader.text(note, of: frame) == "x" + String(repeating: "ü", count: 255))
  }

  @Test("of two attempts for one message in one frame the later stands last")
  func orderOfAttempts() throws {
    var segment = SegmentBuilder()
    segment.append { encoder in
      for count in [3, 2] as [UInt32] {
        encoder.append(
          AttemptRecord(sequence: 5, count: count, delayMs: 0, status: 500), previousNote: nil)
      }
    }
    let disk = SimDisk()
    segment.put(on: disk)
    let reader = FrameReader(
      file: try disk.open(FileNames.segment(1), .readOnly), salt: segment.header.salt)
    #expect(try reader.frame(at: 8192).directory.attempts.map(\.count) == [2, 3])
  }

  @Test("the same records can be laid out again for another segment")
  func encodeTwice() throws {
    let encoder = FrameEncoder()
    var source = RandomRecords(seed: 3)
    let content = FrameContent.random(&source, baseSequence: 10)
    content.stage(into: encoder)
    _ = encoder.encode(salt: 1, frameNumber: 5, committedAtMs: 50)
    let first = encoder.withFrame(syncedUpTo: 8192) { Array($0) }
    encoder.define(destination: 9, origin: "http://late:1")
    _ = encoder.encode(salt: 2, frameNumber: 6, committedAtMs: 50)
    let second = encoder.withFrame(syncedUpTo: 8192) { Array($0) }
    let disk = SimDisk()
    disk.put("f", first + second)
    let file = try disk.open("f", .readOnly)
    let one = try FrameReader(file: file, salt: 1).frame(at: 0)
    let two = try FrameReader(file: file, salt: 2).frame(at: UInt64(first.count))
    #expect(two.directory.messages.map(\.key) == one.directory.messages.map(\.key))
    #expect(
      two.directory.destinations.last == DestinationDefinition(id: 9, origin: "http://late:1"))
    #expect(
      try FrameReader(file: file, salt: 2).payloads(content.sequences, of: two)
        == content.messages.map(\.payload))
  }
}

extension FrameContent {
  var sequences: [Sequence] { messages.indices.map { baseSequence + UInt64($0) } }
}
