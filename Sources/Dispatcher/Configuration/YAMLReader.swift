import CYaml

/// What libyaml finds in a text, piece by piece.
///
/// A class, because the C parser keeps pointers to itself and to its input.
final class YAMLReader {
  enum Kind: Equatable {
    case scalar(String, isPlain: Bool)
    case alias(String)
    case listStart, listEnd
    case mapStart, mapEnd
    case documentStart, documentEnd
    case streamStart, streamEnd
  }

  struct Piece {
    var kind: Kind
    /// Of its first character, from 1.
    var line: Int
    /// The name under which an alias repeats what begins here.
    var anchor: String?
  }

  /// The text is not YAML. `line` is nil where libyaml doesn't say it: for characters that no YAML
  /// may have.
  struct Failure: Error {
    var problem: String
    var line: Int?
  }

  private let parser: UnsafeMutablePointer<yaml_parser_t>
  private let input: UnsafeMutableBufferPointer<UInt8>

  init(_ text: String) {
    input = .allocate(capacity: max(1, text.utf8.count))
    let count = input.initialize(fromContentsOf: text.utf8)
    parser = .allocate(capacity: 1)
    yaml_parser_initialize(parser)
    yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
    yaml_parser_set_input_string(parser, input.baseAddress, count)
  }

  deinit {
    yaml_parser_delete(parser)
    parser.deallocate()
    input.deallocate()
  }

  /// The next piece. Not to be asked after `streamEnd` or a failure.
  func next() throws(Failure) -> Piece {
    var event = yaml_event_t()
    guard yaml_parser_parse(parser, &event) == 1 else { throw failure }
    defer { yaml_event_delete(&event) }
    let data = event.data
    var anchor: UnsafeMutablePointer<yaml_char_t>?
    let kind: Kind
    switch event.type {
    case YAML_SCALAR_EVENT:
      let bytes = UnsafeBufferPointer(start: data.scalar.value, count: data.scalar.length)
      kind = .scalar(
        String(decoding: bytes, as: UTF8.self),
        isPlain: data.scalar.style == YAML_PLAIN_SCALAR_STYLE)
      anchor = data.scalar.anchor
    case YAML_SEQUENCE_START_EVENT:
      kind = .listStart
      anchor = data.sequence_start.anchor
    case YAML_MAPPING_START_EVENT:
      kind = .mapStart
      anchor = data.mapping_start.anchor
    case YAML_ALIAS_EVENT: kind = .alias(String(cString: data.alias.anchor))
    case YAML_SEQUENCE_END_EVENT: kind = .listEnd
    case YAML_MAPPING_END_EVENT: kind = .mapEnd
    case YAML_DOCUMENT_START_EVENT: kind = .documentStart
    case YAML_DOCUMENT_END_EVENT: kind = .documentEnd
    case YAML_STREAM_START_EVENT: kind = .streamStart
    default: kind = .streamEnd
    }
    return Piece(
      kind: kind, line: event.start_mark.line + 1, anchor: anchor.map { String(cString: $0) })
  }

  private var failure: Failure {
    Failure(
      problem: parser.pointee.problem.map { String(cString: $0) } ?? "out of memory",
      line: parser.pointee.error == YAML_READER_ERROR ? nil : parser.pointee.problem_mark.line + 1)
  }
}
