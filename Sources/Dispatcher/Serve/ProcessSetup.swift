import Glibc

/// What the process asks of the system before anything else.
enum ProcessSetup {
  /// Returns how many files and sockets the process may have open.
  static func apply() -> Int {
    // A peer that has gone is an error of that write, not the end of the process.
    signal(SIGPIPE, SIG_IGN)
    return raiseDescriptorLimit()
  }

  /// Each connection is a descriptor, and the usual soft limit of 1024 is a tenth of the idle
  /// connections that must be possible. Beyond a million nothing is gained, and some systems' hard
  /// limit is so high that programs which close "all" descriptors would not end.
  private static func raiseDescriptorLimit() -> Int {
    let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    var limit = rlimit()
    // What POSIX grants at least, since it can't be known.
    guard getrlimit(resource, &limit) == 0 else { return 20 }
    let before = limit.rlim_cur
    limit.rlim_cur = max(limit.rlim_cur, min(limit.rlim_max, 1 << 20))
    return Int(clamping: setrlimit(resource, &limit) == 0 ? limit.rlim_cur : before)
  }
}
