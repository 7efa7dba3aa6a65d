import Glibc
import NIOPosix
import SegmentLog

/// The lines of a file or a stream, read a part at a time on a thread that may block.
///
/// One line is held, besides a part that was read ahead. A line longer than `lineBytesMax` is passed
/// over and told as too long.
struct LineFile {
  struct Line: Equatable, Sendable {
    /// From 1.
    var number: Int
    /// Where the next line begins, in bytes from the beginning of the file.
    var end: Int
    /// Without its line feed; nil when it is too long.
    var bytes: [UInt8]?

    /// Blanks are no message.
    var isEmpty: Bool {
      bytes?.allSatisfy {
        $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") || $0 == UInt8(ascii: "\r")
      }
        ?? false
    }
  }

  /// An envelope with a body of 16 MiB, each byte written as `\u0000`.
  static let lineBytesMax = 100 << 20
  static let partBytes = 256 << 10

  private let read: @Sendable (Int) async throws(LoadFailure) -> [UInt8]
  private let lineBytesMax: Int
  private var ahead: ArraySlice<UInt8> = []
  private var isAtEnd = false
  private var number = 0
  private(set) var position = 0
  /// CRC-32 of all bytes up to `position`.
  private(set) var checksum: UInt32 = 0

  /// - Parameter read: at most so many bytes more; empty at the end.
  init(
    lineBytesMax: Int = Self.lineBytesMax,
    read: @escaping @Sendable (Int) async throws(LoadFailure) -> [UInt8]
  ) {
    self.lineBytesMax = lineBytesMax
    self.read = read
  }

  /// nil at the end. A last line without a line feed is a line, too.
  mutating func next() async throws(LoadFailure) -> Line? {
    var line: [UInt8] = []
    var isTooLong = false
    var isBegun = false
    while true {
      if ahead.isEmpty, !isAtEnd {
        ahead = try await read(Self.partBytes)[...]
        isAtEnd = ahead.isEmpty
      }
      if ahead.isEmpty { break }
      isBegun = true
      let feed = ahead.firstIndex(of: UInt8(ascii: "\n"))
      let part = ahead[..<(feed ?? ahead.endIndex)]
      isTooLong = isTooLong || line.count + part.count > lineBytesMax
      if isTooLong { line = [] } else { line += part }
      pass(feed.map { $0 + 1 } ?? ahead.endIndex)
      if feed != nil { break }
    }
    guard isBegun else { return nil }
    number += 1
    return Line(number: number, end: position, bytes: isTooLong ? nil : line)
  }

  private mutating func pass(_ end: Int) {
    let part = ahead[..<end]
    checksum = part.withUnsafeBytes { Checksum.crc32($0, seed: checksum) }
    position += part.count
    ahead = ahead[end...]
  }
}

extension LineFile {
  /// - Parameter descriptor: open for as long as the lines are read.
  init(descriptor: Int32, path: String) {
    self.init { count throws(LoadFailure) in
      let result: Result<[UInt8], LoadFailure>
      do {
        result = try await NIOThreadPool.singleton.runIfActive {
          Self.read(count, from: descriptor, path)
        }
      } catch {
        throw LoadFailure("\(path): \(error)")
      }
      return try result.get()
    }
  }

  private static func read(
    _ count: Int, from descriptor: Int32, _ path: String
  ) -> Result<[UInt8], LoadFailure> {
    var code: Int32 = 0
    let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      while true {
        let got = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
        code = got < 0 ? errno : 0
        filled = max(0, got)
        if code != EINTR { break }
      }
    }
    return code == 0
      ? .success(bytes)
      : .failure(LoadFailure("\(path): \(String(cString: strerror(code)))", .input))
  }
}
