import Foundation
import Testing

/// A directory of its own, removed at the end.
final class TemporaryDirectory: Sendable {
  let path: String
  init() throws {
    var template = Array((NSTemporaryDirectory() + "segment-log-XXXXXX").utf8CString)
    path = try #require(mkdtemp(&template).map { String(cString: $0) })
  }
  deinit { try? FileManager.default.removeItem(atPath: path) }
}
