import FoundationEssentials

/// A message as `POST /messages` wants it. Fields that are not given are left out, so that the
/// server's defaults hold.
struct Envelope: Encodable, Equatable {
  private enum CodingKeys: String, CodingKey {
    case uuid = "UUID"
    case url = "Url"
    case method = "Method"
    case body = "Body"
    case bodyBase64 = "BodyBase64"
    case headers = "Header"
    case timeout = "Timeout"
    case delay = "Delay"
  }

  private var uuid: String?
  private var url: String
  private var method: String?
  /// One of the two: bytes that are not UTF-8 can't stand in a JSON string.
  private var body: String?
  private var bodyBase64: String?
  private var headers: [String: [String]]?
  /// Milliseconds.
  private var timeout: Int64?
  private var delay: Int64?

  init(
    url: String, method: String?, headers: [HeaderArgument], body: [UInt8], uuid: String?,
    timeout: Duration?, delay: Duration?
  ) {
    self.uuid = uuid
    self.url = url
    self.method = method
    if let text = String(validating: body, as: UTF8.self) {
      self.body = body.isEmpty ? nil : text
    } else {
      self.bodyBase64 = Data(body).base64EncodedString()
    }
    for header in headers { self.headers = (self.headers ?? [:]).adding(header) }
    self.timeout = timeout?.milliseconds
    self.delay = delay?.milliseconds
  }

  func json() throws -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.withoutEscapingSlashes, .sortedKeys]
    return Array(try encoder.encode(self))
  }
}

extension [String: [String]] {
  /// A name that is there already in any case gets one more value.
  fileprivate func adding(_ header: HeaderArgument) -> Self {
    var result = self
    let known = keys.first { $0.lowercased() == header.name.lowercased() }
    result[known ?? header.name, default: []].append(header.value)
    return result
  }
}
