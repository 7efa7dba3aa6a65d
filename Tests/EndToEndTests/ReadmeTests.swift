import Foundation
import Testing

extension EndToEnd {
  /// The commands of the README, run as they stand there. ```` ```sh ```` marks what runs here; the
  /// two set-up commands install, build and serve, so the binaries of this build stand in for them.
  @Suite("the README") struct Readme {
    @Test("the commands in it run as they stand")
    func commands() async throws {
      let folder = try TemporaryDirectory()
      let text = try String(
        contentsOf: Programs.checkout.appendingPathComponent("README.md"), encoding: .utf8)
      let blocks = Self.blocks(of: text)
      #expect(blocks.contains { $0.contains("curl http://localhost:8080/ -XPOST") })
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
