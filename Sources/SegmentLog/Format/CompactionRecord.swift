/// What a message that was tried waits for, as it stands in a cold segment.
package struct DirectoryWait: Sendable, Equatable {
  package var sequence: Sequence
  package var attempts: UInt32
  package var status: UInt16
  /// The wait as it was recorded, and its end (milliseconds since 1970).
  package var delayMs: UInt32
  package var dueAtMs: UInt64
}

/// Puts the output of a compaction in force: from its commit on what is left of the inputs stands in
/// the outputs.
package struct CompactionRecord: Sendable, Equatable {
  package struct Input: Sendable, Hashable {
    package var kind: SegmentHeader.Kind
    package var id: UInt64
    package init(kind: SegmentHeader.Kind, id: UInt64) {
      self.kind = kind
      self.id = id
    }
  }

  /// nil: no message and nothing else was worth a cold segment.
  package var cold: UInt64?
  package var dedup: UInt64?
  /// Messages in the cold segment.
  package var copied: UInt64
  /// Entries in the dedup file.
  package var remembered: UInt64
  package var inputs: [Input]

  package init(
    cold: UInt64?, dedup: UInt64?, copied: UInt64, remembered: UInt64, inputs: [Input]
  ) {
    self.cold = cold
    self.dedup = dedup
    self.copied = copied
    self.remembered = remembered
    self.inputs = inputs
  }

  init(from input: inout ByteReader) throws {
    let cold = try input.varint()
    let dedup = try input.varint()
    copied = try input.varint()
    remembered = try input.varint()
    self.cold = cold == 0 ? nil : cold
    self.dedup = dedup == 0 ? nil : dedup
    let count = try input.varint()
    // Each takes two bytes at least.
    guard count >= 1, count <= UInt64(input.remaining / 2) else {
      throw EntryError.value("count of inputs")
    }
    inputs = []
    inputs.reserveCapacity(Int(count))
    for _ in 0..<count {
      guard let kind = SegmentHeader.Kind(rawValue: try input.byte()) else {
        throw EntryError.value("kind of an input")
      }
      inputs.append(Input(kind: kind, id: try input.varint()))
    }
    let ids = inputs.map(\.id) + [cold, dedup]
    guard ids.allSatisfy({ $0 < Recovery.segmentMax }),
      copied < FormatLimits.sequenceMax, remembered < FormatLimits.sequenceMax
    else { throw EntryError.value("number of a compaction") }
  }

  func encode(into out: inout ByteWriter) {
    for number in [cold ?? 0, dedup ?? 0, copied, remembered, UInt64(inputs.count)] {
      out.append(varint: number)
    }
    for input in inputs {
      out.append(input.kind.rawValue)
      out.append(varint: input.id)
    }
  }
}
