import Delivery
import Foundation
import Gateway
import Testing

@testable import Dispatcher

/// Reads a configuration from what a test wrote.
private func load(
  _ yaml: String? = nil, environment: [String: String] = [:]
) throws -> Configuration {
  try LoadedConfiguration(file: yaml.map { ($0, "config.yml") }, environment: environment)
    .configuration
}

/// The line that a wrong configuration ends with; nil when it is taken.
private func complaint(
  _ yaml: String? = nil, environment: [String: String] = [:]
) -> String? {
  do {
    _ = try load(yaml, environment: environment)
    return nil
  } catch {
    return "\(error)"
  }
}

@Suite struct ConfigurationTests {
  @Test("config.yml at the top says every key with its default")
  func theFileIsTheDefault() throws {
    let root = URL(fileURLWithPath: #filePath)
      .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let text = try String(contentsOf: root.appendingPathComponent("config.yml"), encoding: .utf8)
    let loaded = try LoadedConfiguration(file: (text, "config.yml"), environment: [:])
    #expect(loaded.configuration == Configuration())
    for key in ConfigurationKey.all where !["admin_token", "token"].contains(key.name) {
      #expect(loaded.place(key.name) != .builtIn, "\(key.name) is missing in config.yml")
    }
    #expect(text.contains("\nadmin_token: ~"))
  }

  @Test("no file, an empty one and keys without values mean the defaults")
  func defaults() throws {
    for yaml in [nil, "", "# nothing\n", "---\n", "worker:\nretry:\nlog: ~\n"] {
      #expect(try load(yaml) == Configuration())
    }
  }

  @Test("every key is read from the file")
  func everyKey() throws {
    let configuration = try load(
      """
      listen: "127.0.0.1:0"
      log: /var/lib/dispatcher
      worker: 1_000
      admin: off
      admin_token: "s3cret"
      token: "t0ken"
      segment_size: 262144
      timeout: 1500
      blocked_addresses: [10.0.0.0/8, "fd00::/8", 10.0.0.0/8]
      max_body: 16MiB
      retry:
        initial: 100ms
        cap: 5m
        max_age: 0
        max_attempts: 7
        permanent: [404, 410, 404]
        conditional: [400]
      require_log: true
      dedup_window: 1h
      dedup_max: 0
      on_damage: continue
      drain_delay: 5s
      stop_timeout: 20s
      idle_timeout: 3m
      log_level: debug
      log_format: json
      """)
    #expect(
      configuration
        == Configuration(
          listen: ListenAddress(host: "127.0.0.1", port: 0), token: "t0ken",
          log: "/var/lib/dispatcher", requireLog: true,
          worker: 1000, admin: nil, adminToken: "s3cret", segmentSize: 262_144,
          timeout: .milliseconds(1500),
          blockedAddresses: [try AddressRange("10.0.0.0/8"), try AddressRange("fd00::/8")],
          maxBody: 16 << 20,
          retry: .init(
            initial: .milliseconds(100), cap: .seconds(300), maxAge: .zero, maxAttempts: 7,
            permanent: [404, 410], conditional: [400]),
          dedupWindow: .seconds(3600), dedupMax: 0, onDamage: .continue, drainDelay: .seconds(5),
          stopTimeout: .seconds(20), idleTimeout: .seconds(180),
          logLevel: .debug, logFormat: .json))
  }

  @Test("what check-config prints is read back as the same, but for the secret")
  func reportIsAFile() throws {
    var loaded = try LoadedConfiguration(
      file: ("retry: {initial: 3s, permanent: []}\nlog: \"a \\\"b\\\" \\\\c\"\n", "config.yml"),
      environment: ["DISPATCHER_WORKER": "3", "DISPATCHER_ADMIN": "off"])
    let text = ConfigurationReport.text(loaded)
    #expect(try load(text) == loaded.configuration)
    #expect(text.contains("worker: 3"))
    #expect(text.contains("# environment variable DISPATCHER_WORKER"))
    #expect(text.contains("# config.yml:1"))
    loaded = try LoadedConfiguration(
      file: nil, environment: ["DISPATCHER_ADMIN_TOKEN": "hunter2"])
    #expect(!ConfigurationReport.text(loaded).contains("hunter2"))
    #expect(ConfigurationReport.text(loaded).contains("admin_token: \"***\""))
  }

  @Test(
    "a wrong file is refused with file, line, key and reason",
    arguments: [
      ("worker: 64\n\nwroker: 3", "config.yml:3: wroker: unknown key; did you mean \"worker\"?"),
      ("Worker: 64", "config.yml:1: Worker: unknown key; did you mean \"worker\"?"),
      ("retry:\n  caap: 1s", "config.yml:2: retry.caap: unknown key; did you mean \"retry.cap\"?"),
      (
        "retry.cap: 1s", "config.yml:1: retry.cap: unknown key; did you mean \"retry: {cap: ...}\"?"
      ),
      (
        "retry.caap: 1",
        "config.yml:1: retry.caap: unknown key; did you mean \"retry: {cap: ...}\"?"
      ),
      (
        "retry: {retry.cap: 1s}",
        "config.yml:1: retry.retry.cap: unknown key; did you mean \"retry: {cap: ...}\"?"
      ),
      (
        "max_age: 1d", "config.yml:1: max_age: unknown key; did you mean \"retry: {max_age: ...}\"?"
      ),
      ("something: 1", "config.yml:1: something: unknown key"),
      ("a: 1\nworker: 1\nworker: 2", "config.yml:2: worker: this key is given more than once"),
      ("\"worker\": 1\nworker: 2", "config.yml:1: worker: this key is given more than once"),
      ("worker: many", "config.yml:1: worker: expected a whole number, found \"many\""),
      ("worker: \"64\"", "config.yml:1: worker: expected a whole number, found \"64\""),
      ("worker: 6.5", "config.yml:1: worker: expected a whole number, found \"6.5\""),
      ("worker: [64]", "config.yml:1: worker: expected a whole number, found a list"),
      ("worker: {a: 1}", "config.yml:1: worker: expected a whole number, found a map"),
      ("worker: 0", "config.yml:1: worker: must be between 1 and 10000, found 0"),
      ("worker: -1", "config.yml:1: worker: must be between 1 and 10000, found -1"),
      (
        "worker: 99999999999999999999",
        "config.yml:1: worker: must be between 1 and 10000, found 99999999999999999999"
      ),
      (
        "\n\nsegment_size: 1KiB",
        "config.yml:3: segment_size: must be between 256KiB and 1GiB, found 1KiB"
      ),
      (
        "segment_size: 64M",
        "config.yml:1: segment_size: expected a size such as 1048576, 256KiB or 64MiB, found \"64M\""
      ),
      ("timeout: 0", "config.yml:1: timeout: must be between 1ms and 15m, found 0"),
      ("timeout: 16m", "config.yml:1: timeout: must be between 1ms and 15m, found 16m"),
      (
        "timeout: soon",
        "config.yml:1: timeout: expected a time such as 250ms, 10s, 15m, 1h or 7d, found \"soon\""
      ),
      ("max_body: 17MiB", "config.yml:1: max_body: must be between 1 and 16MiB, found 17MiB"),
      (
        "retry: 3",
        "config.yml:1: retry: expected a map such as {initial: 2s, cap: 1h}, found \"3\""
      ),
      (
        "retry:\n  initial: 2s\n  cap: 1s",
        "config.yml:3: retry.cap: the longest wait (1s) is shorter than the first one (2s)"
      ),
      (
        "timeout: 20s\nmax_timeout: 15s",
        "config.yml:2: max_timeout: the longest timeout (15s) is shorter than timeout (20s)"
      ),
      (
        "retry:\n  permanent: [200]",
        "config.yml:2: retry.permanent: must be between 300 and 599, found 200"
      ),
      (
        "retry: {permanent: 400}",
        "config.yml:1: retry.permanent: expected a list of statuses, found \"400\""
      ),
      (
        "blocked_addresses: [10.0.0.0/8, 10.1.0.0/8]",
        "config.yml:1: blocked_addresses: the address has bits beyond its first 8; "
          + "10.0.0.0/8 is meant perhaps, found \"10.1.0.0/8\""
      ),
      (
        "blocked_addresses: 10.0.0.0/8",
        "config.yml:1: blocked_addresses: expected a list of ranges such as "
          + "[10.0.0.0/8, \"fd00::/8\"], found \"10.0.0.0/8\""
      ),
      ("log: 5", "config.yml:1: log: expected text, found 5; put it in quotes if it is meant"),
      ("log: yes", "config.yml:1: log: expected text, found yes; put it in quotes if it is meant"),
      ("log: \"\"", "config.yml:1: log: must not be empty"),
      (
        "require_log: yes",
        "config.yml:1: require_log: expected true or false, found \"yes\""
      ),
      (
        "on_damage: ignore",
        "config.yml:1: on_damage: expected one of drain, refuse, continue, found \"ignore\""
      ),
      (
        "listen: 8080",
        "config.yml:1: listen: expected \":PORT\", \"HOST:PORT\" or \"[IPV6]:PORT\", found \"8080\""
      ),
      (
        "listen: \":99999\"",
        "config.yml:1: listen: the port must be a number from 0 to 65535, found \":99999\""
      ),
      (
        "worker: 1\nadmin: \":8081\"",
        "config.yml:2: admin: :8081 can be reached from other machines: this needs an admin_token"
      ),
      (
        "listen: \":8081\"",
        "config.yml:1: listen: listen :8081 and admin 127.0.0.1:8081 want the same port"
      ),
      (
        "admin_token: \"two words\"",
        "config.yml:1: admin_token: must be printable ASCII without spaces"
      ),
      ("- worker", "config.yml:1: expected keys such as \"worker: 64\", found a list"),
      ("worker", "config.yml:1: expected keys such as \"worker: 64\", found \"worker\""),
      ("? [a]\n: 1", "config.yml:1: a key must be a plain word"),
    ])
  func refusals(yaml: String, line: String) {
    #expect(complaint(yaml) == line)
  }

  @Test(
    "what is not YAML is refused in one line that names the place",
    arguments: [
      "worker: 64\nlisten: \":80\n", "a: [", "\tworker: 1", "worker: 1\n log: x", "a: *b",
      "a: 1\n---\nb: 2", "a: \u{1}", String(repeating: "[", count: 5000),
    ])
  func notYAML(yaml: String) throws {
    let line = try #require(complaint(yaml))
    #expect(line.hasPrefix("config.yml"))
    #expect(line.contains("this is not YAML"))
    #expect(!line.contains("\n"))
  }

  @Test("YAML is read as YAML: quotes, escapes, folded lines, anchors, comments, maps over lines")
  func yaml() throws {
    let configuration = try load(
      """
      %YAML 1.1
      ---
      log: "a\\tb \\u00e4\\
        c"  # a comment
      'worker': !!int 7
      timeout: &wait 3s
      retry: {
        initial: *wait, # another one
        permanent:
          [ 404,
            410 ]
        }
      admin_token: >-
        one
      ...
      """)
    #expect(configuration.log == "a\tb äc")
    #expect(configuration.worker == 7)
    #expect(configuration.timeout == .seconds(3))
    #expect(configuration.retry.initial == .seconds(3))
    #expect(configuration.retry.permanent == [404, 410])
    #expect(configuration.adminToken == "one")
  }

  @Test("the address needs no quotes where YAML needs none")
  func unquotedAddress() throws {
    #expect(try load("listen: :80").listen == ListenAddress(host: nil, port: 80))
    #expect(try load("listen: localhost:80").listen == ListenAddress(host: "localhost", port: 80))
    #expect(try load("listen: \"[::1]:80\"").listen == ListenAddress(host: "::1", port: 80))
  }

  @Test("what may be a secret's value is masked, names are not")
  func masking() {
    #expect(Secrets.masked("admin_token=abc") == "admin_token***")
    #expect(Secrets.masked("x ADMIN_TOKEN: abc") == "x ADMIN_TOKEN***")
    #expect(Secrets.masked("tokens: 1, password abc") == "tokens: 1, password***")
    for text in ["admin_token", "admin_tokens", "tokenizer", "worker: 64", ""] {
      #expect(Secrets.masked(text) == text)
    }
    #expect(complaint("admin_token: 12345")?.contains("12345") == false)
  }

  @Test("off the loopback the operator's listener starts with a token")
  func adminWithToken() throws {
    #expect(try load("admin: \":8081\"\nadmin_token: abc").admin?.port == 8081)
    #expect(
      try load("admin: \":8081\"", environment: ["DISPATCHER_ADMIN_TOKEN": "1234"]).adminToken
        == "1234")
  }
}

@Suite struct ConfigurationEnvironmentTests {
  @Test("the environment wins over the file, key by key")
  func environmentWins() throws {
    let configuration = try load(
      "worker: 1\nlog: file\nretry: {initial: 1s, cap: 1m}",
      environment: [
        "DISPATCHER_WORKER": "2", "DISPATCHER_RETRY_CAP": "2m", "DISPATCHER_ADMIN": "off",
        "DISPATCHER_RETRY_PERMANENT": "400, 410", "PATH": "/bin", "DISPATCHERX": "1",
      ])
    #expect(configuration.worker == 2)
    #expect(configuration.log == "file")
    #expect(configuration.retry.initial == .seconds(1))
    #expect(configuration.retry.cap == .seconds(120))
    #expect(configuration.retry.permanent == [400, 410])
    #expect(configuration.admin == nil)
  }

  @Test("every key has its variable")
  func everyKey() throws {
    for key in ConfigurationKey.all {
      #expect(
        complaint(environment: [key.environmentName: "\u{7F} no value of any key \u{7F}"]) != nil
          || key.name == "log", "\(key.environmentName)")
    }
    #expect(ConfigurationKey.named("retry.max_age")?.environmentName == "DISPATCHER_RETRY_MAX_AGE")
  }

  @Test("a map of the environment is written as YAML, and single keys win over it")
  func map() throws {
    let configuration = try load(
      "retry: {initial: 1s, max_attempts: 3}",
      environment: [
        "DISPATCHER_RETRY": "{initial: 3s, cap: 1m, permanent: [410]}",
        "DISPATCHER_RETRY_CAP": "2m",
      ])
    #expect(configuration.retry.initial == .seconds(3))
    #expect(configuration.retry.maxAttempts == 3)
    #expect(configuration.retry.cap == .seconds(120))
    #expect(configuration.retry.permanent == [410])
  }

  @Test("text of the environment needs no quotes")
  func text() throws {
    #expect(try load(environment: ["DISPATCHER_LOG": "2024"]).log == "2024")
    #expect(
      try load(environment: ["DISPATCHER_RETRY_PERMANENT": "[400]"]).retry.permanent == [400])
    for text in ["10.0.0.0/8, fd00::/8", "[10.0.0.0/8, \"fd00::/8\"]"] {
      let blocked = try load(environment: ["DISPATCHER_BLOCKED_ADDRESSES": text]).blockedAddresses
      #expect(blocked.map(\.description) == ["10.0.0.0/8", "fd00::/8"])
    }
  }

  @Test("an empty variable is as good as none")
  func empty() throws {
    let environment = ["DISPATCHER_WORKER": "", "DISPATCHER_RETRY": "", "DISPATCHER_LOG": ""]
    #expect(try load("worker: 5", environment: environment).worker == 5)
  }

  @Test(
    "a wrong variable is refused by name",
    arguments: [
      (
        "DISPATCHER_WORKER", "0",
        "environment variable DISPATCHER_WORKER: worker: must be between 1 and 10000, found 0"
      ),
      (
        "DISPATCHER_WROKER", "1",
        "environment variable DISPATCHER_WROKER: unknown key; did you mean \"DISPATCHER_WORKER\"?"
      ),
      (
        "DISPATCHER_RETRY", "{initial: soon}",
        "environment variable DISPATCHER_RETRY: retry.initial: expected a time such as 250ms, "
          + "10s, 15m, 1h or 7d, found \"soon\""
      ),
      (
        "DISPATCHER_RETRY", "{intial: 1s}",
        "environment variable DISPATCHER_RETRY: retry.intial: unknown key; did you mean "
          + "\"retry.initial\"?"
      ),
      (
        "DISPATCHER_RETRY", "3",
        "environment variable DISPATCHER_RETRY: retry: expected a map such as {initial: 2s, cap: "
          + "1h}, found \"3\""
      ),
      (
        "DISPATCHER_ADMIN", "0.0.0.0:1",
        "environment variable DISPATCHER_ADMIN: admin: 0.0.0.0:1 can be reached from other "
          + "machines: this needs an admin_token"
      ),
    ])
  func refusals(name: String, value: String, line: String) {
    #expect(complaint(environment: [name: value]) == line)
  }

  @Test("a broken map of the environment is refused in one line")
  func brokenMap() throws {
    let line = try #require(complaint(environment: ["DISPATCHER_RETRY": "{initial: 1s"]))
    #expect(line.hasPrefix("environment variable DISPATCHER_RETRY: this is not YAML"))
    #expect(!line.contains("\n"))
  }

  @Test(
    "variables that others set for their own ends are left alone",
    arguments: [
      "DISPATCHER_SERVICE_HOST", "DISPATCHER_SERVICE_PORT_HTTP", "DISPATCHER_PORT",
      "DISPATCHER_PORT_8080_TCP_ADDR", "DISPATCHER_WARNINGS_AS_ERRORS", "DISPATCHER_SEED",
      "DISPATCHER_SEEDS", "DISPATCHER_FUZZ_SECONDS", "DISPATCHER_REQUIRE_FUZZING",
      "DISPATCHER_TEST_SLOW",
    ])
  func notOurs(name: String) {
    #expect(complaint(environment: [name: "x"]) == nil)
  }
}
