import Testing

@testable import SegmentLog

@Suite("Rot")
struct RotTests {
  /// A scan that reads every payload and text that a valid frame promises; also the reader's errors.
  private func readAll(_ disk: SimDisk) throws -> (survey: LogSurvey, dump: String) {
    (try LogSurvey(of: disk), try LogDump.text(of: disk))
  }

  @Test(
    "every flipped bit of a small log is found out, or stands where nothing is read",
    arguments: [UInt64(1), 2], 0..<4)
  func everyBit(segment: UInt64, quarter: Int) throws {
    let sample = SampleLog(sealed: true)
    let clean = sample.disk()
    let (survey, dump) = try readAll(clean)
    try #require(survey.problems.isEmpty)
    let name = FileNames.segment(segment)
    let size = (segment == 1 ? sample.first : sample.second).bytes.count
    for bit in stride(from: quarter, to: size * 8, by: 4) {
      let isHeaderPadding = bit / 8 < 8192 && bit / 8 % 4096 >= SegmentHeader.size
      // Of the padding, which is not read, one byte in 64 is enough.
      if isHeaderPadding && bit / 4 % 128 != 0 { continue }
      let disk = clean.clone(seed: 1)
      disk.flip(name, bit: bit)
      let rotten = try readAll(disk)
      if isHeaderPadding {
        #expect(rotten.survey.problems.isEmpty && rotten.dump == dump, "bit \(bit)")
        continue
      }
      #expect(!rotten.survey.problems.isEmpty, "bit \(bit)")
      // A flip costs one frame at most, one in a header nothing.
      let left = payloads(in: rotten.dump)
      let others: [Sequence] = segment == 1 ? [5, 6] : [1, 2, 3, 4]
      #expect(left.isSuperset(of: bit / 8 < 8192 ? [1, 2, 3, 4, 5, 6] : others), "bit \(bit)")
    }
  }

  /// The messages whose payloads could be read.
  private func payloads(in dump: String) -> Set<Sequence> {
    Set(
      dump.split(separator: "\n").compactMap { line in
        line.hasPrefix("  payload ") ? Sequence(line.split(separator: " ")[1]) : nil
      })
  }

  @Test(
    "every length of the last file, and every part of a frame that is being written into its zeros",
    arguments: [0, 700])
  func everyLength(zeros: Int) throws {
    let sample = SampleLog(sealed: true)
    let clean = sample.disk()
    let borders = sample.second.offsets.map(Int.init) + [sample.second.bytes.count]
    for length in 0..<sample.second.bytes.count {
      let disk = clean.clone(seed: 1)
      let padding = [UInt8](repeating: 0, count: zeros)
      disk.put(FileNames.segment(2), Array(sample.second.bytes[..<length]) + padding)
      let survey = try LogSurvey(of: disk)
      let padded = length + zeros
      if length >= 8192 {
        #expect(survey.severity == nil || survey.severity == .tornTail, "length \(length)")
        // A frame whose missing bytes are zero anyway is whole.
        let border = borders.first { $0 >= length } ?? length
        let isWhole =
          border == length
          || zeros > 0 && sample.second.bytes[length..<border].allSatisfy { $0 == 0 }
        #expect(survey.severity == (isWhole ? survey.severity : .tornTail), "length \(length)")
      } else if padded < 8192 {
        #expect(survey.severity == .damage, "length \(length)")
      }
      #expect(survey.overview.segments[0].messages == 4)
    }
  }

  @Test("every length of a file that is followed by another is damage")
  func everyLengthOfAClosedFile() throws {
    let sample = SampleLog(sealed: true)
    let clean = sample.disk()
    for length in 0..<sample.first.bytes.count {
      let disk = clean.clone(seed: 1)
      disk.put(FileNames.segment(1), Array(sample.first.bytes[..<length]))
      #expect(try LogSurvey(of: disk).severity == .damage, "length \(length)")
    }
  }

  @Test("zeroed, doubled and swapped sectors never crash and never pass silently")
  func sectors() throws {
    let sample = SampleLog(sealed: true)
    let clean = sample.disk()
    for (name, bytes) in [
      (FileNames.segment(1), sample.first.bytes), (FileNames.segment(2), sample.second.bytes),
    ] {
      let sectors = Array(stride(from: 8192, to: bytes.count, by: 512))
      for sector in sectors {
        let range = sector..<min(sector + 512, bytes.count)
        for source in [nil] + sectors.map(Optional.some) where source != sector {
          var rotten = bytes
          let copied = source.map { bytes[$0..<min($0 + range.count, bytes.count)] } ?? []
          let padding = [UInt8](repeating: 0, count: range.count - copied.count)
          rotten.replaceSubrange(range, with: Array(copied) + padding)
          let disk = clean.clone(seed: 1)
          disk.put(name, rotten)
          // A last file that is zero from the end of a frame on looks like one that ends there.
          if name == FileNames.segment(2) && endsAtFrame(rotten, sample.second) { continue }
          #expect(try !LogSurvey(of: disk).problems.isEmpty, "\(name) sector \(sector)")
          _ = try LogDump.text(of: disk)
        }
      }
    }
  }

  private func endsAtFrame(_ bytes: [UInt8], _ segment: SegmentBuilder) -> Bool {
    segment.offsets.map(Int.init).contains { cut in
      bytes[..<cut] == segment.bytes[..<cut] && bytes[cut...].allSatisfy { $0 == 0 }
    }
  }

  @Test("garbage of any kind in a directory is named and never crashes")
  func garbage() throws {
    var source = RandomRecords(seed: 77)
    for round in 0..<200 {
      let disk = SimDisk(seed: UInt64(round))
      if source.chance(50) { SampleLog().put(on: disk) }
      for _ in 0..<source.int(1...3) {
        let name = [
          FileNames.segment(UInt64(source.int(0...3))), FileNames.segment(.max), FileNames.next,
          FileNames.identity, "x", "wal-1.seg", "cold-0000000000000001.seg",
        ][source.int(0...6)]
        var bytes = (0..<source.int(0...20_000)).map { _ in
          UInt8.random(in: 0...255, using: &source.random)
        }
        if source.chance(50) {
          let header = SegmentBuilder(id: UInt64(source.int(0...3))).bytes
          bytes.replaceSubrange(0..<min(bytes.count, header.count), with: header)
        }
        disk.put(name, bytes)
      }
      _ = try LogSurvey(of: disk)
      _ = try LogDump.text(of: disk)
      _ = try MessageHistory(of: [1], in: LogChain.read(disk), on: disk)
    }
  }
}
