import Foundation
import Testing

extension EndToEnd {
  @Suite("Ends of the process by itself") struct EndedProcesses {
    let folder: TemporaryDirectory
    init() throws { folder = try TemporaryDirectory() }

    @Test("a message that ends the process each time is held back after three ends; others go on")
    func endsTheProcess() async throws {
      let receiver = try await Receiver { request, _ in
        .init(delay: request.id == "poison" ? nil : .zero)
      }
      let log = folder.path("log")
      for round in 1...3 {
        // A backtrace of a large program takes long.
        let service = try await Service.start(
          log: log, environment: ["SWIFT_BACKTRACE": "enable=no"])
        if round == 1 {
          _ = try await service.post(#"{"UUID":"poison","Url":"\#(receiver.url)"}"#)
        }
        try await eventually("the call, round \(round); \(service.errors)") {
          receiver.all.count { $0.id == "poison" } == round ? true : nil
        }
        _ = try await service.post(
          #"{"UUID":"other-\#(round)","Url":"http://localhost:\#(receiver.port)/"}"#)
        _ = try await service.waitForState("delivered", of: "other-\(round)")
        service.signal(SIGABRT)
        #expect(try await service.waitForExit() == SIGABRT)
        #expect(service.wasSignalled)
      }
      let service = try await Service.start(log: log)
      let dead = try await service.waitForState("dead", of: "poison")
      #expect((dead["LastError"] as? String)?.contains("ended the process") == true)
      try await eventually("it is said; \(service.errors)") {
        service.errors.contains("held back") && service.errors.contains("poison") ? true : nil
      }
      #expect(receiver.all.count { $0.id == "poison" } == 3)
      try await service.stop()
      #expect(!FileManager.default.fileExists(atPath: log.path + "/in-flight"))
      await receiver.close()
    }

    @Test("a process that is killed from outside suspects no message")
    func killed() async throws {
      let receiver = try await Receiver { _, _ in .init(delay: nil) }
      let log = folder.path("log")
      for round in 1...10 {
        let service = try await Service.start(log: log)
        if round == 1 { _ = try await service.post(#"{"UUID":"m","Url":"\#(receiver.url)"}"#) }
        _ = try await receiver.waitFor(round)
        try await service.killHard()
        #expect(!service.errors.contains("by itself"))
      }
      await receiver.close()
    }

    @Test("a damaged note of how the last run ended has a line, and counts for nothing")
    func damagedNote() async throws {
      let receiver = try await Receiver()
      let log = folder.path("log")
      var service = try await Service.start(log: log)
      try await service.stop()
      let note = log.appendingPathComponent("in-flight")
      try Data(repeating: 0xff, count: 1000).write(to: note)
      service = try await Service.start(log: log)
      _ = try await service.post(#"{"UUID":"m","Url":"\#(receiver.url)"}"#)
      _ = try await service.waitForState("delivered", of: "m")
      let lines = service.errors.split(separator: "\n").count { $0.contains("last run ended") }
      #expect(lines == 1)
      let attributes = try FileManager.default.attributesOfItem(atPath: note.path)
      #expect(attributes[.posixPermissions] as? Int == 0o600)
      try await service.stop()
      #expect(!FileManager.default.fileExists(atPath: note.path))
      await receiver.close()
    }
  }
}
