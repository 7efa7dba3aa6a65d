import Synchronization
import Testing

@testable import Dispatcher

@Suite("lines of a file") struct LineFileTests {
  /// Handed out in parts of `size` bytes.
  private func lines(_ text: String, parts size: Int, max: Int = 1 << 20) -> LineFile {
    let rest = Box(Array(text.utf8)[...])
    return LineFile(lineBytesMax: max) { _ in
      rest.value.withLock { rest in
        defer { rest = rest.dropFirst(size) }
        return Array(rest.prefix(size))
      }
    }
  }

  private final class Box: Sendable {
    let value: Mutex<ArraySlice<UInt8>>
    init(_ bytes: ArraySlice<UInt8>) { value = Mutex(bytes) }
  }

  @Test("are the same however the file is read, and the last one needs no line feed")
  func parts() async throws {
    for size in 1...12 {
      var file = lines("one\n\ntwo \r\nlast", parts: size)
      var found: [LineFile.Line] = []
      while let line = try await file.next() { found.append(line) }
      #expect(
        found.map { $0.bytes.map { String(decoding: $0, as: UTF8.self) } }
          == ["one", "", "two \r", "last"])
      #expect(found.map(\.number) == [1, 2, 3, 4])
      #expect(found.map(\.end) == [4, 5, 11, 15])
      #expect(found.map(\.isEmpty) == [false, true, false, false])
      // The CRC-32 of all bytes, as `crc32` of zlib and Python's give it.
      #expect(file.checksum == 0xADC0_FB2E)
    }
  }

  @Test("one that is too long is passed over without being held")
  func tooLong() async throws {
    var file = lines("short\n" + String(repeating: "x", count: 100) + "\nnext\n", parts: 7, max: 10)
    #expect(try await file.next()?.bytes?.count == 5)
    let long = try await file.next()
    #expect(long?.bytes == nil && long?.number == 2 && long?.end == 107)
    #expect(try await file.next()?.bytes?.count == 4)
    #expect(try await file.next() == nil)
  }
}
