import ArgumentParser

/// Options that are written as in the configuration.
enum Arguments {
  @Sendable static func duration(_ text: String) throws -> Duration {
    guard let duration = DurationText.parse(text) else {
      throw ValidationError("\"\(text)\" is not a time such as 250ms, 10s, 15m or 1h.")
    }
    return duration
  }

  /// `Name: value`.
  @Sendable static func header(_ text: String) throws -> HeaderArgument {
    guard let colon = text.firstIndex(of: ":"), colon != text.startIndex else {
      throw ValidationError("\"\(text)\" is not a header such as \"Content-Type: text/plain\".")
    }
    return HeaderArgument(
      name: String(text[..<colon]), value: text[text.index(after: colon)...].trimmed)
  }
}

struct HeaderArgument: Sendable, Equatable {
  var name: String
  var value: String
}
