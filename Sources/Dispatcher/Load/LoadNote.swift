import FoundationEssentials
import Glibc
import NIOPosix

/// `FILE.progress`: how far the load of FILE is, so that the same command goes on after an
/// interruption. It stands beside the file while that is being loaded, and goes when it is.
struct LoadNote {
  private struct Contents: Codable {
    var to: String
    var position: LoadPosition
  }

  let path: String
  let to: String

  init(for file: String, to: String) {
    path = file + ".progress"
    self.to = to
  }

  /// nil: nothing was begun.
  /// - Throws: that it can't be read, or belongs to a load to somewhere else.
  func read() throws(LoadFailure) -> LoadPosition? {
    guard FileManager.default.fileExists(atPath: path) else { return nil }
    guard let data = FileManager.default.contents(atPath: path),
      let contents = try? JSONDecoder().decode(Contents.self, from: data),
      contents.position.bytes >= 0, contents.position.lines >= 0
    else {
      throw LoadFailure(
        "\(path) can't be read: it tells how far a load was; remove it to begin anew", .input)
    }
    if contents.position.bytes == 0 { return nil }
    guard contents.to == to else {
      throw LoadFailure(
        "\(path) tells of a load to \(contents.to): end that one, or remove it to begin anew",
        .input)
    }
    return contents.position
  }

  /// - Returns: nil, or why it can't be kept.
  func write(_ position: LoadPosition) async -> String? {
    guard let data = try? JSONEncoder().encode(Contents(to: to, position: position)) else {
      return nil
    }
    let result = try? await NIOThreadPool.singleton.runIfActive { replace(with: Array(data)) }
    return result ?? nil
  }

  func remove() { unlink(path) }

  /// Its old contents stand until the new ones are whole.
  private func replace(with bytes: [UInt8]) -> String? {
    let temporary = path + ".tmp"
    let file = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard file >= 0 else { return String(cString: strerror(errno)) }
    let count = bytes.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
    let code = count == bytes.count ? 0 : errno
    close(file)
    guard code == 0, rename(temporary, path) == 0 else { return String(cString: strerror(errno)) }
    return nil
  }
}
