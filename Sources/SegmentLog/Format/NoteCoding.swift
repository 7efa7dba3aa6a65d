/// One note's entry in the directory, both ways.
enum NoteCoding {
  private static let noneTag: UInt64 = 0
  private static let unknownTag: UInt64 = 1
  /// Set in the id of a cold segment; no id is that large.
  private static let coldBit: UInt64 = 1 << 62

  static func encode(_ note: DirectoryNote, after previous: Sequence, into out: inout ByteWriter) {
    out.append(sequence: note.sequence, after: previous)
    out.append(varint: UInt64(note.attempts))
    out.append(varint: UInt64(note.block))
    out.append(varint: UInt64(note.offsetInBlock))
    out.append(varint: UInt64(note.length))
    switch note.previous {
    case .none: out.append(varint: noneTag)
    case .unknown: out.append(varint: unknownTag)
    case .at(let place):
      // Segment ids begin at 1, so that id + 1 is never one of the two tags above.
      out.append(varint: number(of: place) + 1)
      out.append(varint: place.frameOffset)
    }
  }

  /// A segment's id and kind in one number.
  static func number(of place: NotePlace) -> UInt64 {
    precondition(place.segment >= 1 && place.segment < coldBit)
    return place.segment | (place.kind == .cold ? coldBit : 0)
  }

  static func place(_ number: UInt64, frameOffset: UInt64) -> NotePlace {
    NotePlace(
      kind: number & coldBit == 0 ? .wal : .cold, segment: number & ~coldBit,
      frameOffset: frameOffset)
  }

  static func isPossible(_ place: NotePlace) -> Bool {
    place.segment >= 1 && place.segment < coldBit && place.frameOffset < FormatLimits.numberMax
  }

  static func decode(_ input: inout ByteReader, after previous: Sequence) throws -> DirectoryNote {
    let sequence = try input.sequence(after: previous)
    let attempts = try input.varint(as: UInt32.self)
    let block = try input.varint(as: UInt32.self)
    let offset = try input.varint(as: UInt32.self)
    let length = try input.varint(as: UInt32.self)
    guard length <= FormatLimits.noteMax else { throw EntryError.value("length of a text") }
    let place: PreviousNote
    switch try input.varint() {
    case noneTag: place = .none
    case unknownTag: place = .unknown
    case let segment:
      let found = Self.place(segment - 1, frameOffset: try input.varint())
      guard isPossible(found) else { throw EntryError.value("place of a text") }
      place = .at(found)
    }
    return DirectoryNote(
      sequence: sequence, attempts: attempts, block: block, offsetInBlock: offset, length: length,
      previous: place)
  }
}

extension ByteWriter {
  /// See `ByteReader.sequence(after:)`.
  mutating func append(sequence: Sequence, after previous: Sequence) {
    append(zigzag: Int64(bitPattern: sequence &- previous))
  }
}
