import Foundation

/// A file system in memory of a few MiB, mounted for one test; only root may do that.
final class SmallFileSystem: Sendable {
  let url: URL

  /// nil where it can't be mounted, which is said.
  init?(mebibytes: Int, at url: URL) async throws {
    self.url = url
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    let mount = try? await ProgramRun.run(
      URL(fileURLWithPath: "/bin/mount"),
      ["-t", "tmpfs", "-o", "size=\(mebibytes)m", "tmpfs", url.path])
    guard let mount, mount.status == 0 else {
      let reason = mount?.errors ?? "there is no /bin/mount"
      FileHandle.standardError.write(
        Data("NOT TRIED, since no file system can be mounted here: \(reason)\n".utf8))
      return nil
    }
  }

  var freeBytes: Int {
    let values = try? FileManager.default.attributesOfFileSystem(forPath: url.path)
    return (values?[.systemFreeSize] as? Int) ?? 0
  }

  /// Takes all of its space but `bytes`.
  func fill(leaving bytes: Int = 0) throws {
    let ballast = url.appendingPathComponent("ballast")
    _ = FileManager.default.createFile(atPath: ballast.path, contents: nil)
    let file = try FileHandle(forWritingTo: ballast)
    defer { try? file.close() }
    var left = freeBytes - bytes
    while left > 0 {
      let count = min(left, 1 << 20)
      do { try file.write(contentsOf: Data(count: count)) } catch { break }
      left -= count
    }
  }

  func makeRoom() throws {
    try FileManager.default.removeItem(at: url.appendingPathComponent("ballast"))
  }

  deinit { umount2(url.path, Int32(MNT_DETACH)) }
}
