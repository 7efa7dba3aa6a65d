/// Why the server did not start: a line and an exit code.
struct ServeFailure: Error, Equatable {
  var status: ExitStatus
  var reason: String
}
