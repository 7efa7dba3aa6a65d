import Testing

@testable import Gateway

@Suite("The table of routes", .timeLimit(.minutes(5)))
struct RouteTableTests {
  /// A request to it that is well formed.
  private func request(_ route: Route, fields: String = "") -> String {
    let path = route.path(of: "m-1")
    switch route.body {
    case .envelope:
      return post(
        envelope("m-1"), path: path, fields: "Content-Type: application/json\r\n\(fields)")
    case .none:
      return get(path, fields: fields, method: route.method.rawValue)
    }
  }

  @Test("every name stands in it once, and no path is two routes for one method")
  func names() {
    #expect(
      RouteTable.routes.map(\.name).sorted { $0.rawValue < $1.rawValue }
        == Route.Name.allCases.sorted { $0.rawValue < $1.rawValue })
    let asked = RouteTable.routes.map { "\($0.method.rawValue) \($0.path)" }
    #expect(Set(asked).count == asked.count)
  }

  @Test(
    "what stands in it is answered as it says, on its listeners and on no other",
    arguments: Route.Name.allCases)
  func answered(name: Route.Name) async throws {
    let route = RouteTable.route(name)
    for listener in Route.Listener.allCases {
      try await World.run { world in
        let answer = try #require(
          try await world.talk(request(route), admin: listener == .admin).first)
        guard route.listeners.contains(listener) else {
          #expect(answer.status == 404)
          return
        }
        let statuses = [route.success.status] + route.problems.map(\.status)
        #expect(statuses.contains(answer.status), "\(answer)")
        if answer.status == route.success.status {
          #expect(answer.field("Content-Type") == route.success.contentType)
        }
        let options = try #require(
          try await world.talk(
            get(route.path(of: "m-1"), method: "OPTIONS"), admin: listener == .admin
          ).first)
        #expect(options.field("Allow")?.contains(route.method.rawValue) == true)
      }
    }
  }

  @Test(
    "those that anybody may ask need no token, and all others do", arguments: Route.Name.allCases)
  func tokens(name: Route.Name) async throws {
    let route = RouteTable.route(name)
    try await World.run(token: "t", adminToken: "t") { world in
      for listener in route.listeners {
        for isGiven in [false, true] {
          let fields = isGiven ? "Authorization: Bearer t\r\n" : ""
          let answer = try #require(
            try await world.talk(request(route, fields: fields), admin: listener == .admin).first)
          #expect((answer.status == 401) == (route.access == .token && !isGiven), "\(answer)")
        }
      }
    }
  }

  @Test("a problem that any request may get stands in no route")
  func problems() {
    for route in RouteTable.routes {
      for problem in route.problems where problem != .notFound {
        #expect(!RouteTable.everywhere.contains(problem), "\(route.path): \(problem.name)")
      }
    }
  }
}
