import Delivery
import Hummingbird
import SegmentLog

/// `GET /log`, `GET /log/compact` and `POST /log/compact`: what lies on the disk, and why.
struct LogRoutes: Sendable {
  let services: ServiceSwitch

  func overview() async throws -> Response {
    let overview: LogOverview
    do {
      overview = try await log().overview()
    } catch let error as StoreError {
      throw EnqueueRules.problem(error)
    }
    return .json(Self.json(overview))
  }

  func compactionPreview() async throws -> Response {
    let preview: CompactionPreview
    do {
      preview = try await log().compactionPreview()
    } catch let error as StoreError {
      throw EnqueueRules.problem(error)
    }
    return .json(Self.json(preview))
  }

  func compact() async throws -> Response {
    let report: CompactionReport
    do {
      report = try await log().compact()
    } catch let error as StoreError {
      throw EnqueueRules.problem(error)
    }
    return .json(Self.json(report))
  }

  private func log() throws(Problem) -> any LogAdministration {
    guard let backend = services.current.backend else { throw EnqueueRules.recovering }
    guard let log = backend.log else { throw Problem(.notFound, "This store keeps no log.") }
    return log
  }

  static func json(_ overview: LogOverview) -> [UInt8] {
    var json = JSONWriter()
    json.object { json in
      json.field("Directory", overview.directory)
      json.field("BytesOnDisk", overview.bytesOnDisk)
      json.object("Totals") { json in
        let segments = overview.segments
        json.field("Segments", UInt64(segments.count))
        json.field("Frames", segments.reduce(0) { $0 &+ $1.frames })
        json.field("Messages", segments.reduce(0) { $0 &+ $1.messages })
        json.field("Live", segments.reduce(0) { $0 &+ $1.live })
        json.field("RawBytes", segments.reduce(0) { $0 &+ $1.rawBytes })
        json.field("StoredBytes", segments.reduce(0) { $0 &+ $1.storedBytes })
      }
      json.array("Segments", overview.segments, write)
      if !overview.damage.isEmpty { json.array("Damage", overview.damage, write) }
    }
    return json.bytes
  }

  static func json(_ preview: CompactionPreview) -> [UInt8] {
    var json = JSONWriter()
    json.object { json in
      json.array("Segments", preview.decisions) { json, decision in
        json.object { json in
          json.field("File", decision.file)
          json.field("Job", decision.job.map { UInt64($0) })
          json.field("Reason", decision.why)
        }
      }
      if let progress = preview.progress {
        json.object("Progress") { json in
          json.field("Jobs", UInt64(progress.jobs))
          json.field("Done", UInt64(progress.done))
          json.field("Bytes", progress.bytes)
          json.field("Expected", progress.expected)
        }
      }
    }
    return json.bytes
  }

  static func json(_ report: CompactionReport) -> [UInt8] {
    var json = JSONWriter()
    json.object { json in
      json.array("Removed", report.removed, write)
      json.array("Kept", report.kept, write)
      json.field("BytesBefore", report.bytesBefore)
      json.field("BytesAfter", report.bytesAfter)
      if !report.problems.isEmpty {
        json.array("Problems", report.problems) { $0.element($1) }
      }
    }
    return json.bytes
  }

  private static func write(_ json: inout JSONWriter, _ damage: Damage) {
    json.object { json in
      json.field("File", damage.file)
      json.field("Offset", damage.offset)
      json.field("Bytes", damage.bytes)
      json.field("Reason", damage.reason)
      json.field("FirstLost", damage.lost?.lowerBound)
      json.field("LastLost", damage.lost?.upperBound)
      json.field("Lost", damage.lostCount)
      json.array("UUIDs", damage.uuids) { $0.element($1) }
    }
  }

  private static func write(_ json: inout JSONWriter, _ segment: SegmentOverview) {
    json.object { json in
      json.field("Id", segment.id)
      json.field("File", segment.file)
      json.field("State", segment.state.rawValue)
      json.field("Frames", segment.frames)
      json.field("Messages", segment.messages)
      json.field("Live", segment.live)
      json.field("RawBytes", segment.rawBytes)
      json.field("StoredBytes", segment.storedBytes)
      json.field("FirstAt", segment.firstAtMs.map(Timestamps.rfc3339))
      json.field("LastAt", segment.lastAtMs.map(Timestamps.rfc3339))
      json.field("KeptBecause", segment.keptBecause)
    }
  }
}
