/// JSON objects on one line, written field by field into bytes.
struct JSONObject {
  private var bytes: [UInt8] = []
  private var isFirst = true

  /// The program's own names, which need no escape.
  private mutating func name(_ name: StaticString) {
    if !isFirst { bytes.append(UInt8(ascii: ",")) }
    isFirst = false
    bytes.append(UInt8(ascii: "\""))
    name.withUTF8Buffer { bytes.append(contentsOf: $0) }
    bytes.append(UInt8(ascii: "\""))
    bytes.append(UInt8(ascii: ":"))
  }

  private mutating func name(_ name: UnsafeRawBufferPointer) {
    if !isFirst { bytes.append(UInt8(ascii: ",")) }
    isFirst = false
    bytes.append(json: name)
    bytes.append(UInt8(ascii: ":"))
  }

  mutating func add(_ name: StaticString, _ value: String?) {
    self.name(name)
    if let value { bytes.append(json: value) } else { bytes.append("null") }
  }

  mutating func add(_ name: StaticString, _ value: UInt64?) {
    self.name(name)
    if let value { bytes.append(number: value) } else { bytes.append("null") }
  }

  mutating func add(_ name: StaticString, _ value: Int) { add(name, UInt64(max(value, 0))) }
  mutating func add(_ name: StaticString, _ value: UInt32) { add(name, UInt64(value)) }
  mutating func add(_ name: StaticString, _ value: UInt16) { add(name, UInt64(value)) }

  mutating func add(_ name: StaticString, _ value: Bool) {
    self.name(name)
    bytes.append(value ? "true" : "false")
  }

  /// With three digits behind the point.
  mutating func add(_ name: StaticString, decimal value: Double?) {
    self.name(name)
    bytes.append(value.map { decimalText($0, 3) } ?? "null")
  }

  /// 0 stands for a time that is not known, as nil does.
  mutating func add(_ name: StaticString, time unixMs: UInt64?) {
    self.name(name)
    guard let unixMs, unixMs > 0 else { return bytes.append("null") }
    bytes.append(UInt8(ascii: "\""))
    bytes.append(time: unixMs)
    bytes.append(UInt8(ascii: "\""))
  }

  /// Bytes that are known to be UTF-8; `extra`: how many bytes their escapes add, when known.
  mutating func add(_ name: StaticString, text: UnsafeRawBufferPointer, extra: Int? = nil) {
    self.name(name)
    bytes.append(json: text, extra: extra)
  }

  /// Bytes that need no escape.
  mutating func add(_ name: StaticString, quoted text: [UInt8]) {
    self.name(name)
    bytes.append(UInt8(ascii: "\""))
    bytes.append(contentsOf: text)
    bytes.append(UInt8(ascii: "\""))
  }

  mutating func add(_ name: StaticString, object: (inout JSONObject) -> Void) {
    self.name(name)
    write(object)
  }

  mutating func add<Elements: Swift.Sequence>(
    _ name: StaticString, array: Elements, _ element: (Elements.Element, inout JSONObject) -> Void
  ) {
    self.name(name)
    bytes.append(UInt8(ascii: "["))
    var isFirstElement = true
    for item in array {
      if !isFirstElement { bytes.append(UInt8(ascii: ",")) }
      isFirstElement = false
      write { element(item, &$0) }
    }
    bytes.append(UInt8(ascii: "]"))
  }

  /// Names and values that another program gave, known to be UTF-8.
  mutating func add(_ name: UnsafeRawBufferPointer, text: UnsafeRawBufferPointer) {
    self.name(name)
    bytes.append(json: text)
  }

  mutating func add(_ name: UnsafeRawBufferPointer, strings: [UnsafeRawBufferPointer]) {
    self.name(name)
    bytes.append(UInt8(ascii: "["))
    for (index, text) in strings.enumerated() {
      if index > 0 { bytes.append(UInt8(ascii: ",")) }
      bytes.append(json: text)
    }
    bytes.append(UInt8(ascii: "]"))
  }

  mutating func add(_ name: StaticString, numbers: [UInt32]) {
    self.name(name)
    bytes.append(UInt8(ascii: "["))
    for (index, number) in numbers.enumerated() {
      if index > 0 { bytes.append(UInt8(ascii: ",")) }
      bytes.append(number: UInt64(number))
    }
    bytes.append(UInt8(ascii: "]"))
  }

  private mutating func write(_ body: (inout JSONObject) -> Void) {
    bytes.append(UInt8(ascii: "{"))
    isFirst = true
    body(&self)
    bytes.append(UInt8(ascii: "}"))
    isFirst = false
  }

  /// Appends an object and a line feed. The bytes change hands, so that they are never copied.
  static func line(into out: inout [UInt8], _ body: (inout JSONObject) -> Void) {
    var object = JSONObject()
    swap(&object.bytes, &out)
    object.write(body)
    object.bytes.append(UInt8(ascii: "\n"))
    swap(&object.bytes, &out)
  }
}
