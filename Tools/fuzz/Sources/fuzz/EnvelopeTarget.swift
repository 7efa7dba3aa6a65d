import Delivery
import Gateway

/// A posted envelope. Whatever is accepted comes back the same out of the log's payload, and
/// whatever is refused is refused with a sentence.
enum EnvelopeTarget {
  private static let reader = EnvelopeReader(limits: EnvelopeLimits(maxBodyBytes: 4096))

  static func run(_ bytes: UnsafeRawBufferPointer) {
    var random = SystemRandomNumberGenerator()
    do throws(Problem) {
      let message = try reader.read(
        bytes, idempotencyKey: nil, now: 1_764_000_000_000, random: &random)
      guard
        let again = try? MessagePayload.decode(
          MessagePayload.encode(message), uuid: message.uuid, origin: message.origin,
          start: message.start, maxAgeMs: message.limits.maxAgeMs,
          maxAttempts: message.limits.maxAttempts)
      else { preconditionFailure("an accepted message can't be read from its payload") }
      precondition(again == message && again.contentHash == message.contentHash)
    } catch {
      precondition(!error.detail.isEmpty)
    }
  }
}
