/// How large a message may be.
package struct EnvelopeLimits: Sendable, Equatable {
  /// Bytes of the decoded `Body` or `BodyBase64` (`max_body`).
  package var maxBodyBytes: Int

  package init(maxBodyBytes: Int = 1 << 20) { self.maxBodyBytes = maxBodyBytes }

  /// How many bytes of JSON can hold a message of these limits; more is 413 without a look at them.
  ///
  /// Escapes make a body longer: a JSON body in a JSON string is seldom twice its size, and text
  /// beyond ASCII that is escaped throughout is three times. What grows more than that
  /// (control characters, six times) is for `BodyBase64`, which is a third longer.
  package var maxEnvelopeBytes: Int { maxBodyBytes * 3 + 128 * 1024 }
}
