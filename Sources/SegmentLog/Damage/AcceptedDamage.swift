import Glibc

/// What an operator has given up: damage that isn't news any more. `accepted-damage` in the log's
/// directory holds it, so that it is known whatever becomes of checkpoints.
package struct AcceptedDamage: Sendable, Equatable {
  package internal(set) var store: StoreUUID
  /// Messages that were given up as lost, in all.
  package internal(set) var lost: UInt64 = 0
  /// When damage was accepted last; milliseconds since 1970.
  package internal(set) var acceptedAtMs: UInt64 = 0
  package internal(set) var damage: [Damage] = []

  package enum Failure: Error, Sendable, Equatable {
    case disk(DiskError)
    case damaged(reason: String)
    case otherStore(StoreUUID)
    case otherVersion(UInt16)
  }

  init(store: StoreUUID) { self.store = store }

  /// Also when several places that were accepted make up the one that is found now, or when nothing
  /// is lost by it in a file that was given up.
  func covers(_ found: Damage) -> Bool {
    if damage.contains(where: { $0.covers(found) }) { return true }
    let isGivenUp = damage.contains {
      $0.file == found.file && [.header, .missing].contains($0.kind)
    }
    if isGivenUp, found.lostCount == 0 { return true }
    let places = damage.filter { $0.file == found.file && $0.offset != nil && $0.end != nil }
      .sorted { ($0.offset ?? 0) < ($1.offset ?? 0) }
    guard var joined = places.first else { return false }
    for place in places.dropFirst() {
      if place.offset ?? 0 > joined.end ?? 0 {
        if joined.covers(found) { return true }
        joined = place
      } else {
        joined.join(place)
      }
    }
    return joined.covers(found)
  }

  /// Beyond `damageMax` the places of each file count as one stretch.
  mutating func add(_ new: [Damage], lost: UInt64, nowMs: UInt64) {
    self.lost = self.lost.addingCapped(lost)
    acceptedAtMs = nowMs
    damage.removeAll { old in new.contains { $0.covers(old) } }
    damage += new
    if damage.count > Self.damageMax { joinByFile() }
  }

  private mutating func joinByFile() {
    var joined: [String: Damage] = [:]
    for one in damage {
      guard var whole = joined[one.file] else {
        joined[one.file] = one
        continue
      }
      whole.join(one)
      joined[one.file] = whole
    }
    damage = joined.values.sorted { $0.file < $1.file }
    damage.removeFirst(max(0, damage.count - Self.damageMax))
  }

  static let damageMax = 4096
}

extension Damage {
  fileprivate mutating func join(_ other: Damage) {
    if let one = offset, let two = other.offset { offset = min(one, two) }
    if let one = end, let two = other.end { end = max(one, two) }
    if let one = lost, let two = other.lost {
      lost = min(one.lowerBound, two.lowerBound)...max(one.upperBound, two.upperBound)
    } else {
      lost = lost ?? other.lost
    }
    ended = ended.addingCapped(other.ended)
    unnamed = unnamed.addingCapped(other.unnamed)
  }
}

// MARK: The file

extension AcceptedDamage {
  private static let magic = Array("DISPACC\n".utf8)
  fileprivate static let version: UInt16 = 1
  /// Behind the magic: version, reserved, length of the file.
  private static let headSize = 16
  private static let fileMax: UInt64 = 16 << 20

  func encoded() -> [UInt8] {
    var out = ByteWriter()
    out.append(Self.magic)
    out.append(little: Self.version)
    out.append(little: UInt16(0))
    out.append(little: UInt32(0))
    out.append(little: store.high.byteSwapped)
    out.append(little: store.low.byteSwapped)
    out.append(varint: lost)
    out.append(varint: acceptedAtMs)
    out.append(varint: UInt64(damage.count))
    for one in damage { DamageCoding.encode(one, into: &out) }
    out.replace(at: 12, little: UInt32(out.count + 4))
    out.append(little: Checksum.crc32(out.bytes))
    return Array(out.bytes)
  }

  /// nil when nothing was ever accepted.
  package static func read(
    from disk: any Disk, of store: StoreUUID
  ) throws(Failure) -> AcceptedDamage? {
    let bytes: [UInt8]
    do throws(DiskError) {
      let file = try disk.open(FileNames.acceptedDamage, .readOnly)
      defer { file.close() }
      let size = try file.size()
      guard size <= fileMax else { throw DiskError(operation: .read, file: file.name, code: EFBIG) }
      var buffer = [UInt8](repeating: 0, count: Int(size))
      let count = try buffer.withMutableBytes { (buffer) throws(DiskError) in
        try file.read(into: buffer, at: 0)
      }
      bytes = Array(buffer[..<count])
    } catch {
      if error.code == ENOENT { return nil }
      if error.code == EFBIG { throw .damaged(reason: "it is larger than it ever gets") }
      throw .disk(error)
    }
    let found = try decode(bytes)
    guard found.store == store else { throw .otherStore(found.store) }
    return found
  }

  static func decode(_ bytes: [UInt8]) throws(Failure) -> AcceptedDamage {
    try bytes.withBytes { (buffer) throws(Failure) in
      guard buffer.count >= headSize + 16 + 4, buffer.prefix(magic.count).elementsEqual(magic)
      else { throw .damaged(reason: "it does not begin as it should") }
      let version = buffer.littleInteger(at: 8, as: UInt16.self)
      guard version == self.version else {
        if FileVersions.isDamaged(buffer, version: self.version) {
          throw .damaged(reason: "its version is damaged")
        }
        throw .otherVersion(version)
      }
      let length = buffer.littleInteger(at: 12, as: UInt32.self)
      guard Int(length) == buffer.count else {
        throw .damaged(reason: "expected \(length) bytes, found \(buffer.count)")
      }
      let end = buffer.count - 4
      let expected = buffer.littleInteger(at: end, as: UInt32.self)
      let found = Checksum.crc32(UnsafeRawBufferPointer(rebasing: buffer[..<end]))
      guard expected == found else {
        throw .damaged(reason: "expected checksum \(hex(expected)), found \(hex(found))")
      }
      do {
        return try decodeFields(UnsafeRawBufferPointer(rebasing: buffer[headSize..<end]))
      } catch {
        throw .damaged(reason: "its checksum is right and its content can't be")
      }
    }
  }

  private static func decodeFields(_ bytes: UnsafeRawBufferPointer) throws -> AcceptedDamage {
    var input = ByteReader(bytes)
    var accepted = AcceptedDamage(
      store: StoreUUID(
        high: try input.little(UInt64.self).byteSwapped,
        low: try input.little(UInt64.self).byteSwapped))
    accepted.lost = try input.varint()
    accepted.acceptedAtMs = try input.varint()
    let count = try input.varint()
    guard count <= UInt64(damageMax) else { throw DamageCoding.Failure.malformed }
    for _ in 0..<count { accepted.damage.append(try DamageCoding.decode(&input)) }
    guard input.isAtEnd else { throw DamageCoding.Failure.malformed }
    return accepted
  }

  /// Temporary file, sync, rename, sync of the directory.
  func write(to disk: any Disk) throws(DiskError) {
    let temporary = FileNames.acceptedDamage + ".tmp"
    if try disk.list().contains(temporary) { try disk.unlink(temporary) }
    let file = try disk.open(temporary, .createNew)
    defer { file.close() }
    try Recovery.write(encoded(), to: file, at: 0)
    try file.sync()
    try disk.rename(temporary, to: FileNames.acceptedDamage)
    try disk.syncDirectory()
  }
}

extension AcceptedDamage.Failure: CustomStringConvertible {
  package var description: String {
    switch self {
    case .disk(let error): error.description
    case .damaged(let reason):
      "\(FileNames.acceptedDamage) can't be read: \(reason); what was accepted is damage again"
    case .otherStore(let store):
      "\(FileNames.acceptedDamage) belongs to another store (\(store)); it is not looked at"
    case .otherVersion: "\(FileNames.acceptedDamage): \(reason)"
    }
  }

  /// Without the file's name.
  var reason: String {
    guard case .otherVersion(let version) = self else { return description }
    return "written in format version \(version); this program reads version "
      + "\(AcceptedDamage.version)"
  }
}
