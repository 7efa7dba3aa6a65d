import ArgumentParser
import Delivery
import FoundationEssentials
import Glibc

struct LoadCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "load",
    abstract: "Hands the messages of a file, one envelope a line, to a running dispatcher.",
    discussion: """
      For what log-inspect --salvage wrote, and for any other file of envelopes. A line that is \
      refused is named with its number and the reason, and the others go on; where the dispatcher \
      is full, busy or not there, it waits. How far it is stands in FILE.progress, so that the same \
      command goes on after an interruption: what was taken before is known again by its UUID, or \
      by a key that stands for the line. Several lines are on their way at once; with --parallel 1 \
      they are accepted in the order of the file.

      Exit codes: 0 all lines were accepted, now or before; 1 some were refused, or it ended before \
      the file did; 66 the file can't be read; 73 what was done can't be printed.

      Example: dispatcher load saved.ndjson --to http://localhost:8080
      """)

  @Argument(
    help: ArgumentHelp("The file; - is standard input, without progress.", valueName: "file"),
    completion: .file())
  var file: String

  @OptionGroup var dispatcher: ClientOptions

  @Option(help: ArgumentHelp("Lines on their way at once, 1 to 256.", valueName: "number"))
  var parallel = 32

  @Option(
    help: ArgumentHelp(
      "How long to go on when not one line is answered for good.", valueName: "time"),
    transform: Arguments.duration)
  var patience: Duration = .seconds(900)

  func validate() throws {
    guard (1...256).contains(parallel) else {
      throw ValidationError("--parallel is 1 to 256.")
    }
  }

  func run() async throws {
    let client = Client()
    let result: Loader.Result
    let progress = LoadProgress(file)
    do throws(LoadFailure) {
      result = try await load(client, progress)
    } catch {
      await client.shutdown()
      progress.end()
      throw error.status.saying("\(file): \(error.reason)")
    }
    await client.shutdown()
    progress.end()
    try StandardOutput.print("\(file): \(LoadText.text(result.counts))")
    if let end = result.end {
      throw ExitStatus.failure.saying(
        "\(file): not done: \(end)\(file == "-" ? "" : "; the same command goes on from there")")
    }
    if result.counts.refused > 0 { throw ExitCode(ExitStatus.failure.rawValue) }
  }

  private func load(
    _ client: Client, _ progress: LoadProgress
  ) async throws(LoadFailure) -> Loader.Result {
    let descriptor = try open()
    defer { if descriptor != STDIN_FILENO { close(descriptor) } }
    let (url, headers) = (dispatcher.url, dispatcher.headers)
    let note = file == "-" ? nil : LoadNote(for: file, to: url)
    let start = try note?.read() ?? LoadPosition(run: UUID().uuidString.lowercased())
    if start.bytes > 0 { progress.say("going on behind line \(start.lines)") }
    let loader = Loader(
      parallel: parallel, patience: patience, clock: SystemClock(),
      sleep: { try? await Task.sleep(for: $0) },
      post: { line, key throws(ClientFailure) in
        try await client.request(
          "POST", url, body: line, headers: headers + [("Idempotency-Key", key)])
      },
      say: progress.say)
    var isKept = true
    // Before the first line, so that an interruption finds the keys of this load.
    func keep(_ position: LoadPosition) async {
      progress.advance(to: position)
      guard let note, isKept, let reason = await note.write(position) else { return }
      isKept = false
      progress.say("how far it is can't be kept in \(note.path): \(reason)")
    }
    await keep(start)
    var lines = LineFile(descriptor: descriptor, path: file)
    let result = try await loader.run(&lines, from: start, note: keep)
    if result.end == nil || result.counts == LoadCounts() { note?.remove() }
    return result
  }

  private func open() throws(LoadFailure) -> Int32 {
    if file == "-" { return STDIN_FILENO }
    let descriptor = Glibc.open(file, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      throw LoadFailure(String(cString: strerror(errno)), .input)
    }
    return descriptor
  }
}
