import Delivery

/// What is wrong with a command line before it is taken apart.
enum CommandLineCheck {
  /// nil: nothing. `arguments` with the program's name.
  static func refusal(_ arguments: [String], verbs: [String]) -> String? {
    if let refusal = CommandLineText.refusal { return refusal }
    return arguments.count > 1 ? refusal(verb: arguments[1], verbs: verbs) : nil
  }

  /// ArgumentParser would take an unknown verb for an argument of `serve`. nil: it is known, or an
  /// option of `serve`, which needs no verb.
  static func refusal(verb: String, verbs: [String]) -> String? {
    if verb.hasPrefix("-") || verb == "help" || verbs.contains(verb) { return nil }
    return "there is no verb \"\(verb)\"" + Suggestion.sentence(for: verb, among: verbs)
      + "\nThe verbs are: \(verbs.joined(separator: ", ")); see \"dispatcher --help\"."
  }
}
