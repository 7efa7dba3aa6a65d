import SegmentLog

/// A destination that answered well before a clean stop.
package struct KnownGood: Sendable, Equatable {
  package var origin: Origin
  /// How long before the stop it gave its first 2xx, in whole seconds: what it answers is its own word
  /// some time after that (`SchedulerLimits.provenAfter`).
  package var provenSeconds: Int

  package init(origin: Origin, provenSeconds: Int) {
    self.origin = origin
    self.provenSeconds = provenSeconds
  }
}

/// The destinations that answered well before a clean stop, in a small file beside the log, so that
/// the next start doesn't meet them as strangers. Written at the end and taken away at the start:
/// what it says is about the last run only, and after a crash there is none.
///
/// Nothing depends on it. What can't be read, or isn't what was written, is left out of account.
package enum KnownGoodFile {
  package static let name = "known-good"
  /// A start removes what ends in `.tmp`.
  private static let temporary = "known-good.tmp"
  private static let originsMax = 10_000
  private static let bytesMax = 1 << 20
  private static let firstLine = "dispatcher known-good 2 "

  /// One line each, seconds and origin, behind a first one with the checksum of the rest; what doesn't
  /// fit is left out.
  package static func encode(_ origins: [KnownGood]) -> [UInt8] {
    var lines: [UInt8] = []
    for known in origins.prefix(originsMax) {
      let line = "\(known.provenSeconds) \(known.origin)\n".utf8
      guard lines.count + line.count < bytesMax - 64 else { break }
      lines += line
    }
    return Array((firstLine + checksum(lines[...]) + "\n").utf8) + lines
  }

  /// nil when the bytes are not what was written.
  package static func decode(_ bytes: [UInt8]) -> [KnownGood]? {
    let newline = UInt8(ascii: "\n")
    guard bytes.count <= bytesMax, let end = bytes.firstIndex(of: newline) else { return nil }
    let rest = bytes[(end + 1)...]
    guard bytes[..<end].elementsEqual((firstLine + checksum(rest)).utf8) else { return nil }
    return rest.split(separator: newline).prefix(originsMax).compactMap { line in
      guard let text = String(validating: line, as: UTF8.self),
        let space = text.firstIndex(of: " "),
        let seconds = Int32(text[..<space]), seconds >= 0
      else { return nil }
      let origin = Origin(normalised: String(text[text.index(after: space)...]))
      return KnownGood(origin: origin, provenSeconds: Int(seconds))
    }
  }

  /// Reads the file and removes it. - Returns: nil when there is one that can't be used.
  package static func take(from disk: any Disk) -> [KnownGood]? {
    guard let names = try? disk.list(), names.contains(name) else { return [] }
    defer { try? disk.unlink(name) }
    guard let file = try? disk.open(name, .readOnly) else { return nil }
    defer { file.close() }
    guard let size = try? file.size(), size <= UInt64(bytesMax) else { return nil }
    var bytes = [UInt8](repeating: 0, count: Int(size))
    guard let count = try? bytes.withUnsafeMutableBytes({ try file.read(into: $0, at: 0) }),
      count == bytes.count
    else { return nil }
    return decode(bytes)
  }

  package static func write(_ origins: [KnownGood], to disk: any Disk) throws(DiskError) {
    if origins.isEmpty { return }
    if try disk.list().contains(temporary) { try disk.unlink(temporary) }
    let file = try disk.open(temporary, .createNew)
    defer { file.close() }
    let bytes = encode(origins)
    var written = 0
    do {
      written = try bytes.withUnsafeBytes { try file.write($0, at: 0) }
    } catch let error as DiskError {
      throw error
    } catch {
      throw DiskError(operation: .write, file: temporary, code: DiskError.shortWrite)
    }
    guard written == bytes.count else {
      throw DiskError(operation: .write, file: temporary, code: DiskError.shortWrite)
    }
    try disk.rename(temporary, to: name)
  }

  private static func checksum(_ bytes: ArraySlice<UInt8>) -> String {
    let crc = bytes.withUnsafeBytes { Checksum.crc32($0) }
    let digits = String(crc, radix: 16)
    return String(repeating: "0", count: 8 - digits.count) + digits
  }
}
