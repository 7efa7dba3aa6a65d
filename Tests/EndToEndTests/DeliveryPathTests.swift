import Foundation
import Testing

extension EndToEnd {
  @Suite("the way of a message") struct DeliveryPath {
    let folder: TemporaryDirectory
    init() throws { folder = try TemporaryDirectory() }

    @Test("the curl of the contract gets a 202 and the destination gets the request, byte for byte")
    func theContractCurl() async throws {
      let receiver = try await Receiver()
      let service = try await Service.start(log: folder.path("log"))
      let script = """
        curl -s -i http://127.0.0.1:\(service.port)/ -XPOST -H "Content-Type: application/json" -d "
        {
          \\"UUID\\": \\"2313a6a1-b522-4a32-81f8-58324925dea1\\",
          \\"Url\\": \\"\(receiver.url)?a=%20b\\",
          \\"Method\\": \\"POST\\",
          \\"Body\\": \\"{}\\",
          \\"Header\\": {
            \\"Content-Type\\": \\"application/json\\",
            \\"X-CaSe\\": \\"Kept\\"
          },
          \\"Timeout\\": 1000
        }"
        """
      let curl = try await ProgramRun.run(URL(fileURLWithPath: "/bin/sh"), ["-c", script])
      let answer = try #require(try Answer.parse(Array(curl.output.utf8)).last)
      #expect(answer.status == 202)
      #expect(answer.header("Location") == "/messages/2313a6a1-b522-4a32-81f8-58324925dea1")
      #expect(
        answer.text == #"{"UUID":"2313a6a1-b522-4a32-81f8-58324925dea1","Duplicate":false}"#)
      let request = try #require(try await receiver.waitFor(1).first)
      #expect(request.method == "POST")
      #expect(request.uri == "/hook?a=%20b")
      #expect(request.body == Array("{}".utf8))
      #expect(request.headers.contains { $0.name == "X-CaSe" && $0.value == "Kept" })
      #expect(request.headers["Content-Type"] == ["application/json"])
      #expect(request.id == "2313a6a1-b522-4a32-81f8-58324925dea1")
      #expect(request.attempt == 1)
      #expect(request.headers.first(name: "webhook-timestamp") != nil)
      #expect(request.headers.first(name: "User-Agent")?.hasPrefix("Dispatcher/") == true)
      let message = try await service.waitForState(
        "delivered", of: "2313a6a1-b522-4a32-81f8-58324925dea1")
      #expect(message["LastStatus"] as? Int == 200)
      #expect(message["Attempts"] as? Int == 1)
      #expect(try await service.stop() == 0)
      await receiver.close()
    }

    @Test("a duplicate is answered as such and not delivered again, other content is a conflict")
    func duplicates() async throws {
      let receiver = try await Receiver()
      let log = folder.path("log")
      var service = try await Service.start(log: log)
      let envelope = #"{"UUID":"twin","Url":"\#(receiver.url)","Body":"a"}"#
      #expect(try await service.post(envelope).text.contains(#""Duplicate":false"#))
      #expect(try await service.post(envelope).text.contains(#""Duplicate":true"#))
      let other = try await service.post(#"{"UUID":"twin","Url":"\#(receiver.url)","Body":"b"}"#)
      #expect(other.status == 409)
      #expect(other.header("Content-Type") == "application/problem+json")
      _ = try await service.waitForState("delivered", of: "twin")
      try await service.stop()
      service = try await Service.start(log: log)
      let again = try await service.post(envelope)
      #expect(again.status == 202)
      #expect(again.text.contains(#""Duplicate":true"#), "the window covers what is in the log")
      try await service.stop()
      #expect(receiver.all.count == 1)
      await receiver.close()
    }

    @Test("a duplicate may be spelled in another way")
    func spellings() async throws {
      let service = try await Service.start(log: folder.path("log"))
      func post(_ url: String, _ method: String, _ header: String) async throws -> Answer {
        try await service.post(
          #"{"UUID":"s","Delay":60000,"Url":"\#(url)","Method":"\#(method)","Header":{\#(header)}}"#
        )
      }
      let first = try await post("http://b.example/A?b", "POST", #""X-A":"1","X-B":["2","3"]"#)
      #expect(first.text.contains(#""Duplicate":false"#))
      for (url, method, header) in [
        ("http://b.example/A?b", "POST", #""X-B":["2","3"],"X-A":"1""#),
        ("HTTP://B.Example/A?b", "post", #""x-a":"1","X-b":["2","3"]"#),
      ] {
        let twin = try await post(url, method, header)
        #expect(twin.status == 202)
        #expect(twin.text.contains(#""Duplicate":true"#), "\(twin.text)")
      }
      for (url, header) in [
        ("http://b.example/a?b", #""X-A":"1","X-B":["2","3"]"#),
        ("http://b.example/A?b", #""X-A":"1","X-B":["3","2"]"#),
      ] {
        #expect(try await post(url, "POST", header).status == 409)
      }
      try await service.stop()
    }

    @Test("what clients send as it is arrives as it is, and a known method in capitals")
    func lenientSpelling() async throws {
      let receiver = try await Receiver()
      let service = try await Service.start(log: folder.path("log"))
      let target = "/[1]/{id}/a|b^`?x[]=1&f={a|b}^`"
      let url = "http://127.0.0.1:\(receiver.port)\(target)"
      let answer = try await service.post(#"{"Url":"\#(url)","Method":"patch"}"#)
      #expect(answer.status == 202, "\(answer.text)")
      let request = try #require(try await receiver.waitFor(1).first)
      #expect(request.uri == target)
      #expect(request.method == "PATCH")
      try await service.stop()
      await receiver.close()
    }

    @Test("a missing UUID is generated as version 7, Idempotency-Key is taken where none is given")
    func identities() async throws {
      let receiver = try await Receiver()
      let service = try await Service.start(log: folder.path("log"))
      let made = try await service.post(#"{"Url":"\#(receiver.url)"}"#).object()
      let uuid = try #require(made["UUID"] as? String)
      #expect(uuid.count == 36)
      #expect(Array(uuid)[14] == "7")
      let keyed = try await request(
        port: service.port, method: "POST", path: "/messages",
        headers: [("Content-Type", "application/json"), ("Idempotency-Key", "order-42")],
        body: Array(#"{"Url":"\#(receiver.url)"}"#.utf8))
      #expect(try keyed.object()["UUID"] as? String == "order-42")
      try await service.stop()
      await receiver.close()
    }

    @Test("bytes that are no text arrive as they were, several values of a header too")
    func binaryBody() async throws {
      let receiver = try await Receiver()
      let service = try await Service.start(log: folder.path("log"))
      let body = (0...255).map { UInt8($0) }
      let encoded = Data(body).base64EncodedString()
      let answer = try await service.post(
        #"{"Url":"\#(receiver.url)","Method":"PUT","BodyBase64":"\#(encoded)","#
          + #""Header":{"X-Many":["one","two"]}}"#)
      #expect(answer.status == 202)
      let request = try #require(try await receiver.waitFor(1).first)
      #expect(request.body == body)
      #expect(request.method == "PUT")
      #expect(request.headers["X-Many"] == ["one", "two"])
      try await service.stop()
      await receiver.close()
    }

    @Test("a failing destination is tried again after 2 s, then 4 s, with the attempt counted")
    func retries() async throws {
      let receiver = try await Receiver { _, index in .init(status: index < 2 ? 503 : 200) }
      let service = try await Service.start(log: folder.path("log"))
      _ = try await service.post(#"{"UUID":"again","Url":"\#(receiver.url)"}"#)
      _ = try await receiver.waitFor(1)
      let waiting = try await service.waitForState("retrying", of: "again")
      #expect(waiting["Attempts"] as? Int == 1)
      #expect(waiting["LastStatus"] as? Int == 503)
      #expect(waiting["NextAttemptAt"] is String)
      let requests = try await receiver.waitFor(3)
      #expect(requests.map(\.attempt) == [1, 2, 3])
      #expect(requests[1].at - requests[0].at > .milliseconds(1900))
      #expect(requests[2].at - requests[1].at > .milliseconds(3900))
      _ = try await service.waitForState("delivered", of: "again")
      try await service.stop()
      await receiver.close()
    }

    @Test("Delay and NotBefore hold a message back until then")
    func laterMessages() async throws {
      let receiver = try await Receiver()
      let service = try await Service.start(log: folder.path("log"))
      let start = ContinuousClock.now
      _ = try await service.post(#"{"UUID":"late","Url":"\#(receiver.url)","Delay":1500}"#)
      let due = Date().addingTimeInterval(2).formatted(.iso8601)
      _ = try await service.post(
        #"{"UUID":"dated","Url":"\#(receiver.url)","NotBefore":"\#(due)"}"#)
      #expect(try await service.message("late")["State"] as? String == "scheduled")
      let requests = try await receiver.waitFor(2)
      let late = try #require(requests.first { $0.id == "late" })
      #expect(late.at - start > .milliseconds(1400))
      try await service.stop()
      await receiver.close()
    }

    @Test("permanent answers and exhausted attempts stand in the dead letters with their reason")
    func deadLetters() async throws {
      let receiver = try await Receiver { request, _ in
        .init(status: request.uri == "/gone" ? 410 : 500)
      }
      let log = folder.path("log")
      var service = try await Service.start(log: log)
      _ = try await service.post(
        #"{"UUID":"gone","Url":"http://127.0.0.1:\#(receiver.port)/gone"}"#)
      _ = try await service.post(
        #"{"UUID":"spent","Url":"\#(receiver.url)","Retry":{"MaxAttempts":1}}"#)
      let gone = try await service.waitForState("dead", of: "gone")
      #expect(gone["LastStatus"] as? Int == 410)
      let spent = try await service.waitForState("dead", of: "spent")
      #expect((spent["LastError"] as? String)?.isEmpty == false)
      _ = try await service.admin("POST", "/log/compact")
      try await service.stop()
      service = try await Service.start(log: log)
      let kept = try await service.message("spent")
      #expect(kept["State"] as? String == "dead")
      #expect(kept["LastError"] as? String == spent["LastError"] as? String)
      #expect(kept["Url"] as? String == receiver.url)
      try await service.stop()
      await receiver.close()
    }

    @Test("after a restart attempts and due times go on where they were")
    func attemptsSurvive() async throws {
      let receiver = try await Receiver { _, index in .init(status: index < 2 ? 500 : 200) }
      let log = folder.path("log")
      var service = try await Service.start(log: log)
      _ = try await service.post(#"{"UUID":"again","Url":"\#(receiver.url)"}"#)
      _ = try await receiver.waitFor(1)
      try await eventually("the first attempt recorded") {
        try await service.message("again")["Attempts"] as? Int == 1 ? true : nil
      }
      // What is readable is durable or rides the next commit, one second at most.
      try await Task.sleep(for: .milliseconds(1200))
      try await service.killHard()
      service = try await Service.start(log: log)
      let requests = try await receiver.waitFor(3)
      #expect(requests.map(\.attempt) == [1, 2, 3])
      #expect(requests[1].at - requests[0].at > .milliseconds(1900), "not before it was due")
      try await service.stop()
      await receiver.close()
    }

    @Test("an own listener and always-blocked addresses are refused as destinations")
    func blockedDestinations() async throws {
      let service = try await Service.start(log: folder.path("log"))
      let targets = [
        "http://127.0.0.1:\(service.port)/", "http://127.0.0.1:\(service.adminPort)/metrics",
        "http://169.254.169.254/latest/meta-data/", "http://[::ffff:169.254.169.254]/",
        "http://2852039166/", "http://0.0.0.0:80/", "http://224.0.0.1/",
        "http://localhost:\(service.adminPort)/metrics",
      ]
      for target in targets {
        let answer = try await service.post(#"{"Url":"\#(target)"}"#)
        #expect(answer.status == 400, "\(target)")
        #expect(answer.text.contains(#""/Url""#), "\(answer.text)")
      }
      try await service.stop()
    }
  }
}
