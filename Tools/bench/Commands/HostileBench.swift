import ArgumentParser
import Delivery
import Gateway

/// What it costs an event loop to read envelopes that were made to be slow.
struct HostileBench: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "hostile",
    abstract: "Reading envelopes that were made to be slow: nanoseconds per byte.",
    discussion: """
      Each shape is read at a quarter of the size and at the full size, on one thread, best of the \
      rounds. A growth of 1 is linear; the last line names the worst.
      """)

  @Option(help: "Bytes of the envelopes; 3 MiB and a bit is what the default max_body takes.")
  var bytes = 3 << 20
  @Option(help: "Rounds; the quickest counts.") var rounds = 5

  func run() async throws {
    let widths = [36, 12, 12, 12, 8]
    print(row(["shape", "answer", "ns/byte 1/4", "ns/byte", "growth"], widths: widths))
    var worst = (name: "", cost: 0.0)
    for shape in HostileEnvelopes.shapes {
      let quarter = cost(of: shape.bytes(bytes / 4))
      let whole = cost(of: shape.bytes(bytes))
      if whole.nanoseconds > worst.cost { worst = (shape.name, whole.nanoseconds) }
      print(
        row(
          [
            shape.name, whole.answer, fixed(quarter.nanoseconds, 3), fixed(whole.nanoseconds, 3),
            fixed(whole.nanoseconds / quarter.nanoseconds),
          ], widths: widths))
    }
    print(
      "worst: \(worst.name), \(fixed(worst.cost * Double(bytes) / 1e6, 1)) ms for \(bytes) bytes")
  }

  private func cost(of envelope: [UInt8]) -> (answer: String, nanoseconds: Double) {
    let reader = EnvelopeReader()
    var random = SystemRandomNumberGenerator()
    var answer = ""
    var best = Duration.seconds(3600)
    for _ in 0..<max(rounds, 1) {
      best = min(
        best,
        ContinuousClock().measure {
          envelope.withUnsafeBytes { bytes in
            do throws(Problem) {
              _ = try reader.read(bytes, idempotencyKey: nil, now: 0, random: &random)
              answer = "taken"
            } catch {
              answer = "\(error.status)"
            }
          }
        })
    }
    return (answer, best / .nanoseconds(1) / Double(envelope.count))
  }
}
