import Foundation

struct BenchError: Error, CustomStringConvertible {
  let description: String
}

/// A process of the benchmark: started, asked for its CPU time, ended by its pid.
final class ChildProcess {
  private let process = Process()
  private let output = Pipe()
  private let errors: URL
  private var buffer = Data()

  /// `errors` is the file that takes its standard error: a new one, whatever stood there.
  init(_ program: URL, _ arguments: [String], environment: [String: String] = [:], errors: URL)
    throws
  {
    self.errors = errors
    _ = FileManager.default.createFile(atPath: errors.path, contents: nil)
    process.executableURL = program
    process.arguments = arguments
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    process.standardOutput = output
    process.standardError = try FileHandle(forWritingTo: errors)
    try process.run()
  }

  var pid: Int32 { process.processIdentifier }

  /// The next line of its standard output.
  func readLine() throws -> String {
    while true {
      if let end = buffer.firstIndex(of: 10) {
        let line = String(decoding: buffer[buffer.startIndex..<end], as: UTF8.self)
        buffer.removeSubrange(buffer.startIndex...end)
        return line
      }
      let more = output.fileHandleForReading.availableData
      guard !more.isEmpty else {
        throw BenchError(description: "process \(pid) ended early: \(errorText())")
      }
      buffer.append(more)
    }
  }

  func errorText() -> String {
    (try? String(contentsOf: errors, encoding: .utf8)) ?? ""
  }

  /// Waits until a line of standard error has `marker` and gives the word that follows it.
  func waitForWord(after marker: String, seconds: Int = 60) throws -> String {
    for _ in 0..<(seconds * 50) {
      let text = errorText()
      if let found = text.range(of: marker) {
        return String(text[found.upperBound...].prefix { !$0.isWhitespace && $0 != "\"" })
      }
      guard process.isRunning else { break }
      Thread.sleep(forTimeInterval: 0.02)
    }
    throw BenchError(description: "no '\(marker)' from process \(pid): \(errorText())")
  }

  /// CPU of all its threads so far, seconds: the first number of each thread's schedstat,
  /// nanoseconds on a processor (proc(5) stat counts in ticks of 10 ms, too coarse for few requests).
  func cpuSeconds() throws -> Double {
    let tasks = "/proc/\(pid)/task"
    var nanoseconds: UInt64 = 0
    for thread in try FileManager.default.contentsOfDirectory(atPath: tasks) {
      guard
        let text = try? String(contentsOfFile: "\(tasks)/\(thread)/schedstat", encoding: .utf8),
        let first = text.split(separator: " ").first, let value = UInt64(first)
      else { continue }  // the thread has just ended
      nanoseconds += value
    }
    return Double(nanoseconds) / 1e9
  }

  /// Peak resident memory, bytes.
  func peakMemory() -> UInt64 { status("VmHWM:") * 1024 }

  /// Resident memory now, bytes.
  func residentMemory() -> UInt64 { status("VmRSS:") * 1024 }

  /// A number of /proc/<pid>/status; 0 when the process has ended.
  private func status(_ name: String) -> UInt64 {
    let text = (try? String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)) ?? ""
    for line in text.split(separator: "\n") where line.hasPrefix(name) {
      return UInt64(line.split(whereSeparator: \.isWhitespace)[1]) ?? 0
    }
    return 0
  }

  func stop() {
    if process.isRunning { process.terminate() }
    process.waitUntilExit()
  }

  func wait() -> Int32 {
    process.waitUntilExit()
    return process.terminationStatus
  }

  deinit { if process.isRunning { process.terminate() } }
}

/// This benchmark's own executable and those built beside it.
enum Programs {
  static var own: URL { URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath() }
  static var dispatcher: URL {
    own.deletingLastPathComponent().appendingPathComponent("dispatcher")
  }
}

/// A directory that goes away with the run.
struct Scratch: ~Copyable {
  let url: URL

  /// Below `parent`, or the working directory: the log should stand on the disk that is measured.
  init(parent: String?) throws {
    let base = URL(fileURLWithPath: parent ?? FileManager.default.currentDirectoryPath)
    url = base.appendingPathComponent(".build-bench-\(ProcessInfo.processInfo.processIdentifier)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  func path(_ name: String) -> URL { url.appendingPathComponent(name) }

  deinit { try? FileManager.default.removeItem(at: url) }
}

/// CPU of the calling process and its threads (getrusage), seconds.
func ownCPUSeconds() -> Double {
  var usage = rusage()
  getrusage(RUSAGE_SELF.rawValue, &usage)
  func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
  return seconds(usage.ru_utime) + seconds(usage.ru_stime)
}

func nowNanoseconds() -> UInt64 {
  var time = timespec()
  clock_gettime(CLOCK_MONOTONIC, &time)
  return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}
