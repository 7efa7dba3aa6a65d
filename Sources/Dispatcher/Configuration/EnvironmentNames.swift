/// Which variables of the environment are meant for the configuration.
enum EnvironmentNames {
  /// A variable that begins with our prefix and is no key stops the start, since a misspelt limit
  /// that is silently not applied is worse than a process that doesn't start. Not meant are:
  /// - variables of the tools and tests: `DISPATCHER_TEST_…`, `DISPATCHER_BENCH_…`, and `tools`;
  /// - what Kubernetes sets in every container beside a service that is called `dispatcher`
  ///   (`DISPATCHER_SERVICE_HOST`, `DISPATCHER_PORT_8080_TCP_ADDR` …);
  /// - the map of a group, which is read on its own.
  static func isOurs(_ name: String) -> Bool {
    guard name.hasPrefix(ConfigurationKey.environmentPrefix) else { return false }
    let rest = name.dropFirst(ConfigurationKey.environmentPrefix.count)
    if tools.contains(rest) { return false }
    if rest.hasPrefix("TEST_") || rest.hasPrefix("BENCH_") { return false }
    if ConfigurationKey.groups.contains(rest.lowercased()) { return false }
    return !isServiceLink(rest)
  }

  private static let tools: Set<Substring> = [
    "SEED", "SEEDS", "FUZZ_SECONDS", "REQUIRE_FUZZING", "WARNINGS_AS_ERRORS", "WRITE_GOLDEN",
  ]

  /// The names of https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables
  /// without the service's own.
  private static func isServiceLink(_ rest: Substring) -> Bool {
    rest == "PORT" || rest == "SERVICE_HOST" || rest == "SERVICE_PORT"
      || rest.hasPrefix("SERVICE_PORT_")
      || (rest.hasPrefix("PORT_") && rest.dropFirst(5).first?.isASCIIDigit == true)
  }
}
