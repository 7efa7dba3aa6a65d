/// Why a load was not begun, or ended before the file did: one line and an exit code.
struct LoadFailure: Error, Equatable {
  var status: ExitStatus
  var reason: String

  init(_ reason: String, _ status: ExitStatus = .failure) {
    self.status = status
    self.reason = reason
  }
}
