import ArgumentParser
import CMalloc
import Foundation

/// What each line of the memory table takes, by itself in a fresh process.
struct MemoryBench: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "memory",
    abstract: "Memory: bytes of the heap for each kind of entry, beside their limits.",
    discussion: """
      Every line is measured in a process of its own: the heap in use after the table was filled as
      a running log fills it, less that before (mallinfo2), over the number of entries. Resident is
      the same for the pages of the process, what growing left behind included.
      """)

  @Option(help: "Divides the number of entries, for a quick look.") var shrink = 1

  func run() async throws {
    let scratch = try Scratch(parent: nil)
    let widths = [46, 12, 12, 12, 8]
    print(row(["entry", "entries", "bytes each", "resident", "limit"], widths: widths))
    var exceeded: [String] = []
    for line in MemoryLine.allCases {
      var worst: MemoryResult?
      for count in line.counts {
        let child = try ChildProcess(
          Programs.own,
          ["memory-line", "--line", line.rawValue, "--count", "\(max(1, count / shrink))"],
          errors: scratch.path("memory.err"))
        let result = try JSONDecoder().decode(
          MemoryResult.self, from: Data(child.readLine().utf8))
        guard child.wait() == 0 else { throw BenchError(description: child.errorText()) }
        if result.heapEach > worst?.heapEach ?? 0 { worst = result }
      }
      guard let worst else { continue }
      let value = line.isCount ? Double(worst.entries) : worst.heapEach
      print(
        row(
          [
            line.title, "\(worst.entries)", fixed(worst.heapEach), fixed(worst.residentEach),
            line.limit.map { fixed($0, line.isCount ? 0 : 2) } ?? "-",
          ], widths: widths))
      // What an array takes besides its elements is nobody's share.
      if let limit = line.limit, value > limit * 1.01 { exceeded.append(line.title) }
    }
    guard exceeded.isEmpty else {
      throw BenchError(description: "beyond the limit: \(exceeded.joined(separator: ", "))")
    }
    print("every line is within its limit")
  }
}

/// What `memory-line` prints: one JSON line.
struct MemoryResult: Codable {
  var entries: Int
  var heapBytes: Int
  var residentBytes: Int
  var heapEach: Double { Double(heapBytes) / Double(entries) }
  var residentEach: Double { Double(residentBytes) / Double(entries) }
}

/// Fills one table and says what that took.
struct MemoryLineCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "memory-line", abstract: "Fills one table and says what that took.",
    shouldDisplay: false)

  @Option var line: MemoryLine
  @Option var count: Int

  func run() throws {
    let before = (heap: Self.heapBytes(), resident: Self.residentBytes())
    let (table, entries) = line.fill(count)
    let heap = Self.heapBytes() - before.heap
    let resident = Self.residentBytes() - before.resident
    withExtendedLifetime(table) {}
    let result = MemoryResult(entries: entries, heapBytes: heap, residentBytes: resident)
    print(String(decoding: try JSONEncoder().encode(result), as: UTF8.self))
  }

  /// In use, in all arenas and in mappings of their own.
  private static func heapBytes() -> Int {
    let info = mallinfo2()
    return info.uordblks + info.hblkhd
  }

  private static func residentBytes() -> Int {
    let text = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)) ?? ""
    let pages = text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
    return pages * sysconf(Int32(_SC_PAGESIZE))
  }
}
