import Glibc
import Synchronization

/// A disk that shows another one as it is and keeps every change to itself: what a start would do
/// can be seen without anything being done.
///
/// Pages that are written are held in memory; there are few, since a start with small segments
/// writes one of them and what the last run could not prove.
package final class DryDisk: Disk {
  private struct State {
    /// What was created, renamed or unlinked here: nil = gone.
    var names: [String: DryFile?] = [:]
    var directories: Set<String> = []
  }

  private let base: any Disk
  private let state = Mutex(State())

  package init(over base: any Disk) { self.base = base }

  package var path: String { base.path }

  package func list() throws(DiskError) -> [String] {
    let below = try base.list()
    return state.withLock { state in
      var names = Set(below).union(state.directories)
      for (name, file) in state.names {
        if file == nil { names.remove(name) } else if !name.contains("/") { names.insert(name) }
      }
      return names.sorted()
    }
  }

  package func list(in directory: String) throws(DiskError) -> [String] {
    let below = (try? base.list(in: directory)) ?? []
    return state.withLock { state in
      let made = state.names.filter { $0.value != nil && $0.key.hasPrefix(directory + "/") }.keys
      return Set(below).union(made.map { String($0.dropFirst(directory.count + 1)) }).sorted()
    }
  }

  package func open(_ name: String, _ mode: OpenMode) throws(DiskError) -> any DiskFile {
    let known = state.withLock { $0.names[name] }
    if mode == .createNew {
      let exists = known.map { $0 != nil } ?? ((try? base.open(name, .readOnly)) != nil)
      if exists { throw DiskError(operation: .open, file: name, code: EEXIST) }
      return remember(DryFile(name: name, base: nil), name)
    }
    if let known {
      guard let file = known else { throw DiskError(operation: .open, file: name, code: ENOENT) }
      return file
    }
    let file = try base.open(name, .readOnly)
    return mode == .readOnly ? file : remember(DryFile(name: name, base: file), name)
  }

  private func remember(_ file: DryFile, _ name: String) -> DryFile {
    state.withLock { $0.names[name] = .some(file) }
    return file
  }

  package func rename(_ from: String, to: String) throws(DiskError) {
    let file = try open(from, .readWrite) as? DryFile
    state.withLock { state in
      state.names[to] = .some(file)
      state.names[from] = .some(nil)
    }
  }

  package func rename(_ from: String, toNew to: String) throws(DiskError) {
    if try list().contains(to) { throw DiskError(operation: .rename, file: from, code: EEXIST) }
    try rename(from, to: to)
  }

  package func unlink(_ name: String) throws(DiskError) {
    state.withLock { $0.names[name] = .some(nil) }
  }

  package func createDirectory(_ name: String) throws(DiskError) {
    state.withLock { _ = $0.directories.insert(name) }
  }

  package func syncDirectory() throws(DiskError) {}
  package func space() throws(DiskError) -> DiskSpace { try base.space() }
}

/// A file as it would be. Nothing is closed before the disk goes: others may have it open.
private final class DryFile: DiskFile {
  private struct State {
    var size: UInt64
    /// Of the file below, what still shows through.
    var shown: UInt64
    var pages: [UInt64: [UInt8]] = [:]
  }

  private static let pageSize: UInt64 = 4096

  let name: String
  private let base: (any DiskFile)?
  private let state: Mutex<State>

  init(name: String, base: (any DiskFile)?) {
    self.name = name
    self.base = base
    let size = (try? base?.size()) ?? 0
    state = Mutex(State(size: size, shown: size))
  }

  func size() throws(DiskError) -> UInt64 { state.withLock { $0.size } }

  func read(
    into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64
  ) throws(DiskError) -> Int {
    let size = state.withLock { $0.size }
    guard offset < size else { return 0 }
    let count = Int(min(UInt64(buffer.count), size - offset))
    var done = 0
    while done < count {
      let at = offset + UInt64(done)
      let start = Int(at % Self.pageSize)
      let length = min(count - done, Int(Self.pageSize) - start)
      let page = try self.page(at / Self.pageSize)
      page.withUnsafeBytes { bytes in
        UnsafeMutableRawBufferPointer(rebasing: buffer[done..<done + length])
          .copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[start..<start + length]))
      }
      done += length
    }
    return count
  }

  /// As it was written here, else as it stands in the file below: zeros where that ends.
  private func page(_ page: UInt64) throws(DiskError) -> [UInt8] {
    if let written = state.withLock({ $0.pages[page] }) { return written }
    var bytes = [UInt8](repeating: 0, count: Int(Self.pageSize))
    let shown = state.withLock { $0.shown }
    let start = page * Self.pageSize
    guard let base, start < shown else { return bytes }
    let length = Int(min(Self.pageSize, shown - start))
    _ = try bytes.withMutableBytes { (buffer) throws(DiskError) in
      try base.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<length]), at: start)
    }
    return bytes
  }

  func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(DiskError) -> Int {
    var done = 0
    while done < bytes.count {
      let at = offset + UInt64(done)
      let start = Int(at % Self.pageSize)
      let length = min(bytes.count - done, Int(Self.pageSize) - start)
      let part = UnsafeRawBufferPointer(rebasing: bytes[done..<done + length])
      try write(part, at: start, of: at / Self.pageSize)
      done += length
    }
    let end = offset + UInt64(bytes.count)
    state.withLock { $0.size = max($0.size, end) }
    return bytes.count
  }

  private func write(
    _ bytes: UnsafeRawBufferPointer, at start: Int, of page: UInt64
  ) throws(DiskError) {
    // Zeros in new room need no memory: a prepared file is made of them.
    let isKnown = state.withLock { $0.pages[page] != nil }
    if !isKnown, base == nil, bytes.isAllZero { return }
    var content = try self.page(page)
    content.withUnsafeMutableBytes { target in
      UnsafeMutableRawBufferPointer(rebasing: target[start..<start + bytes.count])
        .copyMemory(from: bytes)
    }
    let written = content
    state.withLock { $0.pages[page] = written }
  }

  func truncate(to size: UInt64) throws(DiskError) {
    let border = size / Self.pageSize
    var last = try page(border)
    for index in Int(size % Self.pageSize)..<Int(Self.pageSize) { last[index] = 0 }
    let cut = last
    state.withLock { state in
      state.size = size
      state.shown = min(state.shown, size)
      state.pages = state.pages.filter { $0.key < border }
      state.pages[border] = cut
    }
  }

  func sync() throws(DiskError) {}
  func close() {}
}
