/// How fast a compaction may go, and whether it may go on. The border is there for tests: the real
/// one sleeps.
package protocol CompactionPacer: Sendable {
  /// Called after so many bytes were read or written; may block. False: give up.
  func passed(bytes: Int) -> Bool
}

/// No limit: a command, or a test.
package struct Unpaced: CompactionPacer {
  package init() {}
  package func passed(bytes: Int) -> Bool { true }
}
