import Delivery
import FoundationEssentials
import Glibc
import Gateway
import Logging
import SegmentLog

/// Compacting from the command line: on the files of a stopped log, or through the server that has
/// the log.
enum Compaction {
  struct Failure: Error {
    var status: ExitStatus
    var reason: String
  }

  /// Where a compaction is to be done.
  enum Place {
    /// The directory of a log that nobody has open.
    case here(String)
    /// The server behind this admin listener.
    case there(String, token: String?)
  }

  /// - Parameters:
  ///   - directory: of the log; nil = the configured one.
  ///   - readOnly: whether it is only to be looked at.
  static func place(
    directory: String?, _ configuration: Configuration, token: String?, readOnly: Bool = false
  ) throws(Failure) -> Place {
    let log = directory ?? configuration.log
    guard LogDoor.holdsLog(log) else {
      throw Failure(status: .log, reason: "\(log): there is no log here")
    }
    do throws(LogDoor.Problem) {
      try LogDoor.tryToOpen(log, readOnly: readOnly)
    } catch {
      guard case .inUse(let reason) = error else {
        throw Failure(status: error.exitStatus, reason: error.reason)
      }
      guard let admin = configuration.admin, admin.port != 0, isSame(log, configuration.log)
      else {
        throw Failure(
          status: .logInUse,
          reason: "\(reason); name its admin listener with --admin to compact it there")
      }
      let host = admin.isWildcard ? "127.0.0.1:\(admin.port)" : "\(admin)"
      return .there(host, token: token ?? configuration.adminToken)
    }
    return .here(log)
  }

  static func run(
    at place: Place, _ configuration: Configuration
  ) async throws(Failure) -> CompactionReport {
    switch place {
    case .here(let log): try await offline(log, configuration)
    case .there(let admin, let token): try await online(admin, token: token)
    }
  }

  /// What it would do; nothing is changed.
  static func preview(
    at place: Place, _ configuration: Configuration
  ) async throws(Failure) -> CompactionPreview {
    switch place {
    case .here(let log): return try previewHere(log, configuration)
    case .there(let admin, let token): return try await previewThere(admin, token: token)
    }
  }

  private static func previewHere(
    _ log: String, _ configuration: Configuration
  ) throws(Failure) -> CompactionPreview {
    let directory: LogDirectory
    do throws(LogOpenError) { directory = try LogDirectory(path: log, readOnly: true) } catch {
      let problem = ServeFailure(error)
      throw Failure(status: problem.status, reason: problem.reason)
    }
    defer { directory.unlock() }
    do throws(LogError) {
      return try LogCompaction.preview(
        directory.disk, remembering: configuration.duplicateLimits,
        nowMs: SystemClock().logMs(of: directory.disk))
    } catch {
      throw Failure(status: .log, reason: "\(log): \(error)")
    }
  }

  private static func previewThere(
    _ admin: String, token: String?
  ) async throws(Failure) -> CompactionPreview {
    let answer: ClientAnswer
    do throws(ClientFailure) {
      answer = try await Client.request(
        "GET", Client.url(admin, .compactionPreview), headers: authorization(token))
    } catch {
      throw Failure(status: .failure, reason: "\(admin): \(error.reason)")
    }
    guard answer.status == 200, let preview = PreviewAnswer.preview(answer.body) else {
      throw Failure(status: .failure, reason: "\(admin): \(answer.explanation)")
    }
    return preview
  }

  private static func authorization(_ token: String?) -> [(String, String)] {
    token.map { [("Authorization", "Bearer \($0)")] } ?? []
  }

  /// Asks the server behind this admin listener.
  private static func online(
    _ admin: String, token: String?
  ) async throws(Failure) -> CompactionReport {
    let watch = CompactionWatch {
      (try? await previewThere(admin, token: token))?.progress
    }
    let result: Result<ClientAnswer, ClientFailure> = await watch.whileRunning {
      do throws(ClientFailure) {
        // What lives is copied: a large log takes its time.
        return .success(
          try await Client.request(
            "POST", Client.url(admin, .compact), headers: authorization(token),
            timeout: .seconds(86_400)))
      } catch {
        return .failure(error)
      }
    }
    let answer: ClientAnswer
    do throws(ClientFailure) { answer = try result.get() } catch {
      throw Failure(status: .failure, reason: "\(admin): \(error.reason)")
    }
    guard answer.status == 200, let report = CompactionAnswer.report(answer.body) else {
      throw Failure(status: .failure, reason: "\(admin): \(answer.explanation)")
    }
    return report
  }

  /// Opens the log as a server would, so that all its rules hold.
  private static func offline(
    _ log: String, _ configuration: Configuration
  ) async throws(Failure) -> CompactionReport {
    var options = configuration.store
    // Damage is told below.
    options.onDamage = .drain
    // A start always begins a new segment; this one is sealed at once and need not be large.
    options.segmentSize = 256 << 10
    let quiet = Logger(label: "dispatcher") { _ in SwiftLogNoOpLogHandler() }
    let report: CompactionReport
    do {
      let (store, found) = try await SegmentLogStore.open(
        directory: log, options: options, logger: quiet,
        onFailure: { failure in
          StandardError.print("dispatcher: \(failure)")
          _exit(ExitStatus.log.rawValue)
        })
      for damage in found.damage { StandardError.print("dispatcher: damaged: \(damage)") }
      let watch = CompactionWatch { (try? await store.compactionPreview())?.progress }
      let result: Result<CompactionReport, StoreError> = await watch.whileRunning {
        do throws(StoreError) { return .success(try await store.compact()) } catch {
          return .failure(error)
        }
      }
      await store.close()
      report = try result.get()
    } catch {
      throw Failure(status: .log, reason: "\(log): \(error)")
    }
    return report
  }

  private static func isSame(_ a: String, _ b: String) -> Bool {
    func real(_ path: String) -> String {
      URL(fileURLWithPath: path).resolvingSymlinksInPath().path
    }
    return real(a) == real(b)
  }
}
