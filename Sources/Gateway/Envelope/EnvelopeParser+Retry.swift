/// `Retry`: the message's own limits and waits.
extension EnvelopeParser {
  mutating func retry() throws(JSONSyntaxError) {
    guard cursor.kind == .object else {
      return try refuseType("Retry must be an object with MaxAttempts, MaxAge or Schedule.")
    }
    var seen = FieldSet<RetryField>()
    var isFirst = true
    cursor.open(UInt8(ascii: "{"))
    while let name = try cursor.member(isFirst: &isFirst) {
      path.enterInner(name)
      if let field = cursor.withBytes(name, RetryField.init), seen.insert(field) {
        if cursor.kind == .null {
          try cursor.literal("null")
        } else {
          try retryValue(of: field)
        }
      } else {
        try refuseName(name, isKnown: cursor.withBytes(name, RetryField.init) != nil)
      }
      path.enterInner(nil)
    }
  }

  private mutating func retryValue(of field: RetryField) throws(JSONSyntaxError) {
    switch field {
    case .maxAttempts:
      let value = try integer("MaxAttempts", unit: "", in: 0...EnvelopeLimits.maxAttempts)
      draft.limits.maxAttempts = value.map { UInt32($0) }
    case .maxAge:
      draft.limits.maxAgeMs = try integer(
        "MaxAge", unit: "milliseconds", in: 0...EnvelopeLimits.maxWaitMs)
    case .schedule:
      try schedule()
    }
  }

  private mutating func schedule() throws(JSONSyntaxError) {
    let sentence =
      "Schedule must be an array of 1 to \(EnvelopeLimits.maxScheduleEntries) waits in milliseconds."
    guard cursor.kind == .array else { return try refuseType(sentence) }
    var waits: [UInt32] = []
    var index = 0
    var isFirst = true
    cursor.open(UInt8(ascii: "["))
    while try cursor.element(isFirst: &isFirst) {
      defer { index += 1 }
      guard index < EnvelopeLimits.maxScheduleEntries else {
        try cursor.skipValue()
        continue
      }
      path.enterElement(index)
      let wait = try integer(
        "A wait", unit: "milliseconds", in: 1...EnvelopeLimits.maxScheduleEntryMs)
      if let wait { waits.append(UInt32(wait)) }
      path.enterElement(nil)
    }
    if index == 0 || index > EnvelopeLimits.maxScheduleEntries { refuse(sentence) }
    draft.limits.scheduleMs = waits
  }
}
