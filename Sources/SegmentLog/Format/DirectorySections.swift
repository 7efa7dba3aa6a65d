/// The sections that hold state changes, decoded for whoever wants them.
enum DirectorySections {
  static func decodeAttempts(
    _ count: Int, _ input: inout ByteReader, _ base: Sequence,
    into attempts: inout [DirectoryAttempt]
  ) throws {
    var sequence = base
    for _ in 0..<count {
      sequence = try input.sequence(after: sequence)
      attempts.append(
        DirectoryAttempt(
          sequence: sequence, count: try input.varint(as: UInt32.self),
          delayMs: try input.varint(as: UInt32.self), status: try input.varint(as: UInt16.self)))
    }
  }

  /// Runs of (kind, status, how many), then the sequences and attempts of each.
  static func decodeOutcomes(
    _ count: Int, _ input: inout ByteReader, _ base: Sequence,
    into outcomes: inout [DirectoryOutcome]
  ) throws {
    var left = count
    while left > 0 {
      guard let kind = OutcomeKind(rawValue: try input.byte()) else {
        throw EntryError.value("kind of outcome")
      }
      let status = try input.varint(as: UInt16.self)
      let run = try input.varint()
      guard run >= 1, run <= UInt64(left) else { throw EntryError.value("length of a run") }
      var sequence = base
      for _ in 0..<Int(run) {
        sequence = try input.sequence(after: sequence)
        outcomes.append(
          DirectoryOutcome(
            sequence: sequence, kind: kind, status: status,
            attempts: try input.varint(as: UInt32.self)))
      }
      left -= Int(run)
    }
  }
}
