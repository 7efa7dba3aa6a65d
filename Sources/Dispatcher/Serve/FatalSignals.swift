import Glibc

/// Leaves a mark when a signal of our own making ends the process: so that a trap or an abort is told
/// from a kill from outside. What stood there before (Swift's own, which prints a backtrace) has its
/// turn then.
///
/// A stack that ran over leaves no mark: there is nothing to run on, and a second stack for each
/// thread would have to be made for that alone.
enum FatalSignals {
  private static let numbers = [SIGILL, SIGTRAP, SIGABRT, SIGSEGV, SIGBUS, SIGFPE]

  /// Called again, the mark moves.
  static func watch(mark: UnsafeMutableRawPointer) {
    let isFirst = markPlace == nil
    markPlace = mark
    guard isFirst else { return }
    for number in numbers { sigaction(number, nil, before + Int(number)) }
    var action = sigaction()
    // A handler may only do what is safe in the middle of anything: it stores a byte, calls the one
    // before, and raises the signal once more, which ends the process when it has returned: a handler
    // that expects a faulty instruction to be met again would let a signal that was sent pass.
    action.__sigaction_handler.sa_sigaction = { number, information, context in
      markPlace?.storeBytes(of: UInt8(truncatingIfNeeded: number), as: UInt8.self)
      let old = before + Int(number)
      if old.pointee.sa_flags & CInt(SA_SIGINFO) != 0 {
        old.pointee.__sigaction_handler.sa_sigaction?(number, information, context)
      } else if unsafeBitCast(old.pointee.__sigaction_handler.sa_handler, to: Int.self) > 1 {
        old.pointee.__sigaction_handler.sa_handler?(number)
      }
      signal(number, SIG_DFL)
      raise(number)
    }
    action.sa_flags = CInt(SA_ONSTACK | SA_SIGINFO)
    for number in numbers { sigaction(number, &action, nil) }
  }
}

// Written before the handlers stand, and read by them.
private nonisolated(unsafe) var markPlace: UnsafeMutableRawPointer?
/// By the signal's number.
private nonisolated(unsafe) let before = UnsafeMutablePointer<sigaction>.allocate(capacity: 65)
