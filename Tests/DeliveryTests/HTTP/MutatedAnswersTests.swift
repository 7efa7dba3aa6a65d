import Delivery
import Foundation
import NIOCore
import Synchronization
import Testing

@Suite("Receivers that answer anything")
struct MutatedAnswersTests {
  @Test(
    "no answer ends the process, costs a later one, or is more than a status or a failure",
    .timeLimit(.minutes(5)))
  func anything() async throws {
    // DISPATCHER_SEED repeats a run.
    let seed =
      ProcessInfo.processInfo.environment["DISPATCHER_SEED"].flatMap { UInt64($0) }
      ?? .random(in: 0 ... .max)
    let answers = Mutex(MutatedAnswers(seed: seed))
    let server = try await RawServer { moment in
      let spoiled = answers.withLock { $0.next() }
      for piece in spoiled.pieces {
        moment.channel.writeAndFlush(ByteBuffer(bytes: piece), promise: nil)
      }
      if spoiled.closes { moment.close() }
    }
    let honest = try await RawServer { $0.send(answer()) }
    await SenderWorld.run { world in
      await withTaskGroup(of: Void.self) { group in
        for _ in 0..<16 {
          group.addTask {
            for index in 0..<25 {
              let got = await world.send(
                "http://127.0.0.1:\(server.port)/\(index)", body: "{}", timeout: .milliseconds(300))
              if case .response(let response) = got {
                #expect((101...999).contains(response.status), "seed \(seed)")
              } else {
                #expect(got.failure != nil && !got.detail.isEmpty, "seed \(seed): \(got)")
              }
            }
          }
        }
      }
      #expect(await world.send("http://127.0.0.1:\(honest.port)/") == .status(200), "seed \(seed)")
    }
    await server.stop()
    await honest.stop()
  }
}
