import Foundation
import Testing

@testable import SegmentLog

@Suite("The real disk")
struct FileDiskTests {
  private let directory: TemporaryDirectory
  private let disk: FileDisk

  init() throws {
    directory = try TemporaryDirectory()
    disk = try FileDisk(path: directory.path + "/log", access: .readWrite)
  }

  private func write(_ bytes: [UInt8], to file: any DiskFile, at offset: UInt64 = 0) throws {
    let count = try bytes.withBytes { (buffer) throws(DiskError) in
      try file.write(buffer, at: offset)
    }
    #expect(count == bytes.count)
  }

  private func read(_ file: any DiskFile, _ length: Int, at offset: UInt64 = 0) throws -> [UInt8] {
    var bytes = [UInt8](repeating: 0xee, count: length)
    let count = try bytes.withMutableBytes { (buffer) throws(DiskError) in
      try file.read(into: buffer, at: offset)
    }
    return Array(bytes[..<count])
  }

  @Test("files are created, written, read, cut, renamed, listed and removed")
  func everything() throws {
    let file = try disk.open("b", .createNew)
    try write([1, 2, 3, 4], to: file)
    try write([9], to: file, at: 6)
    try file.sync()
    #expect(try file.size() == 7)
    #expect(try read(file, 100) == [1, 2, 3, 4, 0, 0, 9])
    #expect(try read(file, 2, at: 1) == [2, 3])
    #expect(try read(file, 2, at: 7) == [])
    try file.truncate(to: 2)
    #expect(try read(file, 100) == [1, 2])
    file.close()
    file.close()
    try disk.createDirectory("quarantine")
    try disk.createDirectory("quarantine")
    try write([5], to: disk.open("quarantine/x", .createNew))
    try disk.rename("b", to: "a")
    try disk.syncDirectory()
    #expect(try disk.list() == ["a", "quarantine"])
    #expect(try read(disk.open("a", .readOnly), 9) == [1, 2])
    try disk.unlink("a")
    #expect(try disk.list() == ["quarantine"])
    let space = try disk.space()
    #expect(space.totalBytes > 0 && space.availableBytes <= space.totalBytes)
  }

  @Test("errors name the operation, the file and the reason")
  func errors() throws {
    let path = directory.path + "/log/x"
    #expect(throws: DiskError(operation: .open, file: path, code: ENOENT)) {
      try disk.open("x", .readOnly)
    }
    _ = try disk.open("x", .createNew)
    #expect(throws: DiskError(operation: .open, file: path, code: EEXIST)) {
      try disk.open("x", .createNew)
    }
    let reading = try disk.open("x", .readOnly)
    #expect(throws: DiskError(operation: .write, file: "x", code: EBADF)) {
      try write([1], to: reading)
    }
    #expect(throws: DiskError.self) { try disk.unlink("y") }
    #expect(throws: DiskError.self) { try disk.rename("y", to: "z") }
    #expect(throws: DiskError.self) { try reading.truncate(to: .max) }
    #expect(throws: DiskError.self) { try read(reading, 1, at: .max - 5) }
    try disk.createDirectory("d")
    #expect(throws: DiskError.self) { try disk.open("d", .readOnly).size() }
  }

  @Test("a path that is a file, or nowhere, is refused with a clear line")
  func badPaths() throws {
    let file = directory.path + "/file"
    _ = FileManager.default.createFile(atPath: file, contents: Data([1]))
    for access in [FileDisk.Access.readOnly, .readWrite] {
      #expect(throws: FileDisk.OpenFailure.notADirectory(path: file)) {
        try FileDisk(path: file, access: access)
      }
    }
    let orphan = file + "s/log"
    #expect(throws: FileDisk.OpenFailure.missing(path: orphan)) {
      try FileDisk(path: orphan, access: .readOnly)
    }
    #expect(throws: FileDisk.OpenFailure.parentMissing(path: orphan)) {
      try FileDisk(path: orphan, access: .readWrite)
    }
    #expect(
      "\(FileDisk.OpenFailure.notADirectory(path: file))"
        == "\(file) is a file; the log is a directory")
    #expect(throws: FileDisk.OpenFailure.missing(path: directory.path + "/none")) {
      try FileDisk(path: directory.path + "/none", access: .readOnly)
    }
    #expect(try !FileManager.default.contentsOfDirectory(atPath: directory.path).contains("none"))
  }

  @Test("a directory that can't be written to is refused", .enabled(if: geteuid() != 0))
  func notWritable() throws {
    let path = directory.path + "/readonly"
    try FileManager.default.createDirectory(
      atPath: path, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o500])
    #expect(throws: FileDisk.OpenFailure.notWritable(path: path, code: EACCES)) {
      try FileDisk(path: path, access: .readWrite)
    }
  }
}

@Suite("What is made in a log directory")
struct FileModesTests {
  private func mode(_ path: String) throws -> Int {
    let attributes = try FileManager.default.attributesOfItem(atPath: path)
    return try #require(attributes[.posixPermissions] as? Int)
  }

  @Test("is 0600 and 0700, and others can't lock what they can't read")
  func modes() throws {
    let directory = try TemporaryDirectory()
    let path = directory.path + "/log"
    let disk = try FileDisk(path: path, access: .readWrite)
    try disk.open("file", .createNew).close()
    try disk.createDirectory("quarantine")
    try disk.open("quarantine/file", .createNew).close()
    var lock: DirectoryLock? = try DirectoryLock(path: path)
    #expect(try mode(path) == 0o700)
    #expect(try mode(path + "/quarantine") == 0o700)
    for name in ["file", "quarantine/file", "LOCK"] {
      #expect(try mode(path + "/" + name) == 0o600, "\(name)")
    }
    // As versions before left it.
    try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: path + "/LOCK")
    #expect(lock != nil)
    lock = nil
    lock = try DirectoryLock(path: path)
    #expect(try mode(path + "/LOCK") == 0o600)
  }

  @Test("a lock that is a link is not followed")
  func link() throws {
    let directory = try TemporaryDirectory()
    try FileManager.default.createSymbolicLink(
      atPath: directory.path + "/LOCK", withDestinationPath: directory.path + "/elsewhere")
    #expect(throws: DirectoryLock.Failure.self) { try DirectoryLock(path: directory.path) }
    #expect(!FileManager.default.fileExists(atPath: directory.path + "/elsewhere"))
  }
}

@Suite("The lock of a log directory")
struct DirectoryLockTests {
  /// By a process of this machine without listeners.
  private static func held(
    _ directory: TemporaryDirectory, _ pid: Int32
  ) -> DirectoryLock.Failure {
    .held(path: directory.path, pid: pid, place: "on host \(ProcessInfo.processInfo.hostName)")
  }

  @Test("who is refused is told where the holder runs and listens")
  func place() throws {
    let directory = try TemporaryDirectory()
    let lock = try DirectoryLock(
      path: directory.path, readOnly: false, listeners: ["127.0.0.1:8080", "[::1]:9090"])
    do {
      _ = try DirectoryLock(path: directory.path)
      Issue.record("two hold it")
    } catch {
      let text = error.description
      #expect(text.contains("(pid \(getpid()) on host "))
      #expect(text.hasSuffix(", listening 127.0.0.1:8080, [::1]:9090)"))
    }
    #expect(lock.isInPlace)
    try FileManager.default.removeItem(atPath: directory.path + "/LOCK")
    #expect(!lock.isInPlace)
    _ = FileManager.default.createFile(atPath: directory.path + "/LOCK", contents: Data())
    #expect(!lock.isInPlace, "another file under its name")
  }

  @Test("an open file description lock alone keeps a second holder out")
  func description() throws {
    let directory = try TemporaryDirectory()
    let lock = try DirectoryLock(path: directory.path)
    let other = open(directory.path + "/LOCK", O_RDWR)
    defer { close(other) }
    var wanted = flock()
    wanted.l_type = Int16(F_WRLCK)
    #expect(fcntl(other, DirectoryLock.setDescriptionLock, &wanted) == -1 && errno == EAGAIN)
    withExtendedLifetime(lock) {}
  }

  @Test("a second holder is refused with the first one's pid, until the first lets go")
  func exclusive() throws {
    let directory = try TemporaryDirectory()
    var first: DirectoryLock? = try DirectoryLock(path: directory.path)
    let text = try String(contentsOfFile: directory.path + "/LOCK", encoding: .utf8)
    #expect(text.hasPrefix("\(getpid())\nhost "))
    #expect(throws: Self.held(directory, getpid())) { try DirectoryLock(path: directory.path) }
    #expect(
      "\(DirectoryLock.Failure.held(path: "/l", pid: 42))"
        == "/l is in use by another process (pid 42)")
    #expect(first != nil)
    first = nil
    _ = try DirectoryLock(path: directory.path)
  }

  @Test("who only looks shares it, writes nothing, and needs none where there is none")
  func readOnly() throws {
    let directory = try TemporaryDirectory()
    let file = directory.path + "/LOCK"
    _ = try DirectoryLock(path: directory.path, readOnly: true)
    #expect(!FileManager.default.fileExists(atPath: file))
    _ = FileManager.default.createFile(atPath: file, contents: Data("77\n".utf8))
    try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: file)
    var one: DirectoryLock? = try DirectoryLock(path: directory.path, readOnly: true)
    var two: DirectoryLock? = try DirectoryLock(path: directory.path, readOnly: true)
    #expect(try String(contentsOfFile: file, encoding: .utf8) == "77\n")
    let mode = try FileManager.default.attributesOfItem(atPath: file)[.posixPermissions] as? Int
    #expect(mode == 0o640 && two != nil)
    #expect(throws: DirectoryLock.Failure.held(path: directory.path, pid: 77)) {
      try DirectoryLock(path: directory.path)
    }
    #expect(one != nil)
    (one, two) = (nil, nil)
    let owner = try DirectoryLock(path: directory.path)
    #expect(throws: Self.held(directory, getpid())) {
      try DirectoryLock(path: directory.path, readOnly: true)
    }
    withExtendedLifetime(owner) {}
  }

  @Test("a stale pid of a process that ended is overwritten whole")
  func stalePid() throws {
    let directory = try TemporaryDirectory()
    _ = FileManager.default.createFile(
      atPath: directory.path + "/LOCK", contents: Data("123456789012345678\n".utf8))
    let lock = try DirectoryLock(path: directory.path)
    let text = try String(contentsOfFile: directory.path + "/LOCK", encoding: .utf8)
    #expect(text.hasPrefix("\(getpid())\nhost "))
    _ = lock
  }

  @Test("a directory that is not there is an error of the disk")
  func missing() {
    #expect { try DirectoryLock(path: "/nowhere/at/all") } throws: { error in
      if case DirectoryLock.Failure.failed(let disk) = error { disk.code == ENOENT } else { false }
    }
  }
}
