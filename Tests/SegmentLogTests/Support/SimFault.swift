@testable import SegmentLog

/// A call that goes wrong.
struct SimFault: Sendable {
  enum Effect: Sendable {
    /// The call does nothing. A sync loses what was dirty, as Linux does: pages are marked clean,
    /// their content stays visible, and it never becomes durable.
    case nothing
    /// The call does its work and reports a failure all the same.
    case complete
    /// A write does its first bytes.
    case partial(Int)
  }

  /// nil = any.
  var operation: DiskError.Operation?
  /// A part of the file's name; nil = any.
  var file: String?
  /// Which of the calls from now on that match: 1 = the next one.
  var nth: Int
  /// nil = no error is reported: a short write.
  var code: Int32?
  var effect: Effect
  /// Whether all later calls that match fail too.
  var staysBroken: Bool

  init(
    _ operation: DiskError.Operation?, file: String? = nil, nth: Int = 1, code: Int32?,
    effect: Effect = .nothing, staysBroken: Bool = false
  ) {
    self.operation = operation
    self.file = file
    self.nth = nth
    self.code = code
    self.effect = effect
    self.staysBroken = staysBroken
  }

  static func shortWrite(file: String? = nil, nth: Int = 1, bytes: Int) -> SimFault {
    SimFault(.write, file: file, nth: nth, code: nil, effect: .partial(bytes))
  }

  /// How many bytes of a write reach the file; nil = all.
  var bytesDone: Int? {
    switch effect {
    case .nothing: 0
    case .complete: nil
    case .partial(let count): count
    }
  }

  func matches(_ operation: DiskError.Operation, _ name: String) -> Bool {
    (self.operation ?? operation) == operation && (file.map { name.contains($0) } ?? true)
  }
}
