import Foundation
import Testing

extension EndToEnd {
  @Suite("bad input from outside") struct BadInput {
    let folder: TemporaryDirectory
    init() throws { folder = try TemporaryDirectory() }

    static let url = #""Url":"http://127.0.0.1:9/""#

    /// Body, status, pointer that must be named (nil: any or none).
    static let bodies: [(String, Int, String?)] = [
      ("", 400, nil), ("hello", 400, nil), ("[1", 400, nil), ("null", 400, nil),
      ("{}", 400, "/Url"),
      (#"{"Url":1}"#, 400, "/Url"), (#"{\#(url),"Timeout":"1"}"#, 400, "/Timeout"),
      (#"{\#(url),"Timeout":-1}"#, 400, "/Timeout"),
      (#"{\#(url),"Timeout":1e99}"#, 400, "/Timeout"),
      (#"{\#(url),"Timeout":900001}"#, 400, "/Timeout"),
      (#"{\#(url),"url":"http://b/"}"#, 400, "/url"), (#"{\#(url),"Extra":1}"#, 400, "/Extra"),
      (#"{\#(url),"Body":"\ud800"}"#, 400, nil), (#"{\#(url),}"#, 400, nil),
      (#"{\#(url)} x"#, 400, nil), ("{\(url),\"Body\":\"a\u{1}b\"}", 400, nil),
      (String(repeating: "[", count: 100_000), 400, nil),
      (#"{\#(url),"Header":"# + String(repeating: #"{"a":"#, count: 100_000), 400, nil),
      (#"{"Url":"/relative"}"#, 400, "/Url"), (#"{"Url":"ftp://a/"}"#, 400, "/Url"),
      (#"{"Url":"http://u:p@a/"}"#, 400, "/Url"), (#"{"Url":"http://a:70000/"}"#, 400, "/Url"),
      (#"{"Url":"http:///x"}"#, 400, "/Url"), (#"{"Url":"http://a b/"}"#, 400, "/Url"),
      (#"{\#(url),"Header":{"X\r\nY":"1"}}"#, 400, nil),
      (#"{\#(url),"Header":{"X":"1\r\n2"}}"#, 400, "/Header/X"),
      (#"{\#(url),"Header":{"X":"1\u0000"}}"#, 400, "/Header/X"),
      (#"{\#(url),"Header":{"X Y":"1"}}"#, 400, "/Header/X Y"),
      (#"{\#(url),"Header":{"Content-Length":"1"}}"#, 400, "/Header/Content-Length"),
      (#"{\#(url),"Header":{"Host":"x"}}"#, 400, "/Header/Host"),
      (#"{\#(url),"Header":{"Connection":"close"}}"#, 400, "/Header/Connection"),
      (#"{\#(url),"Header":{"Dispatcher-Attempt":"1"}}"#, 400, "/Header/Dispatcher-Attempt"),
      (
        #"{\#(url),"Header":{"Content-Type":["text/plain","text/html"]}}"#, 400,
        "/Header/Content-Type"
      ),
      (#"{\#(url),"Header":{"authorization":["a","b"]}}"#, 400, "/Header/authorization"),
      (
        #"{\#(url),"Header":{"X":[\#(Array(repeating: "\"1\"", count: 101).joined(separator: ","))]}}"#,
        400, "/Header"
      ),
      (#"{\#(url),"Method":"CONNECT"}"#, 400, "/Method"),
      (#"{\#(url),"Method":"TRACE"}"#, 400, "/Method"),
      (#"{\#(url),"Method":"GE T"}"#, 400, "/Method"), (#"{\#(url),"Method":""}"#, 400, "/Method"),
      (#"{\#(url),"UUID":"a b"}"#, 400, "/UUID"), (#"{\#(url),"UUID":""}"#, 400, "/UUID"),
      (#"{\#(url),"UUID":"\#(String(repeating: "a", count: 129))"}"#, 400, "/UUID"),
      (#"{\#(url),"Body":"a","BodyBase64":"YQ=="}"#, 400, "/BodyBase64"),
      (#"{\#(url),"BodyBase64":"@@"}"#, 400, "/BodyBase64"),
      (#"{\#(url),"Delay":-1}"#, 400, "/Delay"),
      (#"{\#(url),"Delay":1,"NotBefore":"2030-01-01T00:00:00Z"}"#, 400, "/NotBefore"),
      (#"{\#(url),"NotBefore":"tomorrow"}"#, 400, "/NotBefore"),
    ]

    @Test("each bad body gets a 4xx problem that names the field, and nothing is stored")
    func badBodies() async throws {
      let service = try await Service.start(log: folder.path("log"))
      for (body, status, pointer) in Self.bodies {
        let answer = try await service.post(body)
        let shown = body.prefix(80)
        #expect(answer.status == status, "\(shown): \(answer.text)")
        #expect(answer.header("Content-Type") == "application/problem+json", "\(shown)")
        let problem = try answer.object()
        #expect((problem["detail"] as? String ?? problem["title"] as? String)?.isEmpty == false)
        if let pointer {
          let pointers = (problem["errors"] as? [[String: Any]])?.compactMap {
            $0["pointer"] as? String
          }
          #expect(pointers?.contains(pointer) == true, "\(shown): \(answer.text)")
        }
      }
      let bad = try await request(
        port: service.port, method: "POST", path: "/",
        headers: [("Content-Type", "application/json")],
        body: Array(#"{"Url":"http://127.0.0.1:9/","Body":""#.utf8) + [0xff, 0xfe]
          + Array(#""}"#.utf8))
      #expect(bad.status == 400, "bad UTF-8")
      let large = try await service.post(
        #"{\#(Self.url),"Body":"\#(String(repeating: "x", count: 1_100_000))"}"#)
      #expect(large.status == 413)
      #expect(try await service.metrics()["dispatcher_accepted_total"] == 0)
      #expect(try await service.post(#"{\#(Self.url)}"#).status == 202, "it still serves")
      try await service.stop()
    }

    @Test("the program's own listeners are refused as Url, by address and as localhost")
    func ownListeners() async throws {
      let service = try await Service.start(log: folder.path("log"))
      for port in [service.port, service.adminPort] {
        for host in ["127.0.0.1", "localhost", "LOCALHOST.", "[::ffff:127.0.0.1]", "0x7f.1"] {
          let answer = try await service.post(#"{"Url":"http://\#(host):\#(port)/"}"#)
          #expect(answer.status == 400, "\(host)")
          #expect(answer.text.contains(#""pointer":"/Url""#), "\(host): \(answer.text)")
        }
      }
      try await service.stop()
    }

    @Test("content types: JSON, none and curl's default are taken, another is 415")
    func contentTypes() async throws {
      let service = try await Service.start(log: folder.path("log"))
      let body = #"{\#(Self.url)}"#
      for type in [nil, "application/json; charset=utf-8", "application/x-www-form-urlencoded"] {
        #expect(try await service.post(body, contentType: type).status == 202, "\(type ?? "none")")
      }
      #expect(try await service.post(body, contentType: "text/xml").status == 415)
      try await service.stop()
    }

    @Test("methods and paths: 405 with Allow, 404 as a problem")
    func routes() async throws {
      let service = try await Service.start(log: folder.path("log"))
      for method in ["GET", "HEAD", "PUT", "DELETE"] {
        let answer = try await request(port: service.port, method: method, path: "/")
        #expect(answer.status == 405, "\(method)")
        #expect(answer.header("Allow")?.contains("POST") == true, "\(method)")
      }
      #expect(try await service.get("/nothing/here").status == 404)
      let unknown = try await service.get("/messages/unknown")
      #expect(unknown.status == 404)
      #expect(unknown.header("Content-Type") == "application/problem+json")
      try await service.stop()
    }

    @Test("pipelined requests are answered in order, enqueue and reads mixed")
    func pipelining() async throws {
      let service = try await Service.start(log: folder.path("log"))
      let connection = try await RawConnection(port: service.port)
      var bytes = ""
      for index in 0..<20 {
        let body = #"{"UUID":"p\#(index)",\#(Self.url),"Delay":60000}"#
        bytes +=
          "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
          + "GET /messages/p\(index) HTTP/1.1\r\nHost: a\r\n\r\n"
      }
      try await connection.send(bytes)
      let answers = try await connection.answers(40)
      for index in 0..<20 {
        #expect(answers[2 * index].status == 202)
        #expect(answers[2 * index].text.contains("\"p\(index)\""))
        #expect(answers[2 * index + 1].status == 200)
        #expect(answers[2 * index + 1].text.contains("\"p\(index)\""))
      }
      await connection.close()
      try await service.stop()
    }

    @Test("chunked bodies, 100-continue and HTTP/1.0 work; smuggling attempts are refused")
    func protocolDetails() async throws {
      let service = try await Service.start(log: folder.path("log"))
      let body = #"{\#(Self.url)}"#
      let length = body.utf8.count
      let head = "POST / HTTP/1.1\r\nHost: a\r\n"
      let chunk = "\(String(length, radix: 16))\r\n\(body)\r\n0\r\n\r\n"
      let good = [
        head + "Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk,
        head + "Connection: close\r\nExpect: 100-continue\r\nContent-Length: \(length)\r\n\r\n"
          + body,
        "POST / HTTP/1.0\r\nContent-Length: \(length)\r\n\r\n" + body,
      ]
      for text in good {
        let connection = try await RawConnection(port: service.port)
        try await connection.send(text)
        let last = try Answer.parse(try await connection.readToEnd()).last
        #expect(last?.status == 202, "\(text)")
      }
      let accepted = try await service.metrics()["dispatcher_accepted_total"]
      let bad = [
        head + "Content-Length: \(length)\r\nContent-Length: \(length + 1)\r\n\r\n" + body,
        head + "Content-Length: \(length)\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk,
        head + "Content-Length : \(length)\r\n\r\n" + body,
        head + "Transfer-Encoding: chunked\r\n\r\nxyz\r\n\(body)\r\n0\r\n\r\n",
        "POST / HTTP/3.0\r\nHost: a\r\nContent-Length: \(length)\r\n\r\n" + body,
        "\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}\u{0}\u{1}", "hello there\r\n\r\n",
      ]
      for text in bad {
        let connection = try await RawConnection(port: service.port)
        try await connection.send(text)
        let answers = try Answer.parse(try await connection.readToEnd())
        #expect(answers.allSatisfy { (400...505).contains($0.status) }, "\(text)")
      }
      #expect(try await service.metrics()["dispatcher_accepted_total"] == accepted)
      try await service.stop()
    }

    @Test("ten thousand idle connections do not keep others out")
    func idleConnections() async throws {
      let service = try await Service.start(log: folder.path("log"))
      var limit = rlimit()
      getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
      limit.rlim_cur = limit.rlim_max
      setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
      let wanted = min(10_000, Int(limit.rlim_cur) - 500)
      var sockets: [Int32] = []
      defer { for socket in sockets { close(socket) } }
      for index in 0..<wanted {
        // Spread over the loopback range so that one source does not run out of ports.
        guard let socket = Self.connect(port: service.port, host: index / 5000 + 1) else { break }
        sockets.append(socket)
      }
      #expect(sockets.count == wanted)
      #expect(try await service.post(#"{\#(Self.url)}"#).status == 202)
      try await service.stop()
    }

    @Test("connections that take all they can leave the log and the operator what they need")
    func descriptors() async throws {
      let service = try await Service.start(
        log: folder.path("log"), environment: ["DISPATCHER_SEGMENT_SIZE": "256KiB"],
        descriptors: 300)
      let sockets = (0..<400).compactMap { _ in Self.connect(port: service.port, host: 1) }
      defer { for socket in sockets { close(socket) } }
      #expect(sockets.count == 400)
      // The one that has been idle for longest makes room for whoever comes, as soon as the burst is
      // over: within it a newcomer may be turned away.
      let first = try await eventually("a connection that is served") {
        let connection = try await RawConnection(port: service.port)
        try? await connection.send("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
        let answers = try? await connection.answers(1)
        return answers?.first?.status == 200 ? connection : nil
      }
      // Several segments: each is a file to be opened.
      for index in 0..<48 {
        var generator = SystemRandomNumberGenerator()
        let noise = (0..<4096).map { _ in String(generator.next() as UInt64, radix: 36) }.joined()
        let body = #"{"UUID":"m\#(index)",\#(Self.url),"Delay":60000,"Body":"\#(noise)"}"#
        try await first.send(
          "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)")
      }
      // The first answer is that of the question above.
      let answers = try await first.answers(49).dropFirst()
      #expect(answers.map(\.status) == Array(repeating: 202, count: 48))
      #expect(try await service.metrics()["dispatcher_log_segments"] ?? 0 > 2)
      #expect(service.errors.contains("limit of open files"))
      await first.close()
      try await service.stop()
    }

    private static func connect(port: Int, host: Int) -> Int32? {
      let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
      guard descriptor >= 0 else { return nil }
      var address = sockaddr_in()
      address.sin_family = sa_family_t(AF_INET)
      address.sin_port = UInt16(port).bigEndian
      address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
      let result = withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          Foundation.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
        }
      }
      if result == 0 { return descriptor }
      close(descriptor)
      return nil
    }
  }
}
