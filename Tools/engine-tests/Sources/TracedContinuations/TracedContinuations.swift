import ThreadSanitizer

/// Stands in front of the standard library's `withCheckedContinuation`, by its symbol, in programs for
/// the Thread Sanitizer: the same, and the sanitizer is told.
///
/// The runtime says itself that a continuation is resumed, and that a task goes on which was
/// suspended. Of one that was resumed so soon that it never was suspended it says nothing.
@_silgen_name(
  "$ss23withCheckedContinuation9isolation8function_xScA_pSgYi_SSyScCyxs5NeverOGXEtYalF")
public func tracedContinuation<T>(
  isolation: isolated (any Actor)? = #isolation, function: String = #function,
  _ body: (CheckedContinuation<T, Never>) -> Void
) async -> sending T {
  let result = await withUnsafeContinuation { continuation in
    body(CheckedContinuation(continuation: continuation, function: function))
  }
  dispatcher_continuation_resumed()
  return result
}
