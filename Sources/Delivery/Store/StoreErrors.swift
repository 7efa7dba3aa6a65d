import SegmentLog

extension StoreError {
  init(_ rejection: LogRejection) {
    self =
      switch rejection {
      case .full: .full(retryAfter: .seconds(1))
      case .diskFull: .diskFull(retryAfter: .seconds(10))
      case .readOnly(let damage): .readOnly(reason: damage.readOnlyReason)
      case .tooLarge: .unavailable(reason: "the message is larger than the log can hold")
      case .unavailable(let reason): .unavailable(reason: reason)
      case .outcomeUnknown: .outcomeUnknown
      }
  }
}

extension String {
  /// What was damaged, and what a person does about it.
  var readOnlyReason: String {
    self + ". Stop the server and see what is lost with `dispatcher repair`; `--accept` goes on "
      + "without it; with `on_damage: continue` the undamaged rest is served as usual"
  }
}

/// Runs what asks the log and says its rejections in the store's words.
func asking<Answer>(
  _ ask: () async throws(LogRejection) -> Answer
) async throws(StoreError) -> Answer {
  do throws(LogRejection) {
    return try await ask()
  } catch {
    throw StoreError(error)
  }
}
