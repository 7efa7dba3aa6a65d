import Delivery
import Foundation
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

  /// - Parameter directory: of the log; nil = the configured one.
  static func run(
    directory: String?, _ configuration: Configuration, token: String?
  ) async throws(Failure) -> CompactionReport {
    let log = directory ?? configuration.log
    guard LogDoor.holdsLog(log) else {
      throw Failure(status: .log, reason: "\(log): there is no log here")
    }
    do throws(LogDoor.Problem) {
      try LogDoor.tryToOpen(log)
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
      return try await online(host, token: token ?? configuration.adminToken)
    }
    return try await offline(log)
  }

  /// Asks the server behind this admin listener.
  static func online(_ admin: String, token: String?) async throws(Failure) -> CompactionReport {
    let headers = token.map { [("Authorization", "Bearer \($0)")] } ?? []
    let answer: ClientAnswer
    do throws(ClientFailure) {
      // Removing files takes milliseconds each; a log may have thousands.
      answer = try await Client.request(
        "POST", Client.url(admin, path: "/log/compact"), headers: headers, timeout: .seconds(600))
    } catch {
      throw Failure(status: .failure, reason: "\(admin): \(error.reason)")
    }
    guard answer.status == 200, let report = CompactionAnswer.report(answer.body) else {
      throw Failure(status: .failure, reason: "\(admin): \(answer.explanation)")
    }
    return report
  }

  /// Opens the log as a server would, so that all its rules hold.
  private static func offline(_ log: String) async throws(Failure) -> CompactionReport {
    var options = SegmentLogStore.Options()
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
      report = try await store.compact()
      await store.close()
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
