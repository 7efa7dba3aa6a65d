/// Everything that Dispatcher can be asked for.
package enum RouteTable {
  private static let json = "application/json"

  package static let routes: [Route] = [
    enqueue(.enqueueAtRoot, path: "/"),
    enqueue(.enqueue, path: "/messages"),
    Route(
      name: .message, method: .get, path: "/messages/{UUID}", listeners: [.main, .admin],
      success: .init(status: 200, contentType: json),
      problems: [.invalidUUID, .notFound, .recovering, .unavailable],
      summary: "Where a message is, and what became of it."),
    Route(
      name: .health, method: .get, path: "/healthz", listeners: [.main, .admin], access: .anybody,
      success: .init(status: 200, contentType: json),
      summary: "The process lives, in which state it is, and what is amiss."),
    Route(
      name: .readiness, method: .get, path: "/readyz", listeners: [.main, .admin],
      access: .anybody, success: .init(status: 200, contentType: json),
      problems: [.recovering, .draining, .logDamaged],
      summary: "Whether messages may be sent here now."),
    Route(
      name: .log, method: .get, path: "/log", listeners: [.admin],
      success: .init(status: 200, contentType: json), problems: [.recovering, .unavailable],
      summary: "The log's files, and why each is kept."),
    Route(
      name: .compactionPreview, method: .get, path: "/log/compact", listeners: [.admin],
      success: .init(status: 200, contentType: json), problems: [.recovering, .unavailable],
      summary: "What a compaction would do with each file."),
    Route(
      name: .compact, method: .post, path: "/log/compact", listeners: [.admin],
      success: .init(status: 200, contentType: json), problems: [.recovering, .unavailable],
      summary: "Makes the log as small as what still waits, and tells what was done."),
    Route(
      name: .metrics, method: .get, path: "/metrics", listeners: [.admin],
      success: .init(status: 200, contentType: MetricsText.contentType),
      summary: "All counters and gauges, in the Prometheus text format."),
  ]

  /// What any request may be answered, whatever was asked for: by the reader of HTTP, the gate, the
  /// table of paths, or because something went wrong.
  package static let everywhere: [ProblemType] = [
    .badRequest, .unauthorized, .forbiddenOrigin, .notFound, .methodNotAllowed, .requestTimeout,
    .bodyTooLarge, .misdirectedRequest, .headersTooLarge, .internalError, .overloaded,
    .versionNotSupported,
  ]

  package static func route(_ name: Route.Name) -> Route { routes.first { $0.name == name }! }

  package static func routes(of listener: Route.Listener) -> [Route] {
    routes.filter { $0.listeners.contains(listener) }
  }

  private static let openPaths = Set(routes.filter { $0.access == .anybody }.map(\.path))

  /// Whether a probe may ask for it, without a token and under any name.
  static func isOpen(_ path: String) -> Bool { openPaths.contains(path) }

  private static func enqueue(_ name: Route.Name, path: String) -> Route {
    Route(
      name: name, method: .post, path: path, listeners: [.main, .admin], body: .envelope,
      success: .init(status: 202, contentType: json),
      problems: [
        .invalidEncoding, .notJSON, .invalidMessage, .uuidConflict, .unsupportedMediaType,
        .unsupportedEncoding, .recovering, .draining, .logDamaged, .diskFull, .unavailable,
        .outcomeUnknown,
      ],
      summary: "Stores a message: it is on the disk when this is answered.")
  }
}
