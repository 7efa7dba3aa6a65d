import Delivery
import Foundation
import NIOConcurrencyHelpers
import NIOCore
import Testing

extension EndToEnd {
  @Suite("destinations and paths beside others that fail") struct Neighbours {
    let folder: TemporaryDirectory
    init() throws { folder = try TemporaryDirectory() }

    private func post(_ count: Int, _ prefix: String, _ url: String, to service: Service)
      async throws
    {
      for index in 0..<count {
        let answer = try await service.post(
          #"{"UUID":"\#(prefix)\#(index)","Url":"\#(url)","Timeout":60000}"#)
        #expect(answer.status == 202)
      }
    }

    @Test("destinations that answered once and then hang leave slots to the others")
    func hanging() async throws {
      var hanging: [Receiver] = []
      for _ in 0..<3 {
        hanging.append(try await Receiver { _, index in .init(delay: index == 0 ? .zero : nil) })
      }
      let healthy = try await Receiver()
      let service = try await Service.start(
        log: folder.path("log"), environment: ["DISPATCHER_WORKER": "8"])
      for (index, receiver) in hanging.enumerated() {
        try await post(1, "first\(index)-", receiver.url, to: service)
        _ = try await service.waitForState("delivered", of: "first\(index)-0")
      }
      for (index, receiver) in hanging.enumerated() {
        try await post(20, "hangs\(index)-", receiver.url, to: service)
      }
      try await post(30, "good", healthy.url, to: service)
      let requests = try await healthy.waitFor(30)
      #expect(Set(requests.map(\.id)).count == 30)
      service.signal(SIGKILL)
      try await service.waitForExit()
      for receiver in hanging + [healthy] { await receiver.close() }
    }

    @Test("a path that answers 504 is probed, and the host's other paths go on")
    func paths() async throws {
      let receiver = try await Receiver { request, _ in
        .init(status: request.uri.hasPrefix("/bad") ? 504 : 200)
      }
      let service = try await Service.start(log: folder.path("log"))
      let host = "http://127.0.0.1:\(receiver.port)"
      try await post(200, "bad", host + "/bad/x", to: service)
      try await eventually("the bad path is known") {
        receiver.all.count >= 5 ? true : nil
      }
      try await post(50, "good", host + "/good/x", to: service)
      // They are called side by side, so that the last one may be delivered before others.
      for index in 0..<50 {
        _ = try await service.waitForState("delivered", of: "good\(index)")
      }
      #expect(receiver.all.count { $0.uri.hasPrefix("/good") } == 50)
      #expect(receiver.all.count { $0.uri.hasPrefix("/bad") } < 100)
      service.signal(SIGKILL)
      try await service.waitForExit()
      await receiver.close()
    }

    @Test("a first call that hangs does not hold the others of its host")
    func firstCall() async throws {
      let receiver = try await Receiver { _, index in .init(delay: index == 0 ? nil : .zero) }
      let service = try await Service.start(log: folder.path("log"))
      try await post(10, "m", receiver.url, to: service)
      let requests = try await receiver.waitFor(10)
      #expect(Set(requests.map(\.id)).count == 10)
      service.signal(SIGKILL)
      try await service.waitForExit()
      await receiver.close()
    }

    @Test("a first 2xx an hour before a clean stop makes a 400 after it the receiver's own word")
    func proven() async throws {
      let receiver = try await Receiver { _, _ in .init(status: 400) }
      let origin = Origin(normalised: "http://127.0.0.1:\(receiver.port)")
      let log = folder.path("log")
      try await Service.start(log: log).stop()
      for (seconds, state) in [(3_600, "dead"), (60, "retrying")] {
        let known = KnownGoodFile.encode([KnownGood(origin: origin, provenSeconds: seconds)])
        try Data(known).write(to: log.appendingPathComponent("known-good"))
        let service = try await Service.start(log: log)
        try await post(1, state, receiver.url, to: service)
        _ = try await service.waitForState(state, of: state + "0")
        try await service.stop()
      }
      await receiver.close()
    }

    @Test(
      "what was known good before a clean stop is good after it, and damage to the list is none")
    func knownGood() async throws {
      let hangs = NIOLockedValueBox(false)
      let receiver = try await Receiver { _, _ in
        .init(delay: hangs.withLockedValue { $0 } ? nil : .zero)
      }
      let log = folder.path("log")
      let list = log.appendingPathComponent("known-good")
      for isDamaged in [false, true] {
        hangs.withLockedValue { $0 = false }
        var service = try await Service.start(log: log)
        try await post(3, "before\(isDamaged)", receiver.url, to: service)
        _ = try await service.waitForState("delivered", of: "before\(isDamaged)2")
        try await service.stop()
        #expect(FileManager.default.fileExists(atPath: list.path))
        if isDamaged { try Data("nonsense".utf8).write(to: list) }
        hangs.withLockedValue { $0 = true }
        service = try await Service.start(log: log)
        #expect(!FileManager.default.fileExists(atPath: list.path))
        #expect(service.errors.contains("can't be read") == isDamaged)
        let known = receiver.all.count
        try await post(8, "after\(isDamaged)", receiver.url, to: service)
        _ = try await receiver.waitFor(known + (isDamaged ? 3 : 4))
        service.signal(SIGKILL)
        try await service.waitForExit()
      }
      await receiver.close()
    }
  }
}
