import Foundation
import Testing

/// The scripts that run the tests, among stand-ins for what they call. Each stand-in notes how it
/// was called.
@Suite struct TestStagesTests {
  private let folder: TemporaryDirectory

  init() throws {
    folder = try TemporaryDirectory()
    for script in [
      "Tools/setup", "Tools/check-layers", "Tools/package", "Tools/power-cut/run",
      "Tools/engine-tests/run", "Tools/fuzz/run", "bin/swift",
    ] {
      try write(
        """
        #!/bin/bash
        asked=$DISPATCHER_SEEDS$DISPATCHER_DIRECTORIES
        echo "\(script) $*${asked:+ of $asked}" >>"\(folder.path)/calls"
        """, to: script)
    }
    try copy("Tools/test")
  }

  private func write(_ text: String, to file: String) throws {
    try folder.write(text + "\n", to: file)
    try FileManager.default.setAttributes(
      [.posixPermissions: 0o755], ofItemAtPath: "\(folder.path)/\(file)")
  }

  private func copy(_ script: String) throws {
    try write(String(contentsOfFile: Repository.path(script), encoding: .utf8), to: script)
  }

  private func run(_ script: String, _ arguments: [String], _ variables: [String] = []) throws
    -> Program.Result
  {
    let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
    return try Program.run(
      "/usr/bin/env",
      ["-u", "DISPATCHER_SEEDS", "-u", "DISPATCHER_DIRECTORIES", "PATH=\(folder.path)/bin:\(path)"]
        + variables
        + ["\(folder.path)/\(script)"] + arguments)
  }

  /// What was called with what, setup aside.
  private func calls() -> [Substring] {
    let text = try? String(contentsOfFile: "\(folder.path)/calls", encoding: .utf8)
    return (text ?? "").split(separator: "\n").filter { !$0.hasPrefix("Tools/setup") }
  }

  private func stages(_ result: Program.Result) -> [Substring] {
    let lines = result.errors.split(separator: "\n")
    guard let start = lines.firstIndex(of: "== summary") else { return [] }
    return lines[(start + 1)...].compactMap { $0.split(separator: " ").first }
  }

  @Test("without arguments it runs what needs no other build than the debug one")
  func quick() throws {
    let result = try run("Tools/test", [])
    #expect(result.status == 0, "\(result.errors)")
    #expect(
      stages(result) == ["format", "layers", "build", "units", "engine", "end-to-end"])
    #expect(
      calls().allSatisfy { $0.hasPrefix("bin/swift") || $0.hasPrefix("Tools/check-layers") })
  }

  @Test("\"all\" runs every stage, and builds once for each sanitizer")
  func all() throws {
    let result = try run("Tools/test", ["all"])
    #expect(result.status == 0, "\(result.errors)")
    #expect(
      stages(result) == [
        "format", "layers", "build", "units", "engine", "end-to-end", "power-cut", "builds",
        "package", "seeds", "directories", "exhaustive", "fuzz", "address", "thread",
      ])
    for kind in ["address", "thread"] {
      let ofKind = calls().filter { $0.hasPrefix("Tools/engine-tests/run \(kind)") }
      #expect(ofKind.count == 2)
      #expect(ofKind.first == "Tools/engine-tests/run \(kind) --build-only")
    }
    #expect(calls().contains("Tools/fuzz/run all 480"))
    #expect(calls().contains("Tools/package --check"))
  }

  @Test("a stage that fails keeps none of the others from running, and is the exit code")
  func failure() throws {
    try write("#!/bin/bash\nexit 3", to: "Tools/engine-tests/run")
    let result = try run("Tools/test", ["seeds", "fuzz"])
    #expect(result.status == 1)
    #expect(stages(result) == ["seeds", "fuzz"])
    #expect(result.errors.contains("seeds        FAILED"))
    #expect(result.errors.contains("fuzz         passed"))
  }

  @Test("what failed in a stage is said once more before the summary")
  func failureIsRepeated() throws {
    try write(
      """
      #!/bin/bash
      echo '✔ Test "one" passed'; echo '✘ Test "two" failed'; seq 1000; exit 1
      """, to: "Tools/engine-tests/run")
    try write("#!/bin/bash\necho 'it broke' >&2; exit 1", to: "Tools/fuzz/run")
    let result = try run("Tools/test", ["seeds", "fuzz"])
    let end = try #require(result.errors.range(of: "== what failed in seeds"))
    let lines = result.errors[end.upperBound...].split(separator: "\n")
    #expect(
      lines.prefix(4) == [
        "✘ Test \"two\" failed", "== what failed in fuzz", "it broke", "== summary",
      ])
    #expect(result.output.contains("✔ Test \"one\" passed"))
  }

  @Test("a stage that does not exist is refused before anything runs")
  func unknown() throws {
    let result = try run("Tools/test", ["format", "engines"])
    #expect(result.status == 64)
    #expect(result.errors.contains("there is no stage \"engines\""))
    #expect(calls().isEmpty)
  }

  @Test(
    "a run has seeds and directories of its own behind the first ones, printed with the command",
    arguments: [("seeds", "DISPATCHER_SEEDS"), ("directories", "DISPATCHER_DIRECTORIES")])
  func seeds(stage: String, variable: String) throws {
    let result = try run("Tools/test", [stage])
    let called = calls().compactMap { $0.split(separator: " of ").last }
    #expect(called.count == 2)
    #expect(called.first == "20000")
    let range = try #require(called.last)
    let ends = range.split(separator: "-").compactMap { UInt64($0) }
    #expect(ends.count == 2 && ends[0] > 1_000_000_000 && ends[0] < ends[1], "\(range)")
    #expect(result.errors.contains("\(variable)=\(range) Tools/test \(stage)"))
  }

  @Test("what a seed finds that nobody tried before is said, and fails no run")
  func otherSeeds() throws {
    try write(
      "#!/bin/bash\n[[ $DISPATCHER_SEEDS == 20000 ]]", to: "Tools/engine-tests/run")
    let result = try run("Tools/test", ["seeds"])
    #expect(result.status == 0)
    #expect(result.errors.contains("seeds: ONE THAT NOBODY TRIED BEFORE FAILED"))
  }

  @Test("the seeds that are asked for are those of that stage, and of no other")
  func askedSeeds() throws {
    _ = try run("Tools/test", ["engine", "seeds"], ["DISPATCHER_SEEDS=7-9"])
    #expect(calls().filter { $0.hasSuffix("of 7-9") }.count == 1)
    #expect(
      calls().last == "Tools/engine-tests/run optimised --filter RandomCrashTests of 7-9")
    _ = try run("Tools/test", ["engine", "directories"], ["DISPATCHER_DIRECTORIES=5-6"])
    #expect(
      calls().last == "Tools/engine-tests/run optimised --filter RandomDirectoryTests of 5-6")
  }

  @Test("all fuzz targets together take the seconds that one budget allows")
  func fuzzBudget() throws {
    try copy("Tools/fuzz/run")
    try write("#!/bin/bash\necho '\"runtimeResourcePath\": \"\(folder.path)\"'", to: "bin/swiftc")
    try folder.write("", to: "clang/lib/libclang_rt.fuzzer_no_main.a")
    try write(
      "#!/bin/bash\nfor word; do echo \"$word\"; done >\"\(folder.path)/fuzzed-$FUZZ_TARGET\"",
      to: ".build/fuzz/release/fuzz")
    let result = try run("Tools/fuzz/run", ["all", "100"])
    #expect(result.status == 0, "\(result.errors)")
    let files = try FileManager.default.contentsOfDirectory(atPath: folder.path)
      .filter { $0.hasPrefix("fuzzed-") }
    let seconds = try files.map { file in
      let words = try String(contentsOfFile: "\(folder.path)/\(file)", encoding: .utf8)
      let option = words.split(separator: "\n").first { $0.hasPrefix("-max_total_time=") }
      return try #require(option.flatMap { Int($0.dropFirst("-max_total_time=".count)) })
    }
    #expect(files.count >= 8)
    #expect((100..<100 + files.count).contains(seconds.reduce(0, +)), "\(seconds)")
  }
}
