import Glibc

/// Reads the configuration from where it stands: the file and the process's environment.
enum ConfigurationFile {
  /// Used when no `--config` is given; it may be missing then.
  static let defaultPath = "config.yml"
  /// Far more than any configuration needs.
  private static let bytesMax = 1 << 20

  /// - Parameter path: what `--config` said; nil = the default, which may be missing.
  static func load(_ path: String?, environment: [String: String]) throws(ConfigurationError)
    -> LoadedConfiguration
  {
    let file = path ?? defaultPath
    guard let text = try read(file, mayBeMissing: path == nil) else {
      return try LoadedConfiguration(file: nil, environment: environment)
    }
    return try LoadedConfiguration(file: (text, file), environment: environment)
  }

  private static func read(_ path: String, mayBeMissing: Bool) throws(ConfigurationError)
    -> String?
  {
    func problem(_ reason: String) -> ConfigurationError {
      ConfigurationError(place: path, key: nil, reason: reason)
    }
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      let code = errno
      if code == ENOENT, mayBeMissing { return nil }
      throw problem(code == ENOENT ? "there is no such file" : String(cString: strerror(code)))
    }
    defer { close(descriptor) }
    var bytes = [UInt8](repeating: 0, count: bytesMax + 1)
    var count = 0
    while count < bytes.count {
      let got = bytes[count...].withUnsafeMutableBytes {
        Glibc.read(descriptor, $0.baseAddress, $0.count)
      }
      if got == 0 { break }
      if got < 0 {
        let code = errno
        if code == EINTR { continue }
        throw problem(code == EISDIR ? "this is a directory" : String(cString: strerror(code)))
      }
      count += got
    }
    guard count <= bytesMax else { throw problem("larger than 1 MiB, which no configuration is") }
    guard let text = String(validating: bytes[..<count], as: UTF8.self) else {
      throw problem("this is not UTF-8 text")
    }
    return text
  }
}
