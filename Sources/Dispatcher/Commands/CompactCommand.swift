import ArgumentParser

struct CompactCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(commandName: "compact")
}
