import Delivery
import Hummingbird

/// `GET /messages/{UUID}`: where is my message?
struct MessageRoutes: Sendable {
  let services: ServiceSwitch

  func read(uuid: String) async throws -> Response {
    try checkForm(uuid)
    guard let backend = services.current.backend else { throw EnqueueRules.recovering }
    let found: MessageStatus?
    do {
      found = try await backend.store.lookup(uuid: uuid)
    } catch {
      throw EnqueueRules.problem(error)
    }
    guard var status = found else {
      throw Problem(.notFound, "No message with the UUID \(uuid) is known.")
    }
    if status.isUnreadable {
      // No attempt is made, whatever its destination does.
    } else if Self.mayBeInFlight(status.state), backend.probe.isInFlight(status.ref) {
      status.state = .inflight
    } else if Self.waitsForItsDestination(status.state), let url = status.url,
      let origin = try? Origin(url: url),
      let nextCallMs = backend.probe.nextCallMs(to: origin, path: PathKey.of(url))
    {
      status.nextAttemptAtMs = max(status.nextAttemptAtMs ?? 0, nextCallMs)
    }
    return .json(Self.json(status))
  }

  private func checkForm(_ uuid: String) throws(Problem) {
    let isAllowed: (UInt8) -> Bool = { byte in
      ASCII.isDigit(byte) || (byte | 0x20) &- UInt8(ascii: "a") < 26 || byte == UInt8(ascii: "_")
        || byte == UInt8(ascii: "-")
    }
    guard (1...128).contains(uuid.utf8.count), uuid.utf8.allSatisfy(isAllowed) else {
      throw Problem(
        .invalidUUID, "A UUID is 1 to 128 characters, each a letter, a digit, '_' or '-'.")
    }
  }

  private static func mayBeInFlight(_ state: MessageStatus.State) -> Bool {
    switch state {
    case .scheduled, .ready, .retrying, .inflight: true
    case .delivered, .dead, .cancelled: false
    }
  }

  private static func waitsForItsDestination(_ state: MessageStatus.State) -> Bool {
    switch state {
    case .scheduled, .ready, .retrying: true
    case .inflight, .delivered, .dead, .cancelled: false
    }
  }

  /// What is not known, or has not happened, is null.
  static func json(_ status: MessageStatus) -> [UInt8] {
    var json = JSONWriter()
    json.object { json in
      json.field("UUID", status.uuid)
      json.field("State", status.state.rawValue)
      json.field("Url", status.url)
      json.field("Method", status.method)
      json.field("Attempts", UInt64(status.attempts))
      json.field("LastStatus", status.lastStatus == 0 ? nil : UInt64(status.lastStatus))
      json.field("LastError", status.lastError.isEmpty ? nil : status.lastError)
      json.field("NextAttemptAt", status.nextAttemptAtMs.map(Timestamps.rfc3339))
      json.field(
        "AcceptedAt",
        status.acceptedAtMs == 0 ? nil : Timestamps.rfc3339(unixMs: status.acceptedAtMs))
      if status.isUnreadable { json.field("Unreadable", true) }
    }
    return json.bytes
  }
}
