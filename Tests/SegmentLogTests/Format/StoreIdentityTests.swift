import Glibc
import Testing

@testable import SegmentLog

@Suite("The store's identity")
struct StoreIdentityTests {
  private let fresh = StoreUUID("99999999-aaaa-4bbb-8ccc-dddddddddddd")!

  @Test("an empty directory becomes a new store, durably")
  func newStore() throws {
    let disk = SimDisk()
    disk.record()
    #expect(try StoreIdentity.find(on: disk) == nil)
    #expect(try StoreIdentity.open(on: disk, fresh: fresh).store == fresh)
    #expect(
      disk.trace == [
        "open store.json.tmp", "write store.json.tmp 0+60", "sync store.json.tmp",
        "rename store.json.tmp", "syncDirectory ",
      ])
    disk.cutPower()
    #expect(try StoreIdentity.open(on: disk, fresh: SegmentBuilder.store).store == fresh)
  }

  @Test("when store.json is missing, the segments say whose they are, and it is written again")
  func fromSegments() throws {
    let disk = SampleLog().disk()
    try disk.unlink(FileNames.identity)
    #expect(try StoreIdentity.open(on: disk, fresh: fresh).store == SegmentBuilder.store)
    #expect(disk.contents(FileNames.identity) != nil)
  }

  @Test("unreadable segments without store.json are never taken for a new store")
  func segmentsWithoutIdentity() throws {
    let disk = SimDisk()
    disk.put(FileNames.segment(1), [1, 2, 3])
    #expect(throws: StoreIdentity.Failure.segmentsWithoutIdentity) {
      try StoreIdentity.open(on: disk, fresh: fresh)
    }
  }

  @Test("another format is refused by its number")
  func otherFormat() throws {
    let disk = SimDisk()
    disk.put(FileNames.identity, Array("{ \"format\": 2, \"store\": \"x\" }".utf8))
    #expect(throws: StoreIdentity.Failure.otherFormat(file: "store.json", format: 2)) {
      try StoreIdentity.open(on: disk, fresh: fresh)
    }
  }

  @Test("spaces, order and unknown fields don't matter; anything else is unreadable")
  func reading() throws {
    let disk = SimDisk()
    let good = " {\n \"new\" : 7 , \"format\":1,\"store\":\"\(fresh)\" }\r\n"
    disk.put(FileNames.identity, Array(good.utf8))
    #expect(try StoreIdentity.find(on: disk)?.store == fresh)
    for bad in [
      "", "{", "{}", "[]", "{\"format\":1}", "{\"format\":1,\"store\":\"x\"}", good + "x",
      "{\"format\":1,\"format\":1,\"store\":\"\(fresh)\"}", "{\"format\":-1}",
      "{\"format\":99999999999999999999}", "{\"store\":\"\(fresh)\",\"format\":1,}", "\u{0}",
      "{\"format\":\"1\",\"store\":\"\(fresh)\"}",
    ] {
      disk.put(FileNames.identity, Array(bad.utf8))
      #expect(throws: StoreIdentity.Failure.unreadable(file: "store.json"), "\(bad)") {
        try StoreIdentity.find(on: disk)
      }
    }
  }

  @Test("a left-over temporary file is replaced, and errors of the disk come through")
  func leftOver() throws {
    let disk = SimDisk()
    disk.put(FileNames.identityTemporary, [1])
    disk.inject(SimFault(.sync, code: EIO))
    #expect { try StoreIdentity.open(on: disk, fresh: fresh) } throws: { error in
      if case StoreIdentity.Failure.disk = error { true } else { false }
    }
    #expect(try StoreIdentity.open(on: disk, fresh: fresh).store == fresh)
  }
}
