import Foundation
import Gateway
import Testing

extension EndToEnd {
  /// The commands of the README and of the operator's page, run as they stand there. ```` ```sh ````
  /// marks what runs here; the two set-up commands install, build and serve, so the binaries of this
  /// build stand in for them.
  @Suite("the README") struct Readme {
    private static func text(_ file: String) throws -> String {
      try String(contentsOf: Programs.checkout.appendingPathComponent(file), encoding: .utf8)
    }

    @Test("the commands in it and in the operator's page run as they stand")
    func commands() async throws {
      let folder = try TemporaryDirectory()
      let blocks = try ["README.md", "Sources/Dispatcher/OPERATING.md"].flatMap {
        Self.blocks(of: try Self.text($0))
      }
      #expect(blocks.contains { $0.contains("curl http://localhost:8080/ -XPOST") })
      #expect(blocks.contains { $0.contains("dispatcher backup") })
      let service = try await Service.start(log: folder.path("transaction.log"))
      let placeholder = try await Receiver()
      let sinkPort = placeholder.port
      await placeholder.close()
      // The same commands against the ports of this run.
      for block in blocks {
        let script =
          block
          .replacing("dispatcher send ", with: "dispatcher send --to http://localhost:8080 ")
          .replacing("9000", with: "\(sinkPort)")
          .replacing("localhost:8080", with: "localhost:\(service.port)")
          .replacing("localhost:8081", with: "localhost:\(service.adminPort)")
          .replacing("127.0.0.1:8081", with: "127.0.0.1:\(service.adminPort)")
          .replacing("Tools/run", with: "true").replacing("Tools/test", with: "true")
        let run = try await ProgramRun.run(
          URL(fileURLWithPath: "/bin/bash"), ["-euo", "pipefail", "-c", script],
          environment: [
            "PATH":
              "\(Programs.directory.path):\(ProcessInfo.processInfo.environment["PATH"] ?? "")",
            "DISPATCHER_ADMIN": "127.0.0.1:\(service.adminPort)",
          ], directory: folder.url)
        #expect(run.status == 0, "\(block)\n\(run.output)\n\(run.errors)")
      }
      try await service.stop()
    }

    @Test("it names every route, and the operator's page every key")
    func complete() throws {
      let readme = try Self.text("README.md")
      for route in RouteTable.routes {
        #expect(readme.contains("`\(route.method.rawValue) \(route.path)`"), "\(route.name)")
      }
      let operating = try Self.text("Sources/Dispatcher/OPERATING.md")
      let keys = try Self.text("config.yml").matches(of: /(?m)^#? ?([a-z_]+):/).map(\.output.1)
      #expect(keys.count > 20)
      for key in Set(keys) where key != "retry" {
        #expect(operating.contains("| `\(key)` |"), "\(key)")
      }
    }

    private static func blocks(of text: String) -> [String] {
      var blocks: [String] = []
      var current: [Substring]?
      for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
        if line == "```sh" {
          current = []
        } else if line == "```", let lines = current {
          blocks.append(lines.joined(separator: "\n"))
          current = nil
        } else {
          current?.append(line)
        }
      }
      return blocks
    }
  }
}
