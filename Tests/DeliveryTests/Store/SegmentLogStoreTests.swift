import Foundation
import SegmentLog
import Synchronization
import Testing

@testable import Delivery

@Suite("The embedded store")
struct SegmentLogStoreTests {
  private func withLog(_ body: (SegmentLogWorld) async throws -> Void) async throws {
    let world = try SegmentLogWorld()
    defer { world.remove() }
    try await body(world)
  }

  private static func options(
    _ change: (inout SegmentLogStore.Options) -> Void = { _ in }
  ) -> SegmentLogStore.Options {
    var options = SegmentLogStore.Options()
    options.segmentSize = 256 << 10
    options.lazyDelay = .milliseconds(5)
    change(&options)
    return options
  }

  @Test("bodies that are not at hand are read back at once")
  func uncached() async throws {
    try await withLog { world in
      let (store, _) = try await world.open(Self.options { $0.bodyCacheBytes = 0 })
      let messages = (0..<30).map { message("m\($0)", to: $0 % 2 == 0 ? b : c) }
      let refs = try await store.enqueue(messages).compactMap(\.ref)
      #expect(try await store.bodies(refs.reversed()) == messages.reversed())
      await store.close()
    }
  }

  @Test("a directory has one store at a time, and says who has it")
  func locked() async throws {
    try await withLog { world in
      let (store, _) = try await world.open(Self.options())
      do {
        _ = try await world.open(Self.options())
        Issue.record("two stores in one directory")
      } catch {
        #expect("\(error)".contains("pid \(getpid())"))
      }
      await store.close()
      let (again, report) = try await world.open(Self.options())
      #expect(report.cleanStop)
      await again.close()
    }
  }

  @Test("a path that is a file is refused by name")
  func notADirectory() async throws {
    try await withLog { world in
      let path = world.path + "/file"
      try Data("x".utf8).write(to: URL(fileURLWithPath: path))
      do {
        _ = try await SegmentLogStore.open(
          directory: path, clock: world.clock, logger: .init(label: "store"), onFailure: { _ in })
        Issue.record("a file is no log")
      } catch {
        #expect("\(error)".contains(path))
      }
    }
  }

  @Test("a failed sync: nobody is told yes, and the one who must know is told once")
  func failure() async throws {
    try await withLog { world in
      let failures = Mutex<[String]>([])
      let told = AsyncStream<Void>.makeStream()
      let (store, _) = try await world.open(Self.options()) { failure in
        failures.withLock { $0.append(failure.description) }
        told.continuation.finish()
      }
      _ = try await store.add(message("a"))
      world.gate.breakDown()
      await #expect(throws: StoreError.outcomeUnknown) {
        try await store.enqueue([message("b")])
      }
      for await _ in told.stream {}
      let said = failures.withLock { $0 }
      #expect(said.count == 1 && said[0].contains("sync of wal-"), "\(said)")
      while !(await store.nextEvents()).isEmpty {}
      await #expect(throws: StoreError.self) { try await store.enqueue([message("c")]) }
      await store.close()
    }
  }

  @Test("a damaged log is drained: nothing new, but what is there goes out")
  func damaged() async throws {
    try await withLog { world in
      let (first, _) = try await world.open(Self.options())
      #expect(first.isReadOnly == nil)
      let refs = try await first.add(message("lost"), message("kept"), message("ended"))
      await first.close()
      try world.damageFirstFrame()
      let (store, report) = try await world.open(Self.options())
      #expect(report.damage.count == 1)
      let reason = try #require(store.isReadOnly)
      #expect(reason.contains("wal-0000000000000001.seg") && reason.contains("dispatcher repair"))
      await #expect(throws: StoreError.readOnly(reason: reason)) {
        try await store.enqueue([message("new")])
      }
      let deliveries = Deliveries()
      let port = store.makeEnqueuePort(deliver: deliveries.deliver)
      #expect(port.submit(message("new"), token: 1) == .accepted)
      #expect(await deliveries.all(1)[0].result == .failure(.readOnly(reason: reason)))
      #expect(try await store.bodies(refs) == [nil, message("kept"), message("ended")])
      #expect(try await store.finish(refs[2], .delivered) == [])
      #expect(try await store.walk(b).map(\.ref) == [refs[1]])
      await store.close()
    }
  }

  @Test("compaction drops what is finished and says why the rest stays")
  func compaction() async throws {
    try await withLog { world in
      let (store, _) = try await world.open(Self.options())
      // Random digits, since a segment of zeros would hold them all.
      var random = SplitMix64(seed: 3)
      var refs: [MessageRef] = []
      for number in 0..<300 {
        let body = (0..<200).map { _ in String(random.next()) }.joined()
        refs += try await store.add(message("m\(number)", body: body))
      }
      let before = try await store.overview()
      #expect(before.segments.filter { $0.state == .sealed }.count >= 2)
      #expect(before.segments.reduce(0) { $0 + $1.live } == 300)
      for ref in refs where ref != refs[150] { _ = try await store.finish(ref, .delivered) }
      let report = try await store.compact()
      #expect(report.kept.contains { $0.keptBecause?.contains("1 live message") == true })
      let after = try await store.overview()
      #expect(after.segments.reduce(0) { $0 + $1.messages } < 300)
      #expect(store.metrics().segments < UInt64(before.segments.count))
      #expect(store.metrics().syncs > 300)
      #expect(try await store.bodies([refs[150]])[0]?.uuid == "m150")
      await store.close()
    }
  }
}

extension SegmentLogWorld {
  /// Flips a bit in the blocks of the first frame of the first segment.
  func damageFirstFrame() throws {
    let url = URL(fileURLWithPath: path + "/wal-0000000000000001.seg")
    var bytes = try Data(contentsOf: url)
    let body = try #require(bytes.range(of: Data("/hook?id=lost".utf8)))
    bytes[body.lowerBound] ^= 1
    try bytes.write(to: url)
  }
}
