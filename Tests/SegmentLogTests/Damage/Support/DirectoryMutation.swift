@testable import SegmentLog

/// Something that happens to a directory while nobody looks: files go, are emptied, cut, overwritten,
/// swapped, replaced by others.
struct DirectoryMutation: CustomStringConvertible {
  private(set) var description: String
  /// What isn't as it was.
  private(set) var names: Set<String> = []

  /// Does it to `disk`, a copy of the world's. `stranger` is another store.
  init(
    _ world: DirectoryWorld, stranger: DirectoryWorld, on disk: SimDisk,
    random: inout SplitMix64
  ) {
    description = ""
    for _ in 0..<Int.random(in: 1...3, using: &random) {
      if !description.isEmpty { description += ", " }
      change(world, stranger, disk, &random)
    }
  }

  private mutating func change(
    _ world: DirectoryWorld, _ stranger: DirectoryWorld, _ disk: SimDisk,
    _ random: inout SplitMix64
  ) {
    func pick(_ names: [String]) -> String { names.randomElement(using: &random) ?? "" }
    var name = pick(world.parts)
    if Int.random(in: 0..<4, using: &random) == 0 { name = world.segments.last ?? name }
    let bytes = disk.contents(name) ?? []
    switch Int.random(in: 0..<14, using: &random) {
    case 0, 1: remove([name], disk)
    case 2: put(name, [], "empty", disk)
    case 3, 4:
      let length = Int.random(in: 0...bytes.count, using: &random)
      put(name, Array(bytes[..<length]), "cut to \(length)", disk)
    case 5: put(name, [UInt8](repeating: 0, count: bytes.count), "zero", disk)
    case 6:
      let from = Int.random(in: 0...bytes.count, using: &random)
      let to = Int.random(in: from...bytes.count, using: &random)
      var holed = bytes
      for index in from..<to { holed[index] = 0 }
      put(name, holed, "zero from \(from) to \(to)", disk)
    case 7:
      var noise = bytes
      for _ in 0..<Int.random(in: 1...20, using: &random) where !noise.isEmpty {
        noise[Int.random(in: 0..<noise.count, using: &random)] = UInt8.random(
          in: 0...255, using: &random)
      }
      put(name, noise, "some bytes", disk)
    case 8: put(name, Array("not a file of a log\n".utf8), "a text", disk)
    case 9:
      let other = pick(world.parts)
      let others = disk.contents(other) ?? []
      put(name, others, "what was \(other)", disk)
      put(other, bytes, "what was \(name)", disk)
    case 10:
      let other = pick(stranger.parts)
      put(name, stranger.contents[other] ?? [], "\(other) of another store", disk)
    case 11: remove(world.checkpoints, disk)
    case 12:
      let kind = Int.random(in: 0...2, using: &random)
      remove(
        world.parts.filter {
          switch kind {
          case 0: FileNames.segmentID($0) != nil
          case 1: FileNames.coldID($0) != nil
          default: FileNames.dedupID($0) != nil
          }
        }, disk)
    default: remove([FileNames.identity], disk)
    }
  }

  private mutating func put(_ name: String, _ bytes: [UInt8], _ what: String, _ disk: SimDisk) {
    if !description.isEmpty, !description.hasSuffix(", ") { description += "; " }
    description += "\(name): \(what)"
    names.insert(name)
    disk.put(name, bytes)
  }

  private mutating func remove(_ gone: [String], _ disk: SimDisk) {
    description += gone.isEmpty ? "nothing" : gone.joined(separator: " and ") + " gone"
    names.formUnion(gone)
    for name in gone { disk.remove(name) }
  }
}
