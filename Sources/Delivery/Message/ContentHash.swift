extension Message {
  /// 64 bits over everything the caller gave but the UUID: tells a duplicate from a conflict.
  ///
  /// What HTTP holds to be the same has the same hash, however it is spelled: scheme and host of the
  /// URL count in lower case, and so do the names of the headers, whose order counts only among the
  /// values of one name. (Maps of many languages are written in another order by each process.) All
  /// else counts byte by byte.
  ///
  /// It stands in the log, so its definition never changes: XXH64 of url, method, body, then a block
  /// of ten 64-bit words (little-endian: header count, the sum of the headers' hashes, timeout,
  /// start, limits), and where a schedule is given a block of its waits; each hash is the seed of the
  /// next, and the first seed is 0. The hash of a header is that of its value with that of its name
  /// as the seed, whose seed is the number of headers of this name before it; their sum, modulo
  /// 2^64, has no order. XXH64 takes in the length of its input, so that no two fields can run into
  /// each other; an absent value is told from a given one by a word of its own. It is independent of
  /// how a payload is encoded, so that a message from before an upgrade is still known after it.
  package var contentHash: UInt64 {
    var hash: UInt64 = 0
    mix(url: url, into: &hash)
    mix(method, into: &hash)
    body.withUnsafeBytes { hash = XXHash64.hash($0, seed: hash) }
    mixNumbers(into: &hash)
    return hash
  }

  private var headersHash: UInt64 {
    withUnsafeTemporaryAllocation(of: UInt64.self, capacity: headers.count) { names in
      var sum: UInt64 = 0
      for (index, field) in headers.enumerated() {
        names.initializeElement(at: index, to: field.nameHash(0))
        var before: UInt64 = 0
        for earlier in 0..<index where names[earlier] == names[index] { before += 1 }
        sum &+= field.hash(named: before == 0 ? names[index] : field.nameHash(before))
      }
      return sum
    }
  }

  private func mixNumbers(into hash: inout UInt64) {
    let (startKind, startValue): (UInt64, UInt64) =
      switch start {
      case .atOnce: (0, 0)
      case .delay(let milliseconds): (1, milliseconds)
      case .notBefore(let unixMs): (2, unixMs)
      }
    let words = (
      UInt64(headers.count).littleEndian, headersHash.littleEndian, UInt64(timeoutMs).littleEndian,
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

extension HeaderField {
  fileprivate func nameHash(_ seed: UInt64) -> UInt64 {
    var name = name
    return name.withUTF8 { hashLowercased($0, prefix: $0.count, seed: seed) }
  }

  fileprivate func hash(named nameHash: UInt64) -> UInt64 {
    var value = value
    return value.withUTF8 { XXHash64.hash(UnsafeRawBufferPointer($0), seed: nameHash) }
  }
}

/// Scheme and host in lower case.
private func mix(url: String, into hash: inout UInt64) {
  var url = url
  url.withUTF8 { bytes in
    var end = 0
    var slashes = 0
    var hasCapitals = false
    while end < bytes.count, slashes < 3 {
      let byte = bytes[end]
      if byte == UInt8(ascii: "?") || byte == UInt8(ascii: "#") { break }
      if byte == UInt8(ascii: "/") { slashes += 1 }
      if byte != lowercased(byte) { hasCapitals = true }
      end += 1
    }
    hash =
      hasCapitals
      ? hashLowercased(bytes, prefix: end, seed: hash)
      : XXHash64.hash(UnsafeRawBufferPointer(bytes), seed: hash)
  }
}

private func mix(_ text: String, into hash: inout UInt64) {
  var text = text
  text.withUTF8 { hash = XXHash64.hash(UnsafeRawBufferPointer($0), seed: hash) }
}

/// Of the text with so many bytes at its beginning in lower case.
private func hashLowercased(
  _ text: UnsafeBufferPointer<UInt8>, prefix: Int, seed: UInt64
) -> UInt64 {
  withUnsafeTemporaryAllocation(byteCount: text.count, alignment: 8) { copy in
    copy.copyMemory(from: UnsafeRawBufferPointer(text))
    for index in 0..<prefix { copy[index] = lowercased(copy[index]) }
    return XXHash64.hash(UnsafeRawBufferPointer(copy), seed: seed)
  }
}

private func lowercased(_ byte: UInt8) -> UInt8 {
  byte &- UInt8(ascii: "A") < 26 ? byte | 0x20 : byte
}

private func isGiven(_ value: (some Any)?) -> UInt64 {
  (value == nil ? 0 : 1 as UInt64).littleEndian
}
