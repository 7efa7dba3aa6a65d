import Testing

@testable import SegmentLog

/// Something wrong at every single place of a small store: never a crash, never a silent wrong
/// answer, and of one bit never more than a frame lost.
@Suite("Rot matrix")
struct RotMatrixTests {
  private static let parts = 0..<4

  private func world(_ ending: RotWorld.Ending) throws -> RotWorld {
    try #require(RotWorld.all[ending])
  }

  @Test("every bit of every file", arguments: RotWorld.Ending.allCases, parts)
  func bits(ending: RotWorld.Ending, part: Int) throws {
    let world = try world(ending)
    for name in world.names {
      let bytes = world.contents(name)
      for bit in Self.bits(of: name, bytes) where bit / 8 % Self.parts.count == part {
        var rotten = bytes
        rotten[bit / 8] ^= 1 << UInt8(bit % 8)
        let judge = RotJudge(
          world: world, changed: [name: rotten], isOneBit: true, startsTwice: bit % 61 == 0)
        if let wrong = judge.wrong() {
          Issue.record("\(name), bit \(bit % 8) of byte \(bit / 8): \(wrong)")
        }
      }
    }
  }

  /// Of what a segment has no use for, the room around the headers and behind the frames, a sample.
  private static func bits(of name: String, _ bytes: [UInt8]) -> [Int] {
    guard name.hasSuffix(".seg") else { return Array(0..<bytes.count * 8) }
    let first = Int(FormatLimits.firstFrameOffset)
    let used = (bytes.lastIndex { $0 != 0 } ?? first) + 9
    return (0..<bytes.count * 8).filter { bit in
      let byte = bit / 8
      if byte >= first { return byte < used || bit % 1013 == 0 }
      return byte % FormatLimits.headerCopyOffset < SegmentHeader.size || bit % 1013 == 0
    }
  }

  @Test("every length of every file", arguments: RotWorld.Ending.allCases, parts)
  func lengths(ending: RotWorld.Ending, part: Int) throws {
    let world = try world(ending)
    let borders = world.bordersOfLast
    for name in world.names {
      let bytes = world.contents(name)
      let end = (bytes.lastIndex { $0 != 0 } ?? 0) + 1
      for length in 0..<bytes.count where length % Self.parts.count == part {
        if length > end && length % 509 != 0 { continue }
        // A clean stop left a checkpoint that knows how far the log went.
        let isBorder =
          ending != .sealed && name == world.lastSegment && borders.contains(length)
        let judge = RotJudge(
          world: world, changed: [name: Array(bytes[..<length])],
          isSilentAllowed: isBorder || length >= end, startsTwice: length % 61 == 0)
        if let wrong = judge.wrong() { Issue.record("\(name), \(length) bytes: \(wrong)") }
      }
    }
  }

  @Test("every pair of files swapped", arguments: RotWorld.Ending.allCases)
  func swaps(ending: RotWorld.Ending) throws {
    let world = try world(ending)
    for (index, one) in world.names.enumerated() {
      for other in world.names[(index + 1)...] {
        let judge = RotJudge(
          world: world, changed: [one: world.contents(other), other: world.contents(one)],
          startsTwice: true)
        if let wrong = judge.wrong() { Issue.record("\(one) and \(other): \(wrong)") }
      }
    }
  }

  @Test(
    "every block of 512 bytes zeroed, and put in the place of every other",
    arguments: RotWorld.Ending.allCases)
  func blocks(ending: RotWorld.Ending) throws {
    let world = try world(ending)
    for name in world.names {
      let bytes = world.contents(name)
      let end = (bytes.lastIndex { $0 != 0 } ?? 0) + 1
      let blocks = Array(stride(from: 0, to: bytes.count, by: 512))
      for block in blocks where block < end + 512 {
        for source in [nil] + blocks.map(Optional.some) where source != block {
          var rotten = bytes
          let range = block..<min(block + 512, bytes.count)
          for index in range {
            let from = source.map { $0 + index - block } ?? bytes.count
            rotten[index] = from < bytes.count ? bytes[from] : 0
          }
          let judge = RotJudge(
            world: world, changed: [name: rotten],
            isSilentAllowed: ending != .sealed && name == world.lastSegment
              && endsAtFrame(rotten, world),
            startsTwice: block % 5 == 0)
          if let wrong = judge.wrong() {
            Issue.record("\(name), block \(block) from \(String(describing: source)): \(wrong)")
          }
        }
      }
    }
  }

  /// The frames up to some border, and zeros: nothing tells it from a log that ended there.
  private func endsAtFrame(_ bytes: [UInt8], _ world: RotWorld) -> Bool {
    let whole = world.contents(world.lastSegment)
    return world.bordersOfLast.contains { border in
      bytes[..<border] == whole[..<border] && bytes[border...].allSatisfy { $0 == 0 }
    }
  }
}
