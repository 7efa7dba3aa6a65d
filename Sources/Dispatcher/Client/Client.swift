import AsyncHTTPClient
import FoundationEssentials
import Gateway
import NIOCore
import NIOHTTP1

/// What a dispatcher answered to one of our own verbs.
struct ClientAnswer: Sendable {
  var status: Int
  var reason: String
  var body: [UInt8]
  /// Seconds that `Retry-After` asks for (RFC 9110 §10.2.3).
  var retryAfter: Int?

  /// `202 Accepted`.
  var statusLine: String { "\(status) \(reason)" }
  /// The status and, where the body is a problem (RFC 9457), what it says to a person.
  var explanation: String {
    struct Problem: Decodable { var detail: String }
    let problem = try? JSONDecoder().decode(Problem.self, from: Data(body))
    return problem.map { "\(statusLine): \($0.detail)" } ?? statusLine
  }

  /// The body as text, without the line end that may stand behind it.
  var text: String {
    var text = String(decoding: body, as: UTF8.self)
    while text.last?.isNewline == true { text.removeLast() }
    return text
  }
}

/// Why there was no answer, in words.
struct ClientFailure: Error {
  var reason: String
}

/// Requests to a dispatcher, for the verbs that talk to a running one. Its connections are kept for
/// the next request; `shutdown` is called once, when none is in flight.
struct Client: Sendable {
  private static let answerBytesMax = 16 << 20
  private let client: HTTPClient

  init() {
    var configuration = HTTPClient.Configuration()
    configuration.connectionPool.retryConnectionEstablishment = false
    configuration.redirectConfiguration = .disallow
    configuration.timeout.connect = .seconds(5)
    client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
  }

  func shutdown() async { try? await client.shutdown() }

  /// Where a route of the dispatcher at `base` is, which may be written without `http://`.
  static func url(_ base: String, _ route: Route.Name) -> String {
    url(base, path: RouteTable.route(route).path)
  }

  static func url(_ base: String, path: String) -> String {
    var url = base.contains("://") ? base : "http://\(base)"
    while url.hasSuffix("/") { url.removeLast() }
    return url + path
  }

  func request(
    _ method: String, _ url: String, body: [UInt8] = [], headers: [(String, String)] = [],
    timeout: Duration = .seconds(30)
  ) async throws(ClientFailure) -> ClientAnswer {
    do {
      var request = HTTPClientRequest(url: url)
      request.method = HTTPMethod(rawValue: method)
      request.headers = HTTPHeaders(headers)
      if !body.isEmpty { request.body = .bytes(ByteBuffer(bytes: body)) }
      let response = try await client.execute(
        request, timeout: .milliseconds(timeout.milliseconds))
      let bytes = try await response.body.collect(upTo: Self.answerBytesMax)
      return ClientAnswer(
        status: Int(response.status.code), reason: response.status.reasonPhrase,
        body: Array(bytes.readableBytesView),
        retryAfter: response.headers.first(name: "Retry-After").flatMap { Int($0) })
    } catch {
      throw ClientFailure(reason: ErrorSentence.text(error))
    }
  }

  /// One request alone.
  static func request(
    _ method: String, _ url: String, body: [UInt8] = [], headers: [(String, String)] = [],
    timeout: Duration = .seconds(30)
  ) async throws(ClientFailure) -> ClientAnswer {
    let client = Client()
    let result: Result<ClientAnswer, ClientFailure>
    do throws(ClientFailure) {
      result = .success(
        try await client.request(method, url, body: body, headers: headers, timeout: timeout))
    } catch {
      result = .failure(error)
    }
    await client.shutdown()
    return try result.get()
  }
}
