// swift-tools-version: 6.1
import PackageDescription

/// Counters at every branch and comparison, which libFuzzer steers by. Only for compiling: what is
/// linked is said by `Tools/fuzz/run`, since it lies in the toolchain.
let traced: [SwiftSetting] = [.unsafeFlags(["-sanitize=fuzzer", "-enable-testing"])]

/// What reads bytes that nobody vouches for, by symbolic links to the sources of the repository: no
/// event loop, no dependency, so that it is built in a minute. `Tools/fuzz/run` builds and runs it.
let package = Package(
  name: "fuzz",
  platforms: [.macOS(.v15)],
  targets: [
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(name: "CFuzzer"),
    .target(
      name: "SegmentLog", dependencies: ["CZlib"], exclude: ["FORMAT.md", "README.md"],
      swiftSettings: traced),
    // The messages and the receivers' answers of Sources/Delivery, the envelopes of Sources/Gateway.
    .target(name: "Delivery", swiftSettings: traced),
    .target(name: "Gateway", dependencies: ["Delivery"], swiftSettings: traced),
    .executableTarget(
      name: "fuzz", dependencies: ["CFuzzer", "SegmentLog", "Delivery", "Gateway"]),
  ],
  swiftLanguageModes: [.v6]
)
