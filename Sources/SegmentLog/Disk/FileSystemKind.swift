import Glibc

/// Which file system a directory stands on, as far as that says what the log's promises are worth there.
package enum FileSystemKind: Sendable, Equatable {
  /// Each sync goes to a disk of this machine, as far as is known.
  case local
  /// Overwriting takes new room, unless a file is told not to be copied on writing.
  case copyOnWrite(isOff: Bool)
  /// Somewhere else: when a sync is really done is that machine's word.
  case network(name: String)
  /// Known not to keep what a sync promises.
  case unsafe(name: String)
  /// In memory: nothing survives the machine.
  case memory

  private static let networks: [String: String] = [
    "nfs": "NFS", "nfs4": "NFS", "cifs": "CIFS", "smb3": "SMB", "smbfs": "SMB", "9p": "9p",
    "virtiofs": "virtiofs", "ceph": "Ceph", "afs": "AFS", "gpfs": "GPFS", "lustre": "Lustre",
    "gfs2": "GFS2", "ocfs2": "OCFS2",
  ]
  /// JFS is known to lose what was synced: its journal doesn't order it.
  private static let unsafes = ["jfs": "JFS"]

  /// `name`: as the kernel calls it in `/proc/self/mountinfo`.
  init(name: String, isOff: Bool) {
    if name == "btrfs" {
      self = .copyOnWrite(isOff: isOff)
    } else if name == "tmpfs" || name == "ramfs" {
      self = .memory
    } else if let name = Self.networks[name] {
      self = .network(name: name)
    } else if name.hasPrefix("fuse") {
      self = .network(name: "FUSE")
    } else if let name = Self.unsafes[name] {
      self = .unsafe(name: name)
    } else {
      self = .local
    }
  }

  /// What an operator should know; nil when all is well.
  package var warning: String? {
    switch self {
    case .local, .copyOnWrite(isOff: true): nil
    case .copyOnWrite(isOff: false):
      "the log stands on Btrfs, where each write takes new room: when the disk is full, outcomes can't "
        + "be recorded, and messages may be delivered again. In a directory that is new and empty this "
        + "can be switched off (chattr +C), and a log that is made there does so by itself"
    case .network(let name):
      "the log stands on \(name): what a sync is worth, and whether the lock keeps other machines out, "
        + "is that file system's word; a disk of this machine is safer, and faster"
    case .unsafe(let name):
      "the log stands on \(name), which was seen to lose what was synced when the power fails: put it on "
        + "ext4, XFS or Btrfs"
    case .memory: "the log stands in memory (tmpfs): it is gone when the machine stops"
    }
  }
}

extension FileSystemKind {
  /// linux/fs.h: FS_IOC_GETFLAGS, FS_IOC_SETFLAGS, FS_NOCOW_FL.
  private static let getFlags: UInt = 0x8008_6601
  private static let setFlags: UInt = 0x4008_6602
  private static let noCopy: Int = 0x0080_0000

  static func of(_ descriptor: Int32) -> FileSystemKind {
    guard let name = fileSystemName(of: descriptor) else { return .local }
    var flags = 0
    let isOff = ioctl(descriptor, getFlags, &flags) == 0 && flags & noCopy != 0
    return FileSystemKind(name: name, isOff: isOff)
  }

  /// By the mount that the descriptor was opened through (proc(5)): a device number doesn't tell it, since
  /// each subvolume of a Btrfs has one of its own. nil where that can't be read.
  private static func fileSystemName(of descriptor: Int32) -> String? {
    let facts = lines(of: "/proc/self/fdinfo/\(descriptor)")
    guard let mount = facts.first(where: { $0.hasPrefix("mnt_id:") })?.split(separator: "\t").last,
      let line = lines(of: "/proc/self/mountinfo").first(where: { $0.hasPrefix("\(mount) ") })
    else { return nil }
    // Optional fields, a dash, and then the type.
    let fields = line.split(separator: " ")
    guard let dash = fields.firstIndex(of: "-"), dash + 1 < fields.count else { return nil }
    return String(fields[dash + 1])
  }

  private static func lines(of path: String) -> [Substring] {
    let file = Glibc.open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return [] }
    defer { Glibc.close(file) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 64 << 10)
    // More mounts than any machine has.
    while bytes.count < 16 << 20 {
      let count = chunk.withUnsafeMutableBytes { Glibc.read(file, $0.baseAddress, $0.count) }
      guard count > 0 else { break }
      bytes += chunk[..<count]
    }
    return String(decoding: bytes, as: UTF8.self).split(separator: "\n")
  }

  /// For a directory in which nothing stands yet: what is made in it inherits that.
  fileprivate static func switchOffCopying(_ descriptor: Int32) {
    var flags = 0
    guard ioctl(descriptor, getFlags, &flags) == 0 else { return }
    flags |= noCopy
    _ = ioctl(descriptor, setFlags, &flags)
  }
}

extension FileDisk {
  /// Where there are files already it would say nothing of them. What can't be had is warned of later.
  func switchOffCopying() {
    guard kind == .copyOnWrite(isOff: false), (try? list())?.isEmpty == true else { return }
    FileSystemKind.switchOffCopying(descriptor)
  }
}
