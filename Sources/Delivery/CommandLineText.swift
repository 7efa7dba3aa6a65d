import Glibc

/// The arguments of the process as they were given. Swift's own list has replaced what is not UTF-8,
/// and a program would do something else than it was told.
package enum CommandLineText {
  /// Why the arguments can't be taken; nil when they can.
  package static var refusal: String? {
    for index in 1..<max(1, Int(CommandLine.argc)) {
      guard let argument = CommandLine.unsafeArgv[index] else { continue }
      let bytes = UnsafeRawBufferPointer(start: argument, count: strlen(argument))
      if !isText(bytes) { return "argument \(index) is not UTF-8 text" }
    }
    return nil
  }

  static func isText(_ bytes: UnsafeRawBufferPointer) -> Bool {
    String(validating: bytes, as: UTF8.self) != nil
  }
}
