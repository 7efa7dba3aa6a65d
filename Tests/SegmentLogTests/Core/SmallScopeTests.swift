import Testing

@testable import SegmentLog

/// Three messages and every order of what can happen to them, up to six steps.
@Suite("Every order of few operations")
struct SmallScopeTests {
  enum Step: Hashable, CustomStringConvertible {
    case enqueue
    case deliver(Int)
    case die(Int)
    case rotate
    case compact
    case powerCut
    case restart
    case stop

    var description: String {
      switch self {
      case .enqueue: "enqueue"
      case .deliver(let number): "deliver \(number)"
      case .die(let number): "die \(number)"
      case .rotate: "rotate"
      case .compact: "compact"
      case .powerCut: "power cut"
      case .restart: "restart"
      case .stop: "stop"
      }
    }
  }

  /// What matters for which steps make sense next.
  private struct Shape {
    var states: [RecordStatus.State] = []
    var hasFrames = false
    var hasEnded = false
    var last: Step?

    var steps: [Step] {
      var steps: [Step] = []
      if states.count < 3 { steps.append(.enqueue) }
      for (index, state) in states.enumerated() where state == .pending {
        steps.append(.deliver(index + 1))
        if index == 0 { steps.append(.die(1)) }
      }
      if hasFrames { steps.append(.rotate) }
      if hasEnded && last != .compact { steps.append(.compact) }
      if !states.isEmpty && last != .powerCut && last != .restart && last != .stop {
        steps += [.powerCut, .restart, .stop]
      }
      return steps
    }

    func after(_ step: Step) -> Shape {
      var shape = self
      shape.last = step
      switch step {
      case .enqueue:
        shape.states.append(.pending)
        shape.hasFrames = true
      case .deliver(let number):
        shape.states[number - 1] = .delivered
        (shape.hasFrames, shape.hasEnded) = (true, true)
      case .die(let number):
        shape.states[number - 1] = .dead
        shape.hasFrames = true
      case .rotate, .powerCut, .restart, .stop: shape.hasFrames = false
      case .compact: shape.hasEnded = false
      }
      return shape
    }
  }

  private static func paths(_ length: Int) -> [[Step]] {
    var paths: [([Step], Shape)] = [([], Shape())]
    for _ in 0..<length {
      paths = paths.flatMap { path, shape in
        shape.steps.map { (path + [$0], shape.after($0)) }
      }
    }
    return paths.map(\.0)
  }

  /// Paths of the full length pass through all shorter ones.
  @Test("no live message is ever without its body, and none comes back", arguments: 0..<4)
  func all(part: Int) throws {
    let paths = Self.paths(6)
    #expect(paths.count > 2000)
    for (index, path) in paths.enumerated() where index % 4 == part {
      do { try run(path) } catch {
        Issue.record("\(path): \(error)")
      }
    }
  }

  private func run(_ path: [Step]) throws {
    let log = try TestLog(segmentSize: 16 << 10)
    var shape = Shape()
    for step in path {
      shape = shape.after(step)
      try take(step, log, number: shape.states.count)
    }
    try check(log, shape.states)
    try log.cutPower()
    try check(log, shape.states)
    try flipEachFrame(log)
  }

  private func take(_ step: Step, _ log: TestLog, number: Int) throws {
    switch step {
    case .enqueue: try log.store(number)
    case .deliver(let number): try log.end([UInt64(number)])
    case .die(let number): try log.end([UInt64(number)], .dead, status: 410)
    case .rotate: try log.rotate()
    case .compact: _ = try log.core.compact(nowMs: log.nowMs)
    case .powerCut: try log.cutPower()
    case .restart:
      log.disk.restartKeepingCache()
      try log.restart()
    case .stop:
      try log.core.seal(nowMs: log.nowMs)
      try log.restart()
    }
  }

  private func check(_ log: TestLog, _ states: [RecordStatus.State]) throws {
    guard log.report.damage.isEmpty else {
      throw RunFailure(description: "\(log.report.damage)")
    }
    for (index, state) in states.enumerated() {
      let sequence = UInt64(index + 1)
      let found = log.core.state.state(of: sequence)
      let isGone = found == nil && state == .delivered
      guard found == state || isGone else {
        throw RunFailure(description: "message \(sequence) is \(String(describing: found))")
      }
      if state == .pending || state == .dead {
        guard log.payload(sequence) == "{\"number\":\(sequence)}" else {
          throw RunFailure(description: "message \(sequence) has no body")
        }
      }
    }
    let delivered = UInt64(states.count { $0 == .delivered })
    guard log.core.totals.delivered == delivered,
      log.core.totals.accepted == UInt64(states.count)
    else { throw RunFailure(description: "\(log.core.totals)") }
  }

  /// A flipped bit in any one frame: said where it costs anything, and every other live message has
  /// its body.
  private func flipEachFrame(_ log: TestLog) throws {
    let untouched = LogModelDigest(log, log.disk.clone(seed: 1))
    for segment in log.core.state.holders.map({ log.core.state[$0] }) {
      // What lies beyond the end is void.
      for frame in try scan(log.disk, file: segment.file).frames where frame.offset < segment.end {
        let disk = log.disk.clone(seed: 1)
        disk.flip(segment.file, bit: (Int(frame.offset) + 40) * 8)
        let (core, report) = try LogCore.open(
          disk: disk, options: log.options, nowMs: log.nowMs)
        guard
          !report.damage.isEmpty || report.tornTailBytes > 0
            || LogModelDigest(core, disk) == untouched
        else {
          throw RunFailure(
            description: "the flip at \(frame.offset) of \(segment.file) is not reported")
        }
        for sequence in UInt64(1)...3 where core.locate([sequence])[0] != nil {
          guard LogReader(disk: disk).payloads(at: core.locate([sequence]))[0] != nil else {
            throw RunFailure(
              description: "message \(sequence) has no body after a flip in \(segment.file)")
          }
        }
      }
    }
  }
}
