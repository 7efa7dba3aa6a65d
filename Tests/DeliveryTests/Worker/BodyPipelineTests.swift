import Testing

@testable import Delivery

@Suite("The way of bodies")
struct BodyPipelineTests {
  private func ref(_ number: UInt64) -> MessageRef { MessageRef(lane: 0, number: number) }

  private func start(_ number: UInt64, ahead: ClosedRange<UInt64>? = nil) -> Scheduler.Start {
    let origin = Origin(normalised: "http://b:80")
    let entry = PendingEntry(ref: ref(number), origin: origin, ageFromMs: 0)
    return Scheduler.Start(
      message: Waiting(entry), origin: origin,
      ahead: (ahead.map { Array($0) } ?? []).map { ref($0) })
  }

  private func message(_ number: UInt64, bytes: Int = 100) -> Message {
    Message(
      uuid: "m-\(number)", url: "http://b/", origin: Origin(normalised: "http://b:80"),
      body: [UInt8](repeating: 0, count: bytes))
  }

  private func drain(_ pipeline: inout BodyPipeline) -> [UInt64] {
    var numbers: [UInt64] = []
    while let job = pipeline.nextJob() {
      numbers.append(job.start.ref.number)
      pipeline.finished(job)
    }
    return numbers
  }

  @Test("a started message is read once and becomes a job")
  func oneMessage() {
    var pipeline = BodyPipeline(bytesMax: 1 << 20, bodyMax: 1000)
    pipeline.want(start(1))
    #expect(pipeline.nextFetch() == [ref(1)])
    #expect(pipeline.nextFetch() == [])
    #expect(pipeline.arrived([ref(1)], [message(1)]).isEmpty)
    #expect(drain(&pipeline) == [1])
    #expect(pipeline.bytesInUse == 0)
  }

  @Test("what is read ahead comes in the same go and is not read again")
  func ahead() {
    var pipeline = BodyPipeline(bytesMax: 1 << 20, bodyMax: 1000)
    pipeline.want(start(1, ahead: 2...4))
    let refs = pipeline.nextFetch()
    #expect(refs == (1...4).map { ref($0) })
    pipeline.want(start(2))  // while it is being read
    #expect(pipeline.nextFetch() == [])
    _ = pipeline.arrived(refs, (1...4).map { message($0) })
    pipeline.want(start(3))
    #expect(!pipeline.canFetch)
    #expect(drain(&pipeline) == [1, 2, 3])
    pipeline.clear()
    #expect(pipeline.bytesInUse == 0)
  }

  @Test("starts wait for room, one is always let in")
  func budget() {
    var pipeline = BodyPipeline(bytesMax: 10_000, bodyMax: 3976)  // 5 000 with what belongs to it
    for number: UInt64 in 1...5 { pipeline.want(start(number)) }
    let refs = pipeline.nextFetch()
    #expect(refs.count == 2)
    #expect(!pipeline.canFetch)
    _ = pipeline.arrived(refs, refs.map { message($0.number, bytes: 10) })
    #expect(pipeline.nextFetch().count == 1)
    var tiny = BodyPipeline(bytesMax: 0, bodyMax: 1 << 20)
    tiny.want(start(1))
    tiny.want(start(2))
    #expect(tiny.nextFetch() == [ref(1)])
    #expect(tiny.nextFetch() == [])
  }

  @Test("what nobody starts leaves the shelf when others need the room")
  func shelf() {
    var pipeline = BodyPipeline(bytesMax: 40_000, bodyMax: 0)
    for number in stride(from: UInt64(1), to: 400, by: 4) {
      pipeline.want(start(number, ahead: number + 1...number + 3))
      while true {
        let refs = pipeline.nextFetch()
        if refs.isEmpty { break }
        _ = pipeline.arrived(refs, refs.map { message($0.number, bytes: 500) })
      }
      _ = drain(&pipeline)
      #expect(pipeline.bytesInUse <= 10_000)
    }
  }

  @Test("a missing body and a failing store give the start back")
  func missing() {
    var pipeline = BodyPipeline(bytesMax: 1 << 20, bodyMax: 1000)
    pipeline.want(start(1, ahead: 2...3))
    var refs = pipeline.nextFetch()
    #expect(pipeline.arrived(refs, [nil, nil, message(3)]).map(\.ref) == [ref(1)])
    pipeline.want(start(2, ahead: 4...5))
    refs = pipeline.nextFetch()
    #expect(pipeline.failed(refs).map(\.ref) == [ref(2)])
    pipeline.clear()
    #expect(pipeline.bytesInUse == 0)
    pipeline.want(start(2))
    #expect(pipeline.nextFetch() == [ref(2)])
  }

  @Test("at the end nothing begins, and what is being read is accounted for")
  func clear() {
    var pipeline = BodyPipeline(bytesMax: 1 << 20, bodyMax: 1000)
    pipeline.want(start(1))
    let refs = pipeline.nextFetch()
    pipeline.want(start(2))
    pipeline.clear()
    #expect(pipeline.nextFetch() == [])
    _ = pipeline.arrived(refs, [message(1)])
    #expect(pipeline.jobCount == 0)
    pipeline.clear()
    #expect(pipeline.bytesInUse == 0)
  }
}
