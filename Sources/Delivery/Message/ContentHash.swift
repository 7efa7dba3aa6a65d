extension Message {
  /// 64 bits over everything the caller gave but the UUID: tells a duplicate from a conflict.
  ///
  /// It stands in the log, so its definition never changes: XXH64 of url, method, body, each
  /// header's name and value, then a block of nine 64-bit words (little-endian: header count,
  /// timeout, start, limits), and where a schedule is given a block of its waits; each hash is the
  /// seed of the next, and the first seed is 0. XXH64 takes in the length of its input, so that no
  /// two fields can run into each other; an absent value is told from a given one by a word of its
  /// own. It is independent of how a payload is encoded, so that a message from before an upgrade
  /// is still known after it.
  package var contentHash: UInt64 {
    var hash: UInt64 = 0
    mix(url, into: &hash)
    mix(method, into: &hash)
    body.withUnsafeBytes { hash = XXHash64.hash($0, seed: hash) }
    for field in headers {
      mix(field.name, into: &hash)
      mix(field.value, into: &hash)
    }
    mixNumbers(into: &hash)
    return hash
  }

  private func mixNumbers(into hash: inout UInt64) {
    let (startKind, startValue): (UInt64, UInt64) =
      switch start {
      case .atOnce: (0, 0)
      case .delay(let milliseconds): (1, milliseconds)
      case .notBefore(let unixMs): (2, unixMs)
      }
    let words = (
      UInt64(headers.count).littleEndian, UInt64(timeoutMs).littleEndian,
      startKind.littleEndian, startValue.littleEndian,
      isGiven(limits.maxAttempts), UInt64(limits.maxAttempts ?? 0).littleEndian,
      isGiven(limits.maxAgeMs), (limits.maxAgeMs ?? 0).littleEndian,
      isGiven(limits.scheduleMs)
    )
    withUnsafeBytes(of: words) { hash = XXHash64.hash($0, seed: hash) }
    guard let schedule = limits.scheduleMs else { return }
    let waits = schedule.map { UInt64($0).littleEndian }
    waits.withUnsafeBytes { hash = XXHash64.hash($0, seed: hash) }
  }
}

private func mix(_ text: String, into hash: inout UInt64) {
  var text = text
  text.withUTF8 { hash = XXHash64.hash(UnsafeRawBufferPointer($0), seed: hash) }
}

private func isGiven(_ value: (some Any)?) -> UInt64 {
  (value == nil ? 0 : 1 as UInt64).littleEndian
}
