import Delivery

/// `Header`: an object of names, each with a string or an array of strings.
///
/// A name that is given twice, in whatever case, is refused, although HTTP would allow it: the
/// array is there for that, and JSON objects with twin names read differently everywhere.
extension EnvelopeParser {
  mutating func header() throws(JSONSyntaxError) {
    guard cursor.kind == .object else {
      return try refuseType("Header must be an object of names and values.")
    }
    var names = HeaderNames()
    var size = HeaderSize()
    var isFirst = true
    cursor.open(UInt8(ascii: "{"))
    while let name = try cursor.member(isFirst: &isFirst) {
      path.enterInner(name)
      // Nothing more is said once more was found wrong than an answer tells.
      if !size.isExceeded, !errors.isCut, let text = headerName(name, among: &names) {
        try headerValues(of: text, &size)
        if names.count > EnvelopeLimits.maxHeaders { size.exceed() }
      } else {
        try cursor.skipValue()
      }
      path.enterInner(nil)
    }
    draft.headerBytes = size.bytes
    if size.isExceeded {
      refuse(
        "Header has too many or too long entries: at most \(EnvelopeLimits.maxHeaders) with "
          + "\(EnvelopeLimits.maxHeaderBytes) bytes in all are allowed.")
    }
  }

  /// nil: it was refused.
  private mutating func headerName(_ name: JSONString, among others: inout HeaderNames) -> String? {
    var reason: String? = cursor.withBytes(name) { bytes in
      guard bytes.count <= EnvelopeLimits.maxHeaderBytes, HeaderRules.isToken(bytes) else {
        return "can't be the name of a header"
      }
      return HeaderRules.refusal(ofName: bytes)
    }
    if reason == nil, !others.insert(name, in: cursor) {
      reason = "is given twice; use an array of values"
    }
    guard let reason else { return cursor.copyText(name) }
    let shown = { [cursor] in shortened(cursor.copyText(name)) }
    refuse("\"\(shown())\" \(reason).")
    return nil
  }

  private mutating func headerValues(
    of name: String, _ size: inout HeaderSize
  ) throws(JSONSyntaxError) {
    switch cursor.kind {
    case .null:
      try cursor.literal("null")
    case .string:
      try headerValue(of: name, &size)
    case .array:
      var isFirst = true
      var index = 0
      cursor.open(UInt8(ascii: "["))
      while try cursor.element(isFirst: &isFirst) {
        path.enterElement(index)
        try headerValue(of: name, &size)
        path.enterElement(nil)
        index += 1
      }
      if index > 1, HeaderRules.hasOneValue(name) {
        refuse("\(shortened(name)) can have only one value.")
      }
    default:
      try refuseType("The value of \(shortened(name)) must be a string or an array of strings.")
    }
  }

  private mutating func headerValue(
    of name: String, _ size: inout HeaderSize
  ) throws(JSONSyntaxError) {
    if size.isExceeded || errors.isCut { return try cursor.skipValue() }
    guard let token = try stringToken("A value of \(shortened(name)) must be a string.") else {
      return
    }
    size.add(name.utf8.count + token.count)
    guard !size.isExceeded else { return }
    if let reason = cursor.withBytes(token, HeaderRules.refusal(ofValue:)) {
      return refuse("The value of \(shortened(name)) \(reason).")
    }
    draft.headers.append(HeaderField(name: name, value: cursor.copyText(token)))
  }
}

/// What the headers come to; nothing is kept of them once they are too many.
private struct HeaderSize {
  private var lines = 0
  private(set) var bytes = 0
  private(set) var isExceeded = false

  mutating func add(_ count: Int) {
    lines += 1
    // ": " and CR LF.
    bytes += count + 4
    if lines > EnvelopeLimits.maxHeaders || bytes > EnvelopeLimits.maxHeaderBytes { exceed() }
  }

  mutating func exceed() { isExceeded = true }
}
