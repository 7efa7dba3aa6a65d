import Delivery

/// One pass over an envelope: syntax errors end it, wrong fields are gathered.
struct EnvelopeParser {
  var cursor: JSONCursor
  let limits: EnvelopeLimits
  let refusal: EnvelopeReader.Refusal
  var path = FieldPath()
  var errors = FieldErrors()
  var draft = Draft()

  /// What was found. Bodies stay where they are until everything else is known to be right.
  struct Draft {
    var uuid: String?
    var url: String?
    var origin: Origin?
    /// Bytes of path and query as they go into the request line.
    var targetBytes = 0
    var method = "POST"
    var headers: [HeaderField] = []
    /// Bytes of their lines.
    var headerBytes = 0
    var body: JSONString?
    var bodyBase64: JSONString?
    var timeoutMs: UInt32 = 0
    var delayMs: UInt64?
    var notBeforeMs: UInt64?
    var limits = RetryLimits()
    /// Fields that have a value other than `null`, right or wrong.
    var given = FieldSet<EnvelopeField>()
  }

  init(
    _ bytes: UnsafeRawBufferPointer, limits: EnvelopeLimits,
    refusal: @escaping EnvelopeReader.Refusal
  ) {
    cursor = JSONCursor(bytes.bindMemory(to: UInt8.self))
    self.limits = limits
    self.refusal = refusal
  }

  mutating func parse() throws(JSONSyntaxError) {
    try cursor.begin()
    if cursor.kind == .object {
      try fields()
    } else {
      try cursor.skipValue()
      errors.add("", "A message must be a JSON object.")
    }
    try cursor.end()
  }

  private mutating func fields() throws(JSONSyntaxError) {
    var seen = FieldSet<EnvelopeField>()
    var isFirst = true
    cursor.open(UInt8(ascii: "{"))
    while let name = try cursor.member(isFirst: &isFirst) {
      path.enter(name)
      if let field = cursor.withBytes(name, EnvelopeField.init), seen.insert(field) {
        if cursor.kind == .null {
          try cursor.literal("null")
        } else {
          _ = draft.given.insert(field)
          try value(of: field)
        }
      } else {
        try refuseName(name, isKnown: cursor.withBytes(name, EnvelopeField.init) != nil)
      }
      path.leave()
    }
    checkTogether()
  }

  private mutating func value(of field: EnvelopeField) throws(JSONSyntaxError) {
    switch field {
    case .uuid: try uuid()
    case .url: try url()
    case .method: try method()
    case .body: try body()
    case .bodyBase64: try bodyBase64()
    case .header: try header()
    case .timeout: try timeout()
    case .delay: try delay()
    case .notBefore: try notBefore()
    case .retry: try retry()
    }
  }

  /// A name that is given twice or not known, with its value.
  mutating func refuseName(_ name: JSONString, isKnown: Bool) throws(JSONSyntaxError) {
    let shown = { [cursor] in shortened(cursor.copyText(name)) }
    refuse(isKnown ? "\"\(shown())\" is given twice." : "There is no field \"\(shown())\".")
    try cursor.skipValue()
  }

  /// What can only be said of all fields together.
  private mutating func checkTogether() {
    if !draft.given.contains(.url) { errors.add("/Url", "Url is required.") }
    refuseBoth(.bodyBase64, "BodyBase64", .body, "Body")
    refuseBoth(.notBefore, "NotBefore", .delay, "Delay")
    checkHead()
  }

  /// Each part may be short enough for a request's head, and all together too long.
  private mutating func checkHead() {
    // "POST /path HTTP/1.1", CR and LF.
    let line = draft.method.utf8.count + draft.targetBytes + 12
    let most = EnvelopeLimits.maxHeaderBytes
    guard draft.headerBytes <= most, line + draft.headerBytes > most else { return }
    errors.add(
      "/Header", "Header is too long beside this Url: both together can have \(most) bytes.")
  }

  private mutating func refuseBoth(
    _ one: EnvelopeField, _ oneName: String, _ other: EnvelopeField, _ otherName: String
  ) {
    guard draft.given.contains(one), draft.given.contains(other) else { return }
    errors.add("/\(oneName)", "\(oneName) can't be given together with \(otherName).")
    errors.add("/\(otherName)", "\(otherName) can't be given together with \(oneName).")
  }

  /// At the field where the reader stands. Nothing is put together once enough was found, so that a
  /// million wrong fields cost no more than a million right ones.
  mutating func refuse(_ sentence: @autoclosure () -> String) {
    if errors.isFull { return errors.cut() }
    errors.add(path.pointer(in: cursor), sentence())
  }

  /// The same, for a value of a wrong type, which is passed over.
  mutating func refuseType(
    _ sentence: @autoclosure () -> String
  ) throws(JSONSyntaxError) {
    refuse(sentence())
    try cursor.skipValue()
  }
}
