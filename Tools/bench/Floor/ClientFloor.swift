import ArgumentParser
import AsyncHTTPClient
import Foundation
import NIOCore
import NIOPosix

/// The floor of delivering: AsyncHTTPClient straight to the receiver, with the settings Dispatcher
/// uses, a fixed number of calls in flight, no log and no schedule.
struct ClientFloorCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "client-floor", abstract: "AsyncHTTPClient straight to the receiver.",
    shouldDisplay: false)

  @Option var port: Int
  @Option var count = 20_000
  @Option var workers = 64
  @Option var bytes = 600

  func run() async throws {
    var configuration = HTTPClient.Configuration()
    configuration.httpVersion = .http1Only
    configuration.redirectConfiguration = .disallow
    configuration.decompression = .disabled
    configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = workers
    configuration.connectionPool.retryConnectionEstablishment = false
    let client = HTTPClient(
      eventLoopGroup: MultiThreadedEventLoopGroup(numberOfThreads: 2),
      configuration: configuration)
    var samples = SampleMessages(seed: 7)
    let bodies = (0..<1024).map { _ in ByteBuffer(string: samples.body(bytes: bytes)) }
    let cpu = ownCPUSeconds()
    let start = nowNanoseconds()
    let (count, workers, port) = (count, workers, port)
    try await withThrowingTaskGroup(of: Void.self) { tasks in
      for worker in 0..<workers {
        tasks.addTask {
          for index in stride(from: worker, to: count, by: workers) {
            var request = HTTPClientRequest(url: "http://127.0.0.1:\(port)/hook")
            request.method = .POST
            request.headers.add(name: "Content-Type", value: "application/json")
            request.body = .bytes(bodies[index % bodies.count])
            let response = try await client.execute(request, timeout: .seconds(10))
            _ = try await response.body.collect(upTo: 65_536)
          }
        }
      }
      try await tasks.waitForAll()
    }
    let seconds = Double(nowNanoseconds() - start) / 1e9
    let result = LoadResult(
      answered: count, refusals: [:], seconds: seconds, cpuSeconds: ownCPUSeconds() - cpu, p50Ms: 0,
      p99Ms: 0)
    print(String(decoding: try JSONEncoder().encode(result), as: UTF8.self))
    flushOutput()
    try await client.shutdown()
  }
}
