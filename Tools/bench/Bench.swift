import ArgumentParser

/// Measures Dispatcher beside the floor of the same work, alternating the two in one run.
@main
struct Bench: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench",
    abstract: "Measures Dispatcher beside its floors: ratios and CPU per message.",
    discussion: """
      Machines are noisy, so every command runs both sides in turn, several rounds, and prints
      the median of the ratios, round by round. The load comes from a process of its own; the
      CPU of a server is read from its own process. All traffic stays on loopback.
      Build with: swift build -c release
      """,
    subcommands: [
      EnqueueBench.self, DeliverBench.self, RecoverBench.self, MemoryBench.self,
      BytesBench.self, BacklogBench.self, IdleBench.self, CheckpointBench.self,
      CompactBench.self, HostileBench.self,
      LoadCommand.self, FloorServerCommand.self, ReceiverCommand.self, ClientFloorCommand.self,
      FillCommand.self, OpenCommand.self, ReadFloorCommand.self, MemoryLineCommand.self,
    ])
}
