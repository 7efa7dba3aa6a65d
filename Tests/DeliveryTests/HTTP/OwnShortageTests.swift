import Glibc
import NIOCore
import Testing

@testable import Delivery

@Suite("What this machine runs out of itself")
struct OwnShortageTests {
  @Test(
    "what a connection could not be made for is told from what the receiver did",
    arguments: [
      (EADDRNOTAVAIL, OwnShortage.ports), (EMFILE, .descriptors), (ENFILE, .descriptors),
      (ENOMEM, .memory), (ENOBUFS, .memory), (ENOSPC, .memory), (ECONNREFUSED, nil),
      (EHOSTUNREACH, nil), (ENETUNREACH, nil), (ECONNRESET, nil), (ETIMEDOUT, nil),
    ] as [(CInt, OwnShortage?)])
  func connecting(code: CInt, shortage: OwnShortage?) {
    let error = IOError(errnoCode: code, reason: "connect")
    let failure = AttemptCore.ExchangeFailure(error, connecting: true, place: "10.0.0.1:80")
    #expect(failure?.kind == .connect)
    #expect(failure?.shortage == shortage)
  }

  @Test("once the request is on its way the receiver may have it, and the attempt counts")
  func underWay() {
    let error = IOError(errnoCode: ENOBUFS, reason: "write")
    let failure = AttemptCore.ExchangeFailure(error, connecting: false, place: "10.0.0.1:80")
    #expect(failure?.kind == .closed)
    #expect(failure?.shortage == nil)
  }

  @Test(
    "a resolver without descriptors or memory says anything; what it failed at tells",
    arguments: [
      (EAI_AGAIN, EMFILE, OwnShortage.descriptors), (EAI_NONAME, ENFILE, .descriptors),
      (EAI_SYSTEM, EMFILE, .descriptors), (EAI_SYSTEM, ENOBUFS, .memory),
      (EAI_SYSTEM, EADDRNOTAVAIL, .ports), (EAI_MEMORY, 0, .memory),
      // The last thing that failed on the way to an honest answer.
      (EAI_NONAME, EADDRNOTAVAIL, nil), (EAI_NONAME, ENOENT, nil), (EAI_AGAIN, 0, nil),
      (EAI_SYSTEM, ECONNREFUSED, nil),
    ] as [(CInt, CInt, OwnShortage?)])
  func lookups(code: CInt, errno: CInt, shortage: OwnShortage?) {
    let error = SystemLookup.error(code, errno: errno, canOpen: { true })
    #expect(error.shortage == shortage, "\(error)")
  }

  @Test("when no descriptor can be had after a failed look-up, that is its reason")
  func noDescriptor() {
    #expect(SystemLookup.error(EAI_NONAME, errno: ENOENT, canOpen: { true }) == .noSuchHost)
    #expect(
      SystemLookup.error(EAI_NONAME, errno: ENOENT, canOpen: { false }).shortage == .descriptors)
  }

  @Test("this machine can be called from itself, whatever ports are left")
  func route() {
    #expect(LocalRoute.exists(to: .v4(0x7f00_0001)))
  }
}
