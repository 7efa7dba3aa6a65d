/// What only the reader of HTTP itself has to say.
extension ProblemType {
  package static let targetTooLong = ProblemType(
    status: 414, name: "target-too-long", title: "The request target is too long.")
  package static let expectationFailed = ProblemType(
    status: 417, name: "expectation-failed", title: "The expectation can't be met.")
  package static let notImplemented = ProblemType(
    status: 501, name: "not-implemented", title: "The transfer coding is not supported.")
}
