import CFuzzer
import Glibc

/// Which reader is fuzzed stands in the environment, not in the arguments: libFuzzer starts itself
/// again with the arguments as they are when it merges corpora.
private let name = getenv("FUZZ_TARGET").map { String(cString: $0) } ?? ""

guard let target = FuzzTarget(rawValue: name) else {
  let names = FuzzTarget.allCases.map(\.rawValue).joined(separator: " ")
  print("fuzz: FUZZ_TARGET must be one of: \(names)")
  exit(64)
}

/// libFuzzer's callback has no context; this is written once, before the first call.
private let chosen = target

private var count = CommandLine.argc
private var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = CommandLine.unsafeArgv
exit(
  LLVMFuzzerRunDriver(&count, &arguments) { bytes, count in
    chosen.run(UnsafeRawBufferPointer(start: count == 0 ? nil : bytes, count: count))
    return 0
  })
