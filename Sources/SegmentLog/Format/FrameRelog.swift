/// The same frame for another segment: records, `committedAt` and blocks stay, salt, number,
/// `synced-up-to` and CRC are new.
package enum FrameRelog {
  /// `frame` is whole and valid. `moved` gives the new place of a frame that is logged again too,
  /// nil for one that is gone; it is asked for the places of earlier notes only. Pass places of
  /// frames that stay where they are through unchanged.
  package static func rewrite(
    _ frame: UnsafeRawBufferPointer, head: FrameHead, directory: FrameDirectory, salt: UInt64,
    frameNumber: UInt64, syncedUpTo: UInt64, moved: (NotePlace) -> NotePlace?
  ) -> [UInt8] {
    precondition(frame.count == Int(head.totalLength))
    var rewritten = ByteWriter(capacity: Int(directory.bytes.count) + 256)
    directory.bytes.withUnsafeBytes { bytes in
      copySections(bytes, directory, head.baseSequence, moved, into: &rewritten)
    }
    let blocks = UnsafeRawBufferPointer(rebasing: frame[head.prefixLength...])
    var new = head
    new.salt = salt
    new.frameNumber = frameNumber
    new.directoryLength = UInt32(rewritten.count)
    new.totalLength = UInt32(FormatLimits.headSize + rewritten.count + blocks.count)
    var out = ByteWriter(capacity: Int(new.totalLength))
    new.append(to: &out)
    out.append(bytes: rewritten.bytes)
    out.append(bytes: blocks)
    FrameHead.finish(&out, prefixLength: new.prefixLength, syncedUpTo: syncedUpTo)
    return Array(out.bytes)
  }

  /// All sections as they are, unknown ones too, but the notes with their new places.
  private static func copySections(
    _ bytes: UnsafeRawBufferPointer, _ directory: FrameDirectory, _ base: Sequence,
    _ moved: (NotePlace) -> NotePlace?, into out: inout ByteWriter
  ) {
    var input = ByteReader(bytes)
    while !input.isAtEnd {
      let start = input.offset
      // The directory was decoded before, so its sections can be walked.
      guard let type = try? input.byte(), (try? input.varint()) != nil,
        let length = try? input.varint(), (try? input.take(length)) != nil
      else { preconditionFailure("the directory was not decoded before") }
      guard type == SectionType.notes else {
        out.append(bytes: UnsafeRawBufferPointer(rebasing: bytes[start..<input.offset]))
        continue
      }
      var section = ByteWriter()
      var previous = base
      for var note in directory.notes {
        if case .at(let place) = note.previous {
          note.previous = moved(place).map { .at($0) } ?? .unknown
        }
        NoteCoding.encode(note, after: previous, into: &section)
        previous = note.sequence
      }
      out.append(section: type, count: directory.notes.count, section.bytes)
    }
  }
}
