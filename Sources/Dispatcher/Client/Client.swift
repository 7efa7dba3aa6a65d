import AsyncHTTPClient
import FoundationEssentials
import NIOCore
import NIOHTTP1

/// What a dispatcher answered to one of our own verbs.
struct ClientAnswer: Sendable {
  var status: Int
  var reason: String
  var body: [UInt8]

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

/// One request to a dispatcher, for the verbs that talk to a running one.
enum Client {
  private static let answerBytesMax = 16 << 20

  /// `base` with `path` behind it; `base` may be written without `http://`.
  static func url(_ base: String, path: String) -> String {
    var url = base.contains("://") ? base : "http://\(base)"
    while url.hasSuffix("/") { url.removeLast() }
    return url + path
  }

  static func request(
    _ method: String, _ url: String, body: [UInt8] = [], headers: [(String, String)] = [],
    timeout: Duration = .seconds(30)
  ) async throws(ClientFailure) -> ClientAnswer {
    var configuration = HTTPClient.Configuration()
    configuration.connectionPool.retryConnectionEstablishment = false
    configuration.redirectConfiguration = .disallow
    configuration.timeout.connect = .seconds(5)
    let client = HTTPClient(
      eventLoopGroupProvider: .singleton, configuration: configuration)
    let result: Result<ClientAnswer, ClientFailure>
    do {
      var request = HTTPClientRequest(url: url)
      request.method = HTTPMethod(rawValue: method)
      request.headers = HTTPHeaders(headers)
      if !body.isEmpty { request.body = .bytes(ByteBuffer(bytes: body)) }
      let response = try await client.execute(
        request, timeout: .milliseconds(timeout.milliseconds))
      let bytes = try await response.body.collect(upTo: answerBytesMax)
      result = .success(
        ClientAnswer(
          status: Int(response.status.code), reason: response.status.reasonPhrase,
          body: Array(bytes.readableBytesView)))
    } catch {
      result = .failure(ClientFailure(reason: ErrorSentence.text(error)))
    }
    // Nothing is in flight any more, so that there is nothing to fail.
    try? await client.shutdown()
    return try result.get()
  }
}
