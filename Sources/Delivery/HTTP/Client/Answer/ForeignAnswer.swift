/// Something that isn't an answer of HTTP/1.x, by its first bytes.
struct ForeignAnswer: Equatable {
  /// One sentence for the record.
  var text: String

  /// Bytes of it that are kept for the sentence.
  static let bytesKept = 32

  /// `first` is not empty.
  init(_ first: [UInt8]) {
    switch first[0] {
    case 0x15, 0x16:
      // The types of TLS records that a server begins with: alert and handshake.
      text = AnswerMeaning.wantsTLS
    case 0 where first.starts(with: [0, 0]) && first.dropFirst(3).first == 4:
      text = "the answer is not HTTP/1: the port speaks HTTP/2 only"
    default:
      let shown = first.prefix { (0x20..<0x7f).contains($0) }
      text =
        shown.isEmpty
        ? "the answer is not HTTP"
        : "the answer is not HTTP/1: it begins with \"\(String(decoding: shown, as: UTF8.self))\""
    }
  }

  /// Blank lines or interim answers without end.
  init(longerThan limit: Int) {
    text = "no final answer within \(limit) bytes"
  }
}
