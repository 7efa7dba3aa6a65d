/// How large a message may be, and the numbers in it.
package struct EnvelopeLimits: Sendable, Equatable {
  /// Bytes of the decoded `Body` or `BodyBase64` (`max_body`).
  package var maxBodyBytes: Int

  /// The largest `Timeout` (`max_timeout`).
  package var maxTimeoutMs: UInt64

  package init(maxBodyBytes: Int = 1 << 20, maxTimeoutMs: UInt64 = 900_000) {
    self.maxBodyBytes = maxBodyBytes
    self.maxTimeoutMs = maxTimeoutMs
  }

  /// How many bytes of JSON can hold a message of these limits; more is 413 without a look at them.
  ///
  /// Escapes make a body longer: a JSON body in a JSON string is seldom twice its size, and text
  /// beyond ASCII that is escaped throughout is three times. What grows more than that
  /// (control characters, six times) is for `BodyBase64`, which is a third longer.
  package var maxEnvelopeBytes: Int { maxBodyBytes * 3 + 128 * 1024 }

  /// What a delivery's head may be, so that another Dispatcher takes it. Many servers refuse a head
  /// of more than 8 to 64 KiB, and one of more than 100 fields.
  static let head = HeadLimits()
  /// Fields that are added on the way: `Host`, `Content-Length`, `User-Agent`, `webhook-id`,
  /// `webhook-timestamp`, those of Dispatcher, and one or two of a proxy in between.
  static let addedFields = 10
  /// Bytes of these fields; the longest are `Host` and `webhook-id`.
  static let addedBytes = 1024
  /// Lines of the request's head that a message may bring, arrays counted by their elements.
  static let maxHeaders = head.fields - addedFields
  /// Names and values together, with the four bytes that HTTP puts around them.
  static let maxHeaderBytes = head.head - addedBytes
  static let maxMethodBytes = 32
  static let maxUUIDBytes = 128
  /// 10 years of 365 days, for `Delay` and `MaxAge`: above, somebody has mixed up units.
  static let maxWaitMs: UInt64 = 315_360_000_000
  static let maxAttempts = UInt64(UInt32.max)
  static let maxScheduleEntries = 64
  /// 7 days for one entry of `Retry.Schedule`: published webhook schedules go up to a day.
  static let maxScheduleEntryMs: UInt64 = 604_800_000
  /// Of wrong fields in one answer.
  static let maxErrors = 16
}
