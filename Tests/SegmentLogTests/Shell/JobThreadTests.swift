import Dispatch
import Synchronization
import Testing

@testable import SegmentLog

@Suite("A thread for jobs")
struct JobThreadTests {
  @Test("jobs run in order on one context")
  func order() async throws {
    let thread = try JobThread("test-jobs", limit: 1_000) { [Int]() }
    let result = await withCheckedContinuation { continuation in
      for number in 0..<100 {
        #expect(thread.submit { numbers in numbers.append(number) })
      }
      #expect(thread.submit { numbers in continuation.resume(returning: numbers) })
    }
    #expect(result == Array(0..<100))
    await stop(thread)
  }

  @Test("beyond its limit a job is refused")
  func limit() async throws {
    let thread = try JobThread("test-jobs", limit: 2) {}
    let (started, goOn) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
    #expect(
      thread.submit { _ in
        started.signal()
        goOn.wait()
      })
    await withCheckedContinuation { continuation in
      DispatchQueue.global().async {
        started.wait()
        continuation.resume()
      }
    }
    #expect(thread.submit { _ in })
    #expect(thread.submit { _ in })
    #expect(!thread.submit { _ in })
    goOn.signal()
    await stop(thread)
  }

  @Test("what was taken before a stop is still done")
  func stopping() async throws {
    let thread = try JobThread("test-jobs", limit: 100) {}
    let done = Atomic(0)
    for _ in 0..<50 { #expect(thread.submit { _ in done.add(1, ordering: .relaxed) }) }
    await stop(thread)
    #expect(done.load(ordering: .relaxed) == 50)
    #expect(!thread.submit { _ in })
  }

  private func stop<Context>(_ thread: JobThread<Context>) async {
    await withCheckedContinuation { continuation in thread.stop { continuation.resume() } }
  }
}
