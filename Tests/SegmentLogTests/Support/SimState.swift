import Glibc

@testable import SegmentLog

/// Everything that a `SimDisk` knows, as a value.
struct SimState: Sendable {
  enum NameChange: Sendable {
    case create(String, inode: Int)
    case createDirectory(String)
    case unlink(String)
    case rename(String, to: String, inode: Int)
  }

  var random: SplitMix64
  var capacity: UInt64
  var inodes: [Int: SimInode] = [:]
  var names: [String: Int] = [:]
  var durableNames: [String: Int] = [:]
  private var directories: Set<String> = []
  private var durableDirectories: Set<String> = []
  private var pending: [NameChange] = []
  private var nextInode = 1
  var epoch = 0

  var faults: [SimFault] = []
  var stopAt: Int?
  var changes = 0
  var counts: [DiskError.Operation: Int] = [:]
  var trace: [String]?

  init(seed: UInt64, capacity: UInt64) {
    random = SplitMix64(seed: seed)
    self.capacity = capacity
  }

  func inode(_ name: String) -> SimInode? { names[name].flatMap { inodes[$0] } }

  var available: UInt64 {
    let used = names.values.reduce(UInt64(0)) { $0 + UInt64(inodes[$1]?.current.count ?? 0) }
    return used < capacity ? capacity - used : 0
  }

  func list() -> [String] {
    (names.keys.filter { !$0.contains("/") } + directories).sorted()
  }

  func list(in directory: String) -> [String] {
    names.keys.filter { $0.hasPrefix(directory + "/") }
      .map { String($0.dropFirst(directory.count + 1)) }.sorted()
  }

  mutating func open(_ name: String, _ mode: OpenMode) throws(DiskError) -> Int {
    if directories.contains(name) { throw DiskError(operation: .open, file: name, code: EISDIR) }
    guard mode == .createNew else {
      guard let inode = names[name] else {
        throw DiskError(operation: .open, file: name, code: ENOENT)
      }
      return inode
    }
    guard names[name] == nil else { throw DiskError(operation: .open, file: name, code: EEXIST) }
    try checkParent(name, .open)
    let inode = nextInode
    nextInode += 1
    inodes[inode] = SimInode()
    names[name] = inode
    pending.append(.create(name, inode: inode))
    return inode
  }

  mutating func rename(_ from: String, to: String) throws(DiskError) {
    guard let inode = names[from] else {
      throw DiskError(operation: .rename, file: from, code: ENOENT)
    }
    try checkParent(to, .rename)
    names[from] = nil
    names[to] = inode
    pending.append(.rename(from, to: to, inode: inode))
  }

  mutating func unlink(_ name: String) throws(DiskError) {
    guard names.removeValue(forKey: name) != nil else {
      throw DiskError(operation: .unlink, file: name, code: ENOENT)
    }
    pending.append(.unlink(name))
  }

  mutating func createDirectory(_ name: String) throws(DiskError) {
    if names[name] != nil {
      throw DiskError(operation: .createDirectory, file: name, code: EEXIST)
    }
    if directories.insert(name).inserted { pending.append(.createDirectory(name)) }
  }

  mutating func write(
    _ bytes: UnsafeRawBufferPointer, inode: Int, at offset: UInt64, name: String
  ) throws(DiskError) -> Int {
    var length = bytes.count
    let size = UInt64(inodes[inode]!.current.count)
    let growth = max(offset + UInt64(length), size) - size
    if growth > available {
      let short = growth - available
      guard short < UInt64(length) else {
        throw DiskError(operation: .write, file: name, code: ENOSPC)
      }
      length -= Int(short)
    }
    inodes[inode]!.write(UnsafeRawBufferPointer(rebasing: bytes[..<length]), at: Int(offset))
    return length
  }

  mutating func truncate(inode: Int, to size: UInt64, name: String) throws(DiskError) {
    let old = UInt64(inodes[inode]!.current.count)
    if size > old && size - old > available {
      throw DiskError(operation: .truncate, file: name, code: ENOSPC)
    }
    inodes[inode]!.resize(to: Int(size))
  }

  mutating func put(_ name: String, _ bytes: [UInt8]) {
    let inode = nextInode
    nextInode += 1
    inodes[inode] = SimInode(durable: bytes)
    names[name] = inode
    durableNames[name] = inode
  }

  mutating func remove(_ name: String) {
    names[name] = nil
    durableNames[name] = nil
  }

  private func checkParent(
    _ name: String, _ operation: DiskError.Operation
  ) throws(DiskError) {
    guard let slash = name.lastIndex(of: "/") else { return }
    guard directories.contains(String(name[..<slash])) else {
      throw DiskError(operation: operation, file: name, code: ENOENT)
    }
  }
}

// What survives.
extension SimState {
  mutating func syncNames() {
    // Names inside of subdirectories need a sync of those, which the border doesn't offer.
    for change in pending where !change.isNested { apply(change) }
    pending.removeAll { !$0.isNested }
  }

  mutating func dropPendingNames() { pending.removeAll() }

  mutating func crash(keeping kept: SimDisk.Kept) {
    var random = random
    let upTo = Bool.random(using: &random) ? nil : Int.random(in: 0...pending.count, using: &random)
    for (index, change) in pending.enumerated() {
      let survives =
        switch kept {
        case .nothing: false
        case .everything: true
        case .random: upTo.map { index < $0 } ?? Bool.random(using: &random)
        }
      if survives { apply(change) }
    }
    names = durableNames
    directories = durableDirectories
    inodes = inodes.filter { id, _ in names.values.contains(id) }
    for id in inodes.keys.sorted() {
      inodes[id]!.crash {
        switch kept {
        case .nothing: false
        case .everything: true
        case .random: Bool.random(using: &random)
        }
      }
    }
    self.random = random
    pending.removeAll()
    restart()
  }

  mutating func restart() {
    epoch += 1
    clearFaults()
  }

  private mutating func apply(_ change: NameChange) {
    switch change {
    case .create(let name, let inode): durableNames[name] = inode
    case .createDirectory(let name): durableDirectories.insert(name)
    case .unlink(let name): durableNames[name] = nil
    case .rename(let from, let to, let inode):
      if durableNames[from] == inode { durableNames[from] = nil }
      durableNames[to] = inode
    }
  }
}

extension SimState.NameChange {
  fileprivate var isNested: Bool {
    switch self {
    case .create(let name, _), .createDirectory(let name), .unlink(let name): name.contains("/")
    case .rename(let from, let to, _): from.contains("/") || to.contains("/")
    }
  }
}

// Counting and failing.
extension SimState {
  var isStopped: Bool { stopAt.map { changes > $0 } ?? false }

  mutating func begin(
    _ operation: DiskError.Operation, _ name: String, changes isChange: Bool, note: String
  ) throws(DiskError) {
    counts[operation, default: 0] += 1
    if isChange {
      changes += 1
      trace?.append("\(operation.rawValue) \(name)\(note)")
    }
    if isStopped { throw DiskError(operation: operation, file: name, code: EIO) }
  }

  mutating func nextFault(_ operation: DiskError.Operation, _ name: String) -> SimFault? {
    var hit: SimFault?
    for index in faults.indices where faults[index].matches(operation, name) {
      faults[index].nth -= 1
      let fault = faults[index]
      if fault.nth == 0 || (fault.nth < 0 && fault.staysBroken) { hit = hit ?? fault }
    }
    faults.removeAll { $0.nth <= 0 && !$0.staysBroken }
    return hit
  }

  mutating func clearFaults() {
    faults.removeAll()
    stopAt = nil
  }

  func check(
    _ file: SimFile, _ operation: DiskError.Operation, writing: Bool = false
  ) throws(DiskError) {
    guard file.epoch == epoch, !file.isClosed, inodes[file.inode] != nil,
      file.isWritable || !writing
    else { throw DiskError(operation: operation, file: file.name, code: EBADF) }
  }
}
