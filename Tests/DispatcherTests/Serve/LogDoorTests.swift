import Foundation
import SegmentLog
import Testing

@testable import Dispatcher

@Suite struct LogDoorTests {
  private func problem(_ path: String) -> LogDoor.Problem? {
    do throws(LogDoor.Problem) {
      try LogDoor.tryToOpen(path)
      return nil
    } catch {
      return error
    }
  }

  @Test("a directory that is there, and one that can be made, are fine")
  func fine() throws {
    let directory = try TemporaryDirectory()
    #expect(problem(directory.path) == nil)
    #expect(problem(directory.path + "/new.log") == nil)
    #expect(problem(directory.path + "/new.log") == nil)
  }

  @Test("a file, and a directory whose parent is missing, are refused in words")
  func unusable() throws {
    let directory = try TemporaryDirectory()
    try directory.write("x", to: "file")
    let file = try #require(problem(directory.path + "/file"))
    #expect(file.exitStatus == .log)
    #expect(file.reason.contains("\(directory.path)/file is a file"))
    let below = try #require(problem(directory.path + "/file/log"))
    #expect(below.exitStatus == .log)
    let orphan = try #require(problem(directory.path + "/missing/log"))
    #expect(orphan.exitStatus == .log)
    #expect(orphan.reason.contains("/missing/log can't be created"))
  }

  @Test("a directory that others can look into is told by its permissions, a new one is 0700")
  func permissions() throws {
    let directory = try TemporaryDirectory()
    let path = directory.path + "/new.log"
    #expect(try LogDoor.tryToOpen(path).permissions == nil)
    for (mode, told) in [(0o755, "0755"), (0o750, "0750"), (0o701, "0701"), (0o700, nil)] {
      try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
      #expect(try LogDoor.tryToOpen(path).permissions == told)
      let attributes = try FileManager.default.attributesOfItem(atPath: path)
      #expect(attributes[.posixPermissions] as? Int == mode, "it is not changed")
    }
  }

  @Test("a log that another process holds is refused with that process's pid")
  func inUse() throws {
    let directory = try TemporaryDirectory()
    // flock belongs to the open file, so that this process can play the other one.
    let lock = try DirectoryLock(path: directory.path)
    let held = try #require(problem(directory.path))
    #expect(held.exitStatus == .logInUse)
    #expect(held.reason.contains("pid \(getpid())"))
    withExtendedLifetime(lock) {}
  }
}
