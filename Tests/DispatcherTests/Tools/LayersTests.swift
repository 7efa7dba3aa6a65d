import Testing

@Suite struct LayersTests {
  private static let script = Repository.path("Tools/check-layers")

  @Test("every target of this repository imports only what lies below it")
  func thisRepository() throws {
    let result = try Program.run(Self.script)
    #expect(result.status == 0, "\(result.errors)")
  }

  @Test(
    "an import that points up or sideways, or is too large, is found, however it is written",
    arguments: [
      ("Sources/SegmentLog/A.swift", "import Delivery"),
      ("Sources/SegmentLog/Deep/Er/A.swift", "package import Delivery"),
      ("Sources/SegmentLog/A.swift", "@testable import Gateway"),
      ("Sources/SegmentLog/A.swift", "  import struct Foundation.Data"),
      ("Sources/SegmentLog/A.swift", "@preconcurrency public import NIOCore"),
      ("Sources/Delivery/A.swift", "@_spi(Secret) import Gateway"),
      ("Sources/Delivery/A.swift", "import Dispatcher"),
      ("Sources/Delivery/A.swift", "import Foundation"),
      ("Sources/Gateway/A.swift", "import AsyncHTTPClient"),
      ("Sources/Gateway/A.swift", "import Dispatcher"),
      ("Tools/log-inspect/A.swift", "import Gateway"),
      ("Tools/bench/A.swift", "import Dispatcher"),
    ])
  func upwards(file: String, line: String) throws {
    let directory = try TemporaryDirectory()
    try directory.write("// a comment\n\(line)\n", to: file)
    let result = try Program.run(Self.script, [directory.path])
    #expect(result.status == 1)
    #expect(result.errors.contains("\(file):2:"))
  }

  @Test("imports that point down are fine, and words in comments are no imports")
  func downwards() throws {
    let directory = try TemporaryDirectory()
    try directory.write(
      "// Does not import Delivery\nimport CZlib\nlet important = 1\n",
      to: "Sources/SegmentLog/A.swift")
    try directory.write("import SegmentLog\n", to: "Sources/Delivery/A.swift")
    #expect(try Program.run(Self.script, [directory.path]).status == 0)
  }

  @Test(
    "every script says what it does",
    arguments: [
      "Tools/run", "Tools/test", "Tools/setup", "Tools/check-layers",
      "Tools/package", "Tools/fuzz/run", "Tools/engine-tests/run", "Tools/power-cut/run",
    ])
  func help(script: String) throws {
    let result = try Program.run(Repository.path(script), ["--help"])
    #expect(result.status == 0)
    #expect(result.output.hasPrefix("usage: \(script)"))
  }
}
