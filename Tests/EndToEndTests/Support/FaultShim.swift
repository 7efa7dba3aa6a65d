import Foundation

/// The library of `Tools/fault-shim`, which makes chosen calls of the real binary fail.
struct FaultShim: Sendable {
  /// In the order of the library's counters.
  enum Call: String, CaseIterable, Sendable {
    case write, fdatasync, fsync, rename, open, read, fallocate, ftruncate, unlink
  }

  enum Effect: String, Sendable {
    case eio = "EIO"
    case noSpace = "ENOSPC"
    case quota = "EDQUOT"
    /// Half of the bytes of a write or read.
    case short = "SHORT"
    /// Nothing is done, and all is said to be well.
    case skip = "SKIP"
  }

  struct Fault: Sendable, CustomStringConvertible {
    var call: Call
    /// Counted from 1.
    var nth: Int
    var effect: Effect
    /// Every later call, too.
    var all = false

    var description: String {
      "\(call.rawValue) \(nth)\(all ? " and all later ones" : "") \(effect.rawValue)"
    }
  }

  let library: URL

  init(in folder: TemporaryDirectory) async throws {
    library = folder.path("fault-shim.so")
    let build = Programs.checkout.appendingPathComponent("Tools/fault-shim/build")
    let run = try await ProgramRun.run(build, [library.path])
    guard run.status == 0 else { throw TestFailure("the shim can't be built: \(run.errors)") }
  }

  /// For a process whose files below `directory` are meant; what it counts goes to `state`.
  func environment(_ fault: Fault?, below directory: URL, state: State) -> [String: String] {
    var environment = [
      "LD_PRELOAD": library.path, "FAULT_PATH": directory.path, "FAULT_STATE": state.file.path,
    ]
    if let fault {
      environment["FAULT_CALL"] = fault.call.rawValue
      environment["FAULT_NTH"] = "\(fault.nth)"
      environment["FAULT_EFFECT"] = fault.effect.rawValue
      environment["FAULT_ALL"] = fault.all ? "1" : "0"
    }
    return environment
  }

  /// What library and test share: 64-bit integers in a file.
  struct State: Sendable {
    let file: URL

    /// Calls that were made to go wrong.
    var hits: Int { value(1) }
    func count(_ call: Call) -> Int { value(2 + Call.allCases.firstIndex(of: call)!) }

    /// Sets the wall clock of the process forwards or backwards, from the next look at it on.
    func setClock(ahead seconds: Int) throws {
      let handle = try FileHandle(forWritingTo: file)
      let nanoseconds = Int64(seconds) * 1_000_000_000
      try withUnsafeBytes(of: nanoseconds) { try handle.write(contentsOf: Data($0)) }
      try handle.close()
    }

    private func value(_ index: Int) -> Int {
      guard let data = try? Data(contentsOf: file), data.count >= 8 * (index + 1) else { return 0 }
      return data.withUnsafeBytes {
        Int($0.loadUnaligned(fromByteOffset: 8 * index, as: Int64.self))
      }
    }
  }
}
