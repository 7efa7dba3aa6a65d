import HTTPTypes

/// Which paths there are and what may be done on them: asked before the router, so that a path
/// without a route is told apart from a route without the method.
struct PathTable: Sendable {
  private struct Entry: Sendable {
    /// nil: any one segment.
    let segments: [String?]
    var methods: [HTTPRequest.Method]
  }

  private var entries: [Entry] = []

  mutating func add(_ route: Route) {
    let segments = route.path.split(separator: "/").map { $0.hasPrefix("{") ? nil : String($0) }
    let methods = route.method.spoken
    if let known = entries.firstIndex(where: { $0.segments == segments }) {
      entries[known].methods += methods
    } else {
      // What there is to do may be asked everywhere.
      entries.append(Entry(segments: segments, methods: methods + [.options]))
    }
  }

  /// What can be done on some path: the answer to `OPTIONS *`.
  var allMethods: [HTTPRequest.Method] { Array(Set(entries.flatMap(\.methods))) }

  /// nil: there is no such path.
  func methods(of path: String) -> [HTTPRequest.Method]? {
    guard path.first == "/" else { return nil }
    // Empty segments (`//`, a slash at the end) are not dropped: what is another path elsewhere is
    // another path here.
    let segments =
      path == "/" ? [] : path.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
    return entries.first { entry in
      entry.segments.count == segments.count
        && zip(entry.segments, segments).allSatisfy { known, given in
          known.map { $0 == given } ?? !given.isEmpty
        }
    }?.methods
  }
}
