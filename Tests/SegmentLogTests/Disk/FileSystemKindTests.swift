import Testing

@testable import SegmentLog

@Suite("File systems")
struct FileSystemKindTests {
  @Test(
    "what an operator is warned of",
    arguments: [
      ("ext4", nil), ("xfs", nil), ("overlay", nil), ("btrfs", "Btrfs"), ("nfs4", "NFS"),
      ("cifs", "CIFS"), ("fuse.sshfs", "FUSE"), ("9p", "9p"), ("jfs", "JFS"), ("tmpfs", "tmpfs"),
    ] as [(String, String?)])
  func warnings(name: String, named: String?) throws {
    let warning = FileSystemKind(name: name, isOff: false).warning
    #expect((warning == nil) == (named == nil))
    if let named { #expect(warning?.contains(named) == true) }
  }

  @Test("Btrfs without copying on writing is as good as any")
  func noCopy() {
    #expect(FileSystemKind(name: "btrfs", isOff: true).warning == nil)
  }

  @Test("a reserve that came back from a copy with holes is made anew")
  func holes() throws {
    let directory = try TemporaryDirectory()
    let disk = try FileDisk(path: directory.path, access: .readWrite)
    let holed = try disk.open("reserve-1", .createNew)
    try holed.truncate(to: 1 << 20)
    let made = PreparationJob(name: "reserve-2", size: 1 << 20).run(on: disk)
    _ = try made.outcome.get()
    var reserve = Reserve(FileNames.segmentReserves)
    reserve.adopt(from: disk)
    #expect(reserve.files.map(\.name) == ["reserve-2"])
    #expect(try disk.list() == ["reserve-2"])
  }
}
