import Glibc

/// A thread of the operating system, for what blocks: the writer, the reader and the preparation of
/// segments spend their time in system calls, which no thread of the cooperative pool may do.
package enum RealThread {
  /// Runs `body` once on a new thread that nobody joins. `name` is what `top -H` shows, at most 15
  /// bytes of it; `stackBytes` is the size of its stack, nil for that of the system. Throws the error
  /// number when the system has no thread to give.
  package static func start(
    _ name: String, stackBytes: Int? = nil, _ body: @escaping @Sendable () -> Void
  ) throws(ThreadError) {
    let start = Unmanaged.passRetained(Start(name: String(name.prefix(15)), body: body))
    let code = create(start.toOpaque(), stackBytes: stackBytes)
    guard code == 0 else {
      start.release()
      throw ThreadError(name: name, code: code)
    }
  }

  private static func create(_ argument: UnsafeMutableRawPointer, stackBytes: Int?) -> Int32 {
    var attributes = pthread_attr_t()
    var code = pthread_attr_init(&attributes)
    guard code == 0 else { return code }
    defer { pthread_attr_destroy(&attributes) }
    if let stackBytes { code = pthread_attr_setstacksize(&attributes, stackBytes) }
    guard code == 0 else { return code }
    var thread = pthread_t()
    code = pthread_create(&thread, &attributes, enter, argument)
    if code == 0 { pthread_detach(thread) }
    return code
  }

  private static let enter: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? =
    {
      raw in
      guard let raw else { return nil }
      let start = Unmanaged<Start>.fromOpaque(raw).takeRetainedValue()
      setName(start.name)
      start.body()
      return nil
    }

  /// Through /proc, since Glibc's overlay has neither `pthread_setname_np` nor `prctl`. A thread
  /// without a name does its work as well, so failures are not looked at.
  private static func setName(_ name: String) {
    guard let file = fopen("/proc/thread-self/comm", "we") else { return }
    fputs(name, file)
    fclose(file)
  }

  private final class Start: Sendable {
    let name: String
    let body: @Sendable () -> Void
    init(name: String, body: @escaping @Sendable () -> Void) {
      self.name = name
      self.body = body
    }
  }
}

/// `pthread_create` failed.
package struct ThreadError: Error, Sendable, Equatable, CustomStringConvertible {
  package var name: String
  package var code: Int32
  package var description: String {
    "cannot start the thread \(name): \(String(cString: strerror(code))) (errno \(code))"
  }
}
