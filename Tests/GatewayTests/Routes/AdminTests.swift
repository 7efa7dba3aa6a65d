import Delivery
import SegmentLog
import Testing

@testable import Gateway

@Suite("The admin listener", .timeLimit(.minutes(5)))
struct AdminTests {
  private let overview = LogOverview(
    directory: "/var/log/d",
    segments: [
      SegmentOverview(
        id: 1, file: "wal-0000000000000001.seg", state: .sealed, frames: 3, messages: 5, live: 0,
        rawBytes: 100, storedBytes: 40, firstAtMs: 0, lastAtMs: 1000),
      SegmentOverview(
        id: 2, file: "wal-0000000000000002.seg", state: .active, frames: 1, messages: 2, live: 2,
        rawBytes: 50, storedBytes: 30, keptBecause: "2 live messages"),
    ], bytesOnDisk: 12_345)

  @Test("/log shows the segments, their totals and why each is kept")
  func log() async throws {
    try await World.run { world in
      world.store.state.withLock { $0.overview = overview }
      let answer = try #require(try await world.talk(get("/log"), admin: true).first)
      #expect(answer.status == 200)
      #expect(
        answer.body
          == #"{"Directory":"/var/log/d","BytesOnDisk":12345,"Totals":{"Segments":2,"Frames":4,"#
          + #""Messages":7,"Live":2,"RawBytes":150,"StoredBytes":70},"Segments":[{"Id":1,"#
          + #""File":"wal-0000000000000001.seg","State":"sealed","Frames":3,"Messages":5,"Live":0,"#
          + #""RawBytes":100,"StoredBytes":40,"FirstAt":"1970-01-01T00:00:00.000Z","#
          + #""LastAt":"1970-01-01T00:00:01.000Z","KeptBecause":null},{"Id":2,"#
          + #""File":"wal-0000000000000002.seg","State":"active","Frames":1,"Messages":2,"Live":2,"#
          + #""RawBytes":50,"StoredBytes":30,"FirstAt":null,"LastAt":null,"#
          + #""KeptBecause":"2 live messages"}]}"#)
    }
  }

  @Test("/log names what is damaged, and what is lost with it")
  func damage() async throws {
    try await World.run { world in
      var damage = Damage(
        kind: .block, file: "wal-0000000000000001.seg", offset: 8192, end: 8292,
        reason: "it is rotten", lost: 3...5)
      damage.uuids = ["a", "b"]
      damage.ended = 1
      world.store.state.withLock {
        $0.overview = overview
        $0.overview.damage = [damage]
      }
      let answer = try #require(try await world.talk(get("/log"), admin: true).first)
      #expect(
        answer.body.hasSuffix(
          #","Damage":[{"File":"wal-0000000000000001.seg","Offset":8192,"Bytes":100,"#
            + #""Reason":"it is rotten","FirstLost":3,"LastLost":5,"Lost":2,"#
            + #""UUIDs":["a","b"]}]}"#))
    }
  }

  @Test("/log/compact tells what it removed and kept")
  func compact() async throws {
    try await World.run { world in
      world.store.state.withLock { $0.overview = overview }
      let answer = try #require(
        try await world.talk(get("/log/compact", method: "POST"), admin: true).first)
      #expect(answer.status == 200)
      #expect(answer.body.hasPrefix(#"{"Removed":[{"Id":1,"#))
      #expect(answer.body.contains(#""Kept":[{"Id":2,"#))
      #expect(answer.body.hasSuffix(#""BytesBefore":300,"BytesAfter":200}"#))
    }
  }

  @Test("GET /log/compact tells what a compaction would do, and how far one is")
  func compactionPreview() async throws {
    try await World.run { world in
      let answer = try #require(
        try await world.talk(get("/log/compact"), admin: true).first)
      #expect(answer.status == 200)
      #expect(
        answer.body
          == #"{"Segments":[{"File":"wal-1","Job":0,"Reason":"1 of 9 live"},"#
          + #"{"File":"wal-2","Job":null,"Reason":"active"}],"#
          + #""Progress":{"Jobs":3,"Done":1,"Bytes":5,"Expected":9}}"#)
    }
  }

  @Test("messages are posted and read there too")
  func messages() async throws {
    try await World.run { world in
      let answers = try await world.talk(
        post(envelope("m-1")) + get("/messages/nobody"), responses: 2, admin: true)
      #expect(answers.map(\.status) == [202, 404])
    }
  }

  @Test("with a token everything but the probes asks for it")
  func token() async throws {
    try await World.run(adminToken: "s3cret") { world in
      for path in ["/log", "/metrics", "/messages/m-1", "/nowhere"] {
        for given in ["", "Bearer s3cre", "Bearer s3cretx", "Bearer ", "Basic s3cret", "s3cret"] {
          let fields = given.isEmpty ? "" : "Authorization: \(given)\r\n"
          let answer = try #require(
            try await world.talk(get(path, fields: fields), admin: true).first)
          #expect(answer.status == 401)
          #expect(answer.field("WWW-Authenticate") == #"Bearer realm="dispatcher""#)
          #expect(answer.field("Content-Type") == "application/problem+json")
        }
      }
      let refused = try await world.talk(post(envelope("m-1")), admin: true)
      #expect(refused.map(\.status) == [401])
      #expect(world.store.stored.isEmpty)
      let fields = "Authorization: bearer s3cret\r\n"
      let answers = try await world.talk(
        get("/log", fields: fields) + get("/healthz") + get("/readyz")
          + post(envelope("m-1"), fields: fields), responses: 4, admin: true)
      #expect(answers.map(\.status) == [200, 200, 200, 202])
      // The main listener has no token.
      #expect(try await world.talk(post(envelope("m-2"))).map(\.status) == [202])
    }
  }

  @Test(
    "only an IP address or localhost is taken as Host",
    arguments: [
      ("localhost", 200), ("LOCALHOST:8081", 200), ("127.0.0.1:8081", 200), ("10.1.2.3", 200),
      ("[::1]:8081", 200), ("[::1]", 200), ("evil.example", 421), ("localhost.evil.example", 421),
      ("127.0.0.1.evil.example", 421), ("", 421), ("300.1.1.1", 421),
    ])
  func host(host: String, status: Int) async throws {
    try await World.run { world in
      let request = "GET /log HTTP/1.1\r\nHost: \(host)\r\n\r\n"
      #expect(try await world.talk(request, admin: true).map(\.status) == [status])
      let posted = try await world.talk(post(envelope("m-1"), host: host), admin: true)
      #expect(posted.map(\.status) == [status == 200 ? 202 : 421])
      let mainRequest = "GET /healthz HTTP/1.1\r\nHost: \(host)\r\n\r\n"
      #expect(try await world.talk(mainRequest).map(\.status) == [200])
    }
  }

  @Test("a listener for other machines is called by any name, by those who have its token")
  func anyHost() async throws {
    let request = "GET /log HTTP/1.1\r\nHost: dispatcher.internal:8081\r\n"
    let token = "Authorization: Bearer s3cret\r\n"
    try await World.run(adminToken: "s3cret", adminTakesAnyHost: true) { world in
      let answers = try await world.talk(
        request + "\r\n" + request + token + "\r\n", responses: 2, admin: true)
      #expect(answers.map(\.status) == [401, 200])
      let page = request + token + "Origin: http://evil.example\r\n\r\n"
      #expect(try await world.talk(page, admin: true).map(\.status) == [403])
    }
    try await World.run(adminTakesAnyHost: true) { (world) async throws -> Void in
      #expect(try await world.talk(request + "\r\n", admin: true).map(\.status) == [421])
    }
  }

  @Test(
    "requests of other web pages are refused",
    arguments: [
      ("http://localhost:8081", 200), ("HTTP://LOCALHOST:8081", 200),
      ("https://localhost:8081", 200), ("http://localhost", 403), ("http://localhost:80811", 403),
      ("http://evil.example", 403), ("null", 403), ("", 403),
    ])
  func origin(origin: String, status: Int) async throws {
    try await World.run { world in
      let request =
        "POST /log/compact HTTP/1.1\r\nHost: localhost:8081\r\nOrigin: \(origin)\r\n\r\n"
      let answers = try await world.talk(request, admin: true)
      #expect(answers.map(\.status) == [status])
    }
  }
}
