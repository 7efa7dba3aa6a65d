import Foundation
import Glibc
import Testing

@testable import Dispatcher

@Suite struct LineWriterTests {
  @Test("lines of many threads arrive whole, each thread's in its order")
  func wholeLines() async throws {
    let pipe = Pipe()
    let writer = LineWriter(descriptor: pipe.fileHandleForWriting.fileDescriptor)
    await withTaskGroup(of: Void.self) { group in
      for thread in 0..<4 {
        group.addTask {
          for number in 0..<50 { writer.write(Array("\(thread) \(number)\n".utf8)) }
        }
      }
    }
    writer.flush(within: 10)
    try pipe.fileHandleForWriting.close()
    let text = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    let lines = text.split(separator: "\n")
    #expect(lines.count == 200)
    for thread in 0..<4 {
      #expect(
        lines.filter { $0.hasPrefix("\(thread) ") } == (0..<50).map { "\(thread) \($0)" })
    }
  }

  @Test("a reader that does not read costs lines, never memory or waiting, and is told how many")
  func bounded() throws {
    // Left open: the writer's thread goes on when the test has seen enough.
    var ends: [CInt] = [0, 0]
    #expect(pipe(&ends) == 0)
    let writer = LineWriter(descriptor: ends[1], bytesMax: 1000)
    // A pipe holds 64 KiB: what is written beyond it and the 1000 bytes is dropped.
    let line = Array(repeating: UInt8(ascii: "x"), count: 99) + [UInt8(ascii: "\n")]
    for _ in 0..<100_000 { writer.write(line) }
    var text = ""
    while !text.contains("log lines dropped") {
      var bytes = [UInt8](repeating: 0, count: 65536)
      let count = read(ends[0], &bytes, bytes.count)
      text += String(decoding: bytes.prefix(count), as: UTF8.self)
    }
    #expect(text.utf8.count < 10_000_000)
  }
}
