import HTTPTypes
import Hummingbird
import Logging

/// What stands behind each route of `RouteTable`.
struct GatewayRoutes: Sendable {
  let services: ServiceSwitch
  let metrics: MetricsSource
  let logger: Logger

  func responder(for listener: Route.Listener) -> any RouteResponder {
    var routes = RouteSet()
    for route in RouteTable.routes(of: listener) { routes.add(route, handler(route.name)) }
    return routes.bridge(logger: logger)
  }

  /// nil: the accept handler answers it itself, and it never comes here.
  private func handler(_ name: Route.Name) -> RouteHandler? {
    let messages = MessageRoutes(services: services)
    let health = HealthRoutes(services: services)
    let log = LogRoutes(services: services)
    return switch name {
    case .enqueueAtRoot, .enqueue: nil
    case .message: { try await messages.read(uuid: $0) }
    case .health: { _ in health.health() }
    case .readiness: { _ in try health.readiness() }
    case .log: { _ in try await log.overview() }
    case .compactionPreview: { _ in try await log.compactionPreview() }
    case .compact: { _ in try await log.compact() }
    case .metrics:
      { [metrics] _ in
        Response(
          status: .ok, headers: [.contentType: MetricsText.contentType],
          body: ResponseBody(byteBuffer: ByteBuffer(string: await metrics.text())))
      }
    }
  }
}

/// Is given what stands for the segment in braces; empty where the path has none.
typealias RouteHandler = @Sendable (String) async throws -> Response

/// A router and the table of its paths, filled together.
private struct RouteSet {
  private let router = Router(context: BasicRequestContext.self)
  private var paths = PathTable()

  mutating func add(_ route: Route, _ handler: RouteHandler?) {
    paths.add(route)
    guard let handler else { return }
    let path = RouterPath(route.path(of: ":parameter"))
    let answer = {
      @Sendable (_: Request, context: BasicRequestContext) async throws -> Response in
      try await handler(context.parameters.get("parameter") ?? "")
    }
    for method in route.method.spoken { router.on(path, method: method, use: answer) }
  }

  func bridge(logger: Logger) -> any RouteResponder {
    RouterBridge(responder: router.buildResponder(), paths: paths, logger: logger)
  }
}

extension Route.Method {
  /// The accept handler leaves the body of an answer to `HEAD` away.
  var spoken: [HTTPRequest.Method] {
    switch self {
    case .get: [.get, .head]
    case .post: [.post]
    }
  }
}
