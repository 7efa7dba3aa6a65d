import Testing

@testable import Gateway
@testable import SegmentLog

@Suite("Health and readiness", .timeLimit(.minutes(5)))
struct HealthTests {
  @Test(
    "/healthz is 200 in every state and names it; /readyz is 200 only while serving",
    arguments: [
      (nil, "recovering", 503), (ServiceState.serving, "serving", 200),
      (.drainOnly(reason: "wal-1.seg is damaged"), "drain-only", 503),
      (.draining, "draining", 503),
    ])
  func states(state: ServiceState?, word: String, readiness: Int) async throws {
    try await World.run(state: state) { world in
      for admin in [false, true] {
        let health = try #require(try await world.talk(get("/healthz"), admin: admin).first)
        #expect(health.status == 200)
        #expect(health.body.contains(#""State":"\#(word)""#))
        let ready = try #require(try await world.talk(get("/readyz"), admin: admin).first)
        #expect(ready.status == readiness)
        if readiness == 503 {
          #expect(ready.field("Content-Type") == "application/problem+json")
          #expect(ready.field("Retry-After") != nil)
        }
        if word == "drain-only" {
          #expect(health.body.contains("wal-1.seg is damaged"))
          #expect(ready.body.contains("wal-1.seg is damaged"))
        }
      }
    }
  }

  @Test(
    "a full disk is named, and is no reason to take the process out: only new messages are refused")
  func fullDisk() async throws {
    try await World.run { world in
      world.store.state.withLock { $0.log.space = .low }
      for path in ["/healthz", "/readyz"] {
        let answer = try #require(try await world.talk(get(path)).first)
        #expect(answer.status == 200)
        #expect(answer.body.contains("the disk is nearly full"))
      }
    }
  }

  @Test("damage that the running log found is named where everything is served all the same")
  func damage() async throws {
    try await World.run { world in
      world.store.state.withLock {
        $0.log.damagedFrames = 2
        $0.log.unreadableMessages = 7
      }
      let answer = try #require(try await world.talk(get("/healthz")).first)
      #expect(answer.status == 200)
      #expect(answer.body.contains("damaged in 2 places"))
      #expect(answer.body.contains("7 waiting messages can't be read"))
    }
  }

  @Test("the background check of the log says how far it is and when it had read all")
  func verification() async throws {
    try await World.run { world in
      let before = try #require(try await world.talk(get("/healthz")).first)
      #expect(!before.body.contains("LogVerif"))
      world.store.state.withLock {
        $0.log.verification.files = 12
        $0.log.verification.done = 3
        $0.log.verification.completedAtMs = 1_700_000_000_000
      }
      let answer = try #require(try await world.talk(get("/healthz")).first)
      #expect(answer.body.contains(#""LogVerifying":"3 of 12 files""#))
      #expect(answer.body.contains(#""LogVerifiedAt":"2023-11-14T22:13:20"#))
    }
  }

  @Test("a sync that hangs is named while it does")
  func hangingSync() async throws {
    try await World.run { world in
      world.store.state.withLock {
        $0.log.hangingSync = HangingSync(file: "wal-1", seconds: 9)
      }
      let answer = try #require(try await world.talk(get("/healthz")).first)
      #expect(answer.status == 200 && answer.body.contains("a sync of wal-1 takes 9 s"))
    }
  }

  @Test("a checkpoint that can't be written is named, and is no reason to take the process out")
  func checkpoint() async throws {
    try await World.run { world in
      for space in [SpaceLevel.enough, .low] {
        world.store.state.withLock {
          $0.log.space = space
          $0.log.checkpointFailure = DiskError(operation: .sync, file: "ckpt.tmp", code: 5)
        }
        let answer = try #require(try await world.talk(get("/healthz")).first)
        #expect(answer.status == 200)
        #expect(answer.body.contains("no checkpoint can be written"))
        #expect(answer.body.contains("ckpt.tmp"))
        #expect(answer.body.contains("nearly full") == (space == .low))
      }
    }
  }
}
