/// What only the reader of HTTP itself has to say.
extension ProblemType {
  /// Not 421, which asks to come back another way: no way is right. And a status from which a
  /// sender, ours too, takes it that the whole destination is out of order.
  package static let loop = ProblemType(
    status: 508, name: "loop", title: "The request was made by this very instance.")
  package static let targetTooLong = ProblemType(
    status: 414, name: "target-too-long", title: "The request target is too long.")
  package static let expectationFailed = ProblemType(
    status: 417, name: "expectation-failed", title: "The expectation can't be met.")
  package static let notImplemented = ProblemType(
    status: 501, name: "not-implemented", title: "The transfer coding is not supported.")
}
