import HTTPTypes
import Hummingbird
import Logging
import NIOCore

/// Lets a Hummingbird router answer what the accept handler passes on.
///
/// The router is called as a function, without Hummingbird's server around it: there is one owner
/// of the connection (the accept handler), so order, timeouts and shutdown are decided in one place
/// and an idle connection costs no task.
struct RouterBridge<Responder: HTTPResponder>: RouteResponder
where Responder.Context == BasicRequestContext {
  let responder: Responder
  let paths: PathTable
  let logger: Logger

  func answerToHead(_ head: RequestHead) -> Answer? {
    let allowed = head.path == "*" ? paths.allMethods : paths.methods(of: head.path)
    guard let allowed else { return Self.nothing(at: head.path) }
    if HTTPRequest.Method(head.method).map(allowed.contains) == true, head.method != "OPTIONS" {
      return nil
    }
    let names = allowed.map(\.rawValue).sorted().joined(separator: ", ")
    let fields = [(name: "Allow", value: names)]
    if head.method == "OPTIONS" { return Answer(status: 204, fields: fields) }
    return Answer(
      Problem(.methodNotAllowed, "\(head.path) takes \(names)."), fields: fields)
  }

  private static func nothing(at path: String) -> Answer {
    Answer(Problem(.notFound, "There is nothing at \(shortened(path))."))
  }

  func answer(_ head: RequestHead, body: ByteBuffer, channel: any Channel) async -> Answer {
    guard let method = HTTPRequest.Method(head.method) else { return Self.nothing(at: head.path) }
    do {
      let request = Request(head: httpRequest(head, method), body: RequestBody(buffer: body))
      let source = ApplicationRequestContextSource(channel: channel, logger: logger)
      let context = BasicRequestContext(source: source)
      return try await collect(try await responder.respond(to: request, context: context))
    } catch let problem as Problem {
      return Answer(problem)
    } catch is CancellationError {
      // The client left; nobody reads this.
      return Answer(Problem(.internalError, "The request was cancelled."))
    } catch {
      logger.error(
        "request failed",
        metadata: ["method": "\(method)", "path": "\(head.path)", "error": "\(error)"])
      return Answer(Problem(.internalError, "The request could not be answered."))
    }
  }

  private func httpRequest(_ head: RequestHead, _ method: HTTPRequest.Method) -> HTTPRequest {
    var fields = HTTPFields()
    for field in head.fields() {
      guard let name = HTTPField.Name(field.name) else { continue }
      fields.append(HTTPField(name: name, value: field.value))
    }
    return HTTPRequest(
      method: method, scheme: "http", authority: head.host, path: head.target,
      headerFields: fields)
  }

  private func collect(_ response: Response) async throws -> Answer {
    let collected = BodyCollector()
    try await response.body.write(collected)
    var answer = Answer(status: response.status.code, body: collected.buffer)
    for field in response.headers {
      switch field.name {
      case .contentType: answer.contentType = field.value
      // Said by whoever writes the answer.
      case .contentLength, .date, .connection, .transferEncoding: break
      default: answer.fields.append((field.name.rawName, field.value))
      }
    }
    return answer
  }
}

/// Takes a response body as one buffer: every answer of ours is bounded by what makes it.
private final class BodyCollector: ResponseBodyWriter {
  private(set) var buffer = ByteBuffer()

  func write(_ part: ByteBuffer) async throws {
    buffer.writeImmutableBuffer(part)
  }

  func finish(_ trailingHeaders: HTTPFields?) async throws {}
}

extension Response {
  static func json(_ bytes: [UInt8], status: HTTPResponse.Status = .ok) -> Response {
    Response(
      status: status, headers: [.contentType: "application/json"],
      body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
  }
}
