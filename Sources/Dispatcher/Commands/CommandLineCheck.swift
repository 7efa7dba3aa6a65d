/// What is wrong with a command line before it is taken apart.
enum CommandLineCheck {
  /// ArgumentParser would take an unknown verb for an argument of `serve`. nil: it is known, or an
  /// option of `serve`, which needs no verb.
  static func refusal(verb: String, verbs: [String]) -> String? {
    if verb.hasPrefix("-") || verb == "help" || verbs.contains(verb) { return nil }
    return "there is no verb \"\(verb)\"" + Suggestion.sentence(for: verb, among: verbs)
      + "\nThe verbs are: \(verbs.joined(separator: ", ")); see \"dispatcher --help\"."
  }
}
