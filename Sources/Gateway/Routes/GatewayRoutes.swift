import HTTPTypes
import Hummingbird
import Logging

/// The routes of both listeners. `POST /` and `POST /messages` stand in the tables, for `Allow`;
/// they never come here, since the accept handler answers them itself.
struct GatewayRoutes: Sendable {
  let services: ServiceSwitch
  let logger: Logger

  func mainResponder() -> any RouteResponder {
    var routes = RouteSet()
    addCommon(to: &routes)
    return routes.bridge(logger: logger)
  }

  func adminResponder(metrics: MetricsSource) -> any RouteResponder {
    var routes = RouteSet()
    addCommon(to: &routes)
    let log = LogRoutes(services: services)
    routes.add("log", .get) { _ in try await log.overview() }
    routes.add("log/compact", .get) { _ in try await log.compactionPreview() }
    routes.add("log/compact", .post) { _ in try await log.compact() }
    routes.add("metrics", .get) { _ in
      Response(
        status: .ok, headers: [.contentType: MetricsText.contentType],
        body: ResponseBody(byteBuffer: ByteBuffer(string: await metrics.text())))
    }
    return routes.bridge(logger: logger)
  }

  private func addCommon(to routes: inout RouteSet) {
    routes.answeredElsewhere("", .post)
    routes.answeredElsewhere("messages", .post)
    let messages = MessageRoutes(services: services)
    let health = HealthRoutes(services: services)
    routes.add("messages/:uuid", .get) { parameters in
      try await messages.read(uuid: parameters.get("uuid") ?? "")
    }
    routes.add("healthz", .get) { _ in health.health() }
    routes.add("readyz", .get) { _ in try health.readiness() }
  }
}

/// A router and the table of its paths, filled together.
private struct RouteSet {
  private let router = Router(context: BasicRequestContext.self)
  private var paths = PathTable()

  mutating func add(
    _ path: String, _ method: HTTPRequest.Method,
    _ answer: @escaping @Sendable (Parameters) async throws -> Response
  ) {
    paths.add(path, method)
    let routerPath = RouterPath(path)
    router.on(routerPath, method: method) { _, context in try await answer(context.parameters) }
    // The accept handler leaves the body away.
    if method == .get {
      router.on(routerPath, method: .head) { _, context in try await answer(context.parameters) }
    }
  }

  mutating func answeredElsewhere(_ path: String, _ method: HTTPRequest.Method) {
    paths.add(path, method)
  }

  func bridge(logger: Logger) -> any RouteResponder {
    RouterBridge(responder: router.buildResponder(), paths: paths, logger: logger)
  }
}
