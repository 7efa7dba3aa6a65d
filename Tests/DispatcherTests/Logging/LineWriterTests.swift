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
    let pipe = Pipe()
    let writer = LineWriter(descriptor: pipe.fileHandleForWriting.fileDescriptor, bytesMax: 1000)
    // A pipe holds 64 KiB: what is written beyond it and the 1000 bytes is dropped.
    let line = Array(repeating: UInt8(ascii: "x"), count: 99) + [UInt8(ascii: "\n")]
    for _ in 0..<100_000 { writer.write(line) }
    var text = ""
    while !text.contains("log lines dropped") {
      text += String(decoding: pipe.fileHandleForReading.availableData, as: UTF8.self)
    }
    #expect(text.utf8.count < 10_000_000)
  }
}
