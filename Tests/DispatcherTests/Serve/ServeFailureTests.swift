import SegmentLog
import Testing

@testable import Dispatcher

@Suite struct ServeFailureTests {
  @Test("a log that another process took in the last moment has the exit code of a log in use")
  func lostRace() {
    let failure = ServeFailure(LogOpenError.lock(.held(path: "/l", pid: 7)))
    #expect(failure.status == .logInUse)
    #expect(failure.reason == "log: /l is in use by another process (pid 7)")
  }

  @Test("everything else that is wrong with it has the one of a log that can't be used")
  func unusable() {
    let failure = ServeFailure(LogOpenError.directory(.notADirectory(path: "/l")))
    #expect(failure.status == .log)
  }
}
