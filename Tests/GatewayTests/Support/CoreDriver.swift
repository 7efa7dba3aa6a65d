import NIOCore

@testable import Gateway

/// Drives a `ConnectionCore` over bytes in pieces and notes what it makes of them.
struct CoreDriver {
  struct Seen: Equatable {
    var method: String
    var target: String
    var fields: [String]
    var body: [UInt8]
  }

  struct Outcome: Equatable {
    var requests: [Seen] = []
    /// Status of the refusal that ended the connection.
    var refusal: Int?
  }

  /// Answers every request at once; `cuts` are the lengths of the pieces, the rest comes last.
  static func run(_ bytes: [UInt8], cuts: [Int] = [], bodyMax: Int = 1 << 20) -> Outcome {
    var core = ConnectionCore(limits: ConnectionLimits(), bodyMax: bodyMax, now: .distantPast)
    var outcome = Outcome()
    var rest = bytes[...]
    for cut in cuts + [bytes.count] {
      let piece = rest.prefix(cut)
      rest = rest.dropFirst(cut)
      var buffer = ByteBuffer(bytes: piece)
      core.receive(&buffer, now: .distantPast)
      if !perform(&core, &outcome) { break }
    }
    return outcome
  }

  private static func perform(_ core: inout ConnectionCore, _ outcome: inout Outcome) -> Bool {
    while true {
      switch core.step(now: .distantPast) {
      case .wait: return true
      case .sayContinue, .judge: continue
      case .close: return false
      case .refuse(let problem, _):
        outcome.refusal = problem.status
        return false
      case .serve(let head, let body):
        outcome.requests.append(
          Seen(
            method: head.method, target: head.target,
            fields: head.fields().map { "\($0.name): \($0.value)" }, body: Array(buffer: body)))
        core.answered(keepAlive: head.keepAlive, now: .distantPast)
      }
    }
  }
}
