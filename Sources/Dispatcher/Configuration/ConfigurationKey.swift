import Logging

/// A key of `config.yml`: its name, where its value goes, and what the value may be. This table is
/// the only list of keys; reading, the environment and `check-config` all go through it.
struct ConfigurationKey: Sendable {
  /// As in the file, nested keys with a dot: `retry.max_age`.
  let name: String
  let apply: @Sendable (ConfigurationValue, inout Configuration) throws(ValueRefusal) -> Void
  /// The value as YAML, secrets hidden.
  let show: @Sendable (Configuration) -> String

  /// `DISPATCHER_RETRY_MAX_AGE`.
  var environmentName: String {
    Self.environmentPrefix + name.uppercased().replacing(".", with: "_")
  }

  static let environmentPrefix = "DISPATCHER_"

  /// Maps whose entries are keys of their own.
  static let groups = ["retry"]
  /// Those that take several values, also as `[…]` in the environment.
  static let lists: Set = ["retry.permanent", "retry.conditional", "blocked_addresses"]

  static let all: [ConfigurationKey] = [
    ConfigurationKey("listen", \.listen, .address),
    ConfigurationKey("log", \.log, .text),
    ConfigurationKey("require_log", \.requireLog, .truth),
    ConfigurationKey("token", \.token, .secret),
    ConfigurationKey("worker", \.worker, .integer(1...10_000)),
    ConfigurationKey("admin", \.admin, .addressOrOff),
    ConfigurationKey("admin_token", \.adminToken, .secret),
    // A segment is filled with zeros ahead and scanned as a whole: a gigabyte is still handy.
    ConfigurationKey("segment_size", \.segmentSize, .size(256 << 10...1 << 30)),
    ConfigurationKey("timeout", \.timeout, .duration(.milliseconds(1)...minutes(15))),
    ConfigurationKey("max_timeout", \.maxTimeout, .duration(.milliseconds(1)...minutes(15))),
    ConfigurationKey("blocked_addresses", \.blockedAddresses, .addressRanges),
    ConfigurationKey("max_body", \.maxBody, .size(1...16 << 20)),
    ConfigurationKey("retry.initial", \.retry.initial, .duration(.milliseconds(1)...days(1))),
    ConfigurationKey("retry.cap", \.retry.cap, .duration(.milliseconds(1)...days(30))),
    ConfigurationKey("retry.max_age", \.retry.maxAge, .duration(.zero...days(3650))),
    ConfigurationKey("retry.max_attempts", \.retry.maxAttempts, .integer(0...1_000_000)),
    ConfigurationKey("retry.permanent", \.retry.permanent, .statuses),
    ConfigurationKey("retry.conditional", \.retry.conditional, .statuses),
    ConfigurationKey("dedup_window", \.dedupWindow, .duration(.zero...days(365))),
    // 16 bytes of memory each.
    ConfigurationKey("dedup_max", \.dedupMax, .integer(0...1_000_000_000)),
    ConfigurationKey("on_damage", \.onDamage, .word),
    ConfigurationKey("verify_every", \.verifyEvery, .duration(.zero...days(365))),
    ConfigurationKey("drain_delay", \.drainDelay, .duration(.zero...minutes(10))),
    ConfigurationKey("stop_timeout", \.stopTimeout, .duration(.seconds(1)...minutes(15))),
    ConfigurationKey("idle_timeout", \.idleTimeout, .duration(.seconds(1)...minutes(60))),
    ConfigurationKey("log_level", \.logLevel, .word),
    ConfigurationKey("log_format", \.logFormat, .word),
  ]

  static func named(_ name: String) -> ConfigurationKey? { all.first { $0.name == name } }

  private init<Value>(
    _ name: String, _ path: any WritableKeyPath<Configuration, Value> & Sendable,
    _ form: ValueForm<Value>
  ) {
    self.name = name
    apply = { value, configuration throws(ValueRefusal) in
      configuration[keyPath: path] = try form.read(value)
    }
    show = { form.show($0[keyPath: path]) }
  }
}

private func minutes(_ count: Int) -> Duration { .seconds(count * 60) }
private func days(_ count: Int) -> Duration { .seconds(count * 86_400) }
