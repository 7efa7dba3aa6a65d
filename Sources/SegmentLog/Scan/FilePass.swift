import Dispatch
import Synchronization

/// Work on many files at once, on as many threads as there are cores.
enum FilePass {
  /// The results in the order of `files`. Blocks the calling thread; `inParallel` false: it does
  /// everything, in order.
  static func run<File: Sendable, Result: Sendable>(
    _ files: [File], inParallel: Bool = true, _ work: @Sendable (File) -> Result
  ) -> [Result] {
    guard inParallel, files.count > 1 else { return files.map(work) }
    let results = Results<Result>(count: files.count)
    DispatchQueue.concurrentPerform(iterations: files.count) { index in
      results.set(index, work(files[index]))
    }
    return results.all()
  }

  private final class Results<Result: Sendable>: Sendable {
    private let values: Mutex<[Result?]>
    init(count: Int) { values = Mutex([Result?](repeating: nil, count: count)) }
    func set(_ index: Int, _ value: Result) { values.withLock { $0[index] = value } }
    func all() -> [Result] { values.withLock { $0.compactMap { $0 } } }
  }
}

/// How far a pass over files has come; called from several threads.
package typealias PassProgress = @Sendable (_ bytes: UInt64, _ of: UInt64) -> Void
