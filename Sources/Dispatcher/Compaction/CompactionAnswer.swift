import FoundationEssentials
import SegmentLog

/// The answer of `GET /log/compact`.
struct PreviewAnswer: Decodable {
  struct Segment: Decodable {
    var file: String
    var job: Int?
    var reason: String
    enum CodingKeys: String, CodingKey {
      case file = "File"
      case job = "Job"
      case reason = "Reason"
    }
  }

  struct Progress: Decodable {
    var jobs: Int
    var done: Int
    var bytes: UInt64
    var expected: UInt64
    enum CodingKeys: String, CodingKey {
      case jobs = "Jobs"
      case done = "Done"
      case bytes = "Bytes"
      case expected = "Expected"
    }
  }

  var segments: [Segment]
  var progress: Progress?
  enum CodingKeys: String, CodingKey {
    case segments = "Segments"
    case progress = "Progress"
  }

  /// nil when it is not an answer of a dispatcher.
  static func preview(_ body: [UInt8]) -> CompactionPreview? {
    guard let answer = try? JSONDecoder().decode(PreviewAnswer.self, from: Data(body)) else {
      return nil
    }
    let decisions = answer.segments.map { segment in
      CompactionPlan.Decision(file: segment.file, job: segment.job, why: segment.reason)
    }
    return CompactionPreview(
      decisions: decisions,
      progress: answer.progress.map { progress in
        CompactionProgress(
          jobs: progress.jobs, done: progress.done, bytes: progress.bytes,
          expected: progress.expected)
      })
  }
}

/// The answer of `POST /log/compact`, as far as it is printed.
struct CompactionAnswer: Decodable {
  struct Segment: Decodable {
    var id: UInt64
    var file: String
    var state: String
    var messages: UInt64
    var live: UInt64
    var storedBytes: UInt64
    var keptBecause: String?

    enum CodingKeys: String, CodingKey {
      case id = "Id"
      case file = "File"
      case state = "State"
      case messages = "Messages"
      case live = "Live"
      case storedBytes = "StoredBytes"
      case keptBecause = "KeptBecause"
    }

    var overview: SegmentOverview {
      SegmentOverview(
        id: id, file: file, state: .init(rawValue: state) ?? .sealed, messages: messages,
        live: live, storedBytes: storedBytes, keptBecause: keptBecause)
    }
  }

  var removed: [Segment]
  var kept: [Segment]
  var bytesBefore: UInt64
  var bytesAfter: UInt64
  var problems: [String]?

  enum CodingKeys: String, CodingKey {
    case removed = "Removed"
    case kept = "Kept"
    case bytesBefore = "BytesBefore"
    case bytesAfter = "BytesAfter"
    case problems = "Problems"
  }

  /// nil when it is not an answer of a dispatcher.
  static func report(_ body: [UInt8]) -> CompactionReport? {
    guard let answer = try? JSONDecoder().decode(CompactionAnswer.self, from: Data(body)) else {
      return nil
    }
    return CompactionReport(
      removed: answer.removed.map(\.overview), kept: answer.kept.map(\.overview),
      bytesBefore: answer.bytesBefore, bytesAfter: answer.bytesAfter,
      problems: answer.problems ?? [])
  }
}
