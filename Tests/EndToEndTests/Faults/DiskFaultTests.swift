import Foundation
import NIOConcurrencyHelpers
import Testing

extension EndToEndFaults {
  /// The real binary with real calls that fail.
  @Suite("Failing calls of the system") struct DiskFaults {
    typealias Fault = FaultShim.Fault

    let folder: TemporaryDirectory
    init() throws { folder = try TemporaryDirectory() }

    @Test(
      "whichever call fails first, what was answered 202 is delivered after a healthy start, and an early end says why"
    )
    func everyCall() async throws {
      // Two messages of a run are answered 503 once, so that attempts are recorded too.
      let receiver = try await Receiver { request, _ in
        .init(status: request.id.hasSuffix("-2") && request.attempt == 1 ? 503 : 200)
      }
      let shim = try await FaultShim(in: folder)
      let template = try await FaultRun.Template.make(in: folder, receiver: receiver)
      let folder = folder.url
      let makeRun: @Sendable (String) -> FaultRun = {
        FaultRun(
          template: template, shim: shim, receiver: receiver, folder: folder, name: $0)
      }
      let healthy = try await makeRun("healthy").run(nil)
      #expect(healthy.status == 0)
      let faults = Self.faults(healthy.counts)
      let problems = NIOLockedValueBox<[String]>([])
      let results = NIOLockedValueBox<[(Fault, FaultRun.Result)]>([])
      await Self.inParallel(faults) { index, fault in
        do {
          let result = try await makeRun("r\(index)").run(fault)
          results.withLockedValue { $0.append((fault, result)) }
        } catch {
          problems.withLockedValue { $0.append("\(fault): \(error)") }
        }
      }
      for problem in problems.withLockedValue({ $0 }) { Issue.record("\(problem)") }
      Self.checkCoverage(results.withLockedValue { $0 }, of: faults.count)
      await receiver.close()
    }

    /// Each call that the healthy run made, with each way in which it can go wrong.
    private static func faults(_ counts: [FaultShim.Call: Int]) -> [Fault] {
      FaultShim.Call.allCases.flatMap { call in
        let effects: [FaultShim.Effect] =
          switch call {
          case .write: [.eio, .noSpace, .short]
          case .read: [.eio, .short]
          case .open, .rename, .fallocate: [.eio, .noSpace]
          case .fdatasync, .fsync, .ftruncate, .unlink: [.eio]
          }
        return (0..<(counts[call] ?? 0)).flatMap { index in
          effects.map { Fault(call: call, nth: index + 1, effect: $0) }
            // The disk that fails for good.
            + ([.write, .fdatasync].contains(call)
              ? [Fault(call: call, nth: index + 1, effect: .eio, all: true)] : [])
        }
      }
    }

    /// Runs differ by a call or two, so not every last one is hit; but a test of nothing would be
    /// worthless.
    private static func checkCoverage(_ results: [(Fault, FaultRun.Result)], of count: Int) {
      let hit = results.filter { $0.1.hits > 0 }
      #expect(count > 60)
      #expect(hit.count >= count * 9 / 10, "\(hit.count) of \(count) faults came to pass")
      for call in [FaultShim.Call.write, .fdatasync, .fsync, .rename, .open, .read, .unlink] {
        #expect(hit.contains { $0.0.call == call }, "no \(call) failed")
      }
      #expect(hit.contains { $0.1.status == 74 })
      #expect(hit.contains { $0.1.status == 0 })
    }

    private static func inParallel(
      _ faults: [Fault], _ body: @escaping @Sendable (Int, Fault) async -> Void
    ) async {
      await withTaskGroup(of: Void.self) { group in
        for (index, fault) in faults.enumerated() {
          if index >= 6 { await group.next() }
          group.addTask { await body(index, fault) }
        }
      }
    }
  }
}
