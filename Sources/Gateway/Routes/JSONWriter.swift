/// Writes small JSON documents in the order of the calls: answers of a fixed shape need no tree.
struct JSONWriter {
  private(set) var bytes: [UInt8] = []
  private var needsComma = false

  mutating func object(_ fill: (inout JSONWriter) -> Void) {
    value { json in json.enclosed("{", "}", fill) }
  }

  mutating func field(_ name: String, _ text: String?) {
    key(name)
    if let text { bytes.appendJSON(text) } else { raw("null") }
  }

  mutating func field(_ name: String, _ number: UInt64?) {
    key(name)
    raw(number.map { String($0) } ?? "null")
  }

  mutating func field(_ name: String, _ truth: Bool) {
    key(name)
    raw(truth ? "true" : "false")
  }

  /// A text that is an element of an array.
  mutating func element(_ text: String) { bytes.appendJSON(text) }

  mutating func object(_ name: String, _ fill: (inout JSONWriter) -> Void) {
    key(name)
    enclosed("{", "}", fill)
  }

  mutating func array<Element>(
    _ name: String, _ elements: [Element], _ write: (inout JSONWriter, Element) -> Void
  ) {
    key(name)
    enclosed("[", "]") { json in
      for element in elements { json.value { write(&$0, element) } }
    }
  }

  private mutating func key(_ name: String) {
    if needsComma { raw(",") }
    needsComma = true
    bytes.appendJSON(name)
    raw(":")
  }

  private mutating func value(_ write: (inout JSONWriter) -> Void) {
    if needsComma { raw(",") }
    needsComma = false
    write(&self)
    needsComma = true
  }

  private mutating func enclosed(
    _ open: String, _ close: String, _ fill: (inout JSONWriter) -> Void
  ) {
    raw(open)
    needsComma = false
    fill(&self)
    raw(close)
    needsComma = true
  }

  private mutating func raw(_ text: String) { bytes.append(contentsOf: text.utf8) }
}
