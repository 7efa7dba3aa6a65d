import Foundation
import NIOCore
import Testing

@testable import Gateway

@Suite("Bodies in gzip", .timeLimit(.minutes(5)))
struct GzipTests {
  /// `gzip -9` of `envelope("m-1")`.
  private static let message = bytes(
    "H4sIAAAAAAACA6tWCg31dFGyUsrVNVTSUQotygGyM0pKCqz09XMrdUuLcvSBwr6pJRn5KUCZAP/gECDfKT+lEsirrlWqBQCK1hONQQAAAA=="
  )
  /// 200,000 letters "a", in a few hundred bytes.
  private static let bomb = bytes(
    "H4sIAAAAAAACA+3BMQEAAADCoKzrX8IM/kABAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
      + "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
      + "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
      + "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAK8Bm1Np4EANAwA="
  )

  private static func bytes(_ base64: String) -> [UInt8] {
    Array(Data(base64Encoded: base64) ?? Data())
  }

  private func inflate(_ bytes: [UInt8], limit: Int = 1000) throws(Gzip.Failure) -> String {
    String(buffer: try Gzip.inflate(ByteBuffer(bytes: bytes), limit: limit))
  }

  private func post(
    _ world: World, _ body: [UInt8], encoding: String
  ) async throws -> RawResponse {
    let client = try await RawClient.connect(world.main)
    let head =
      "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Encoding: \(encoding)\r\n"
      + "Content-Length: \(body.count)\r\n\r\n"
    try await client.send(Array(head.utf8) + body)
    defer { Task { await client.close() } }
    return try #require(try await client.responses(1).first)
  }

  @Test("a member is read, and several are read as one")
  func members() throws {
    #expect(try inflate(Self.message) == envelope("m-1"))
    #expect(try inflate(Self.message + Self.message) == envelope("m-1") + envelope("m-1"))
  }

  @Test("nothing, half of it, other bytes and what follows it are malformed")
  func malformed() {
    let damaged = Self.message.prefix(20) + [0xFF] + Self.message.dropFirst(21)
    for bytes in [
      [], Array(Self.message.dropLast()), Array(damaged), Array("{}".utf8),
      Self.message + [0], Self.message + Array("more".utf8),
    ] {
      #expect(throws: Gzip.Failure.malformed) { try inflate(bytes) }
    }
  }

  @Test("what comes out is bounded to the byte, however little went in")
  func bounded() throws {
    #expect(try inflate(Self.bomb, limit: 200_000).utf8.count == 200_000)
    #expect(throws: Gzip.Failure.tooLarge) { try inflate(Self.bomb, limit: 199_999) }
    #expect(throws: Gzip.Failure.tooLarge) {
      try inflate(Self.message + Self.message, limit: 2 * envelope("m-1").utf8.count - 1)
    }
  }

  @Test(
    "a message in gzip is stored as it was meant", arguments: ["gzip", "X-GZIP", "identity, gzip"])
  func stored(encoding: String) async throws {
    try await World.run { world in
      let answer = try await post(world, Self.message, encoding: encoding)
      #expect(answer.status == 202)
      #expect(world.store.message("m-1")?.body == Array("{}".utf8))
    }
  }

  @Test("a bomb is 413, what is no gzip is 400, and the connection is kept")
  func refused() async throws {
    try await World.run { world in
      let large = try await post(world, Self.bomb, encoding: "gzip")
      #expect(large.status == 413)
      #expect(large.body.contains(#""type":"body-too-large""#))
      let wrong = try await post(world, Array(envelope("m-1").utf8), encoding: "gzip")
      #expect(wrong.status == 400)
      #expect(wrong.body.contains(#""type":"invalid-encoding""#))
      #expect(wrong.field("Connection") == nil)
      #expect(world.store.stored.isEmpty)
    }
  }

  @Test(
    "another coding is refused with those that are read",
    arguments: ["br", "deflate", "gzip, gzip", "gzip, br", "zstd"])
  func otherCodings(encoding: String) async throws {
    try await World.run { world in
      let answer = try await post(world, Self.message, encoding: encoding)
      #expect(answer.status == 415)
      #expect(answer.field("Accept-Encoding") == "gzip, identity")
      #expect(answer.body.contains(encoding))
    }
  }

  @Test("a refused media type says nothing of codings")
  func mediaType() async throws {
    try await World.run { (world) async throws -> Void in
      let body = GatewayTests.post("<a/>", fields: "Content-Type: text/xml\r\n")
      let answer = try #require(try await world.talk(body).first)
      #expect(answer.status == 415)
      #expect(answer.field("Accept-Encoding") == nil)
    }
  }
}
