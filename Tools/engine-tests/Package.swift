// swift-tools-version: 6.1
import PackageDescription

/// The storage engine and its tests alone, by symbolic links to the sources of the repository: a
/// package without dependencies, so that it can be built again in a minute with optimisation or
/// with a sanitizer. `Tools/engine-tests/run` does both.
let package = Package(
  name: "engine-tests",
  platforms: [.macOS(.v15)],
  targets: [
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .target(name: "SegmentLog", dependencies: ["CZlib"], exclude: ["FORMAT.md"]),
    // Empty without the Thread Sanitizer.
    .target(name: "ThreadSanitizer"),
    .testTarget(
      name: "SegmentLogTests", dependencies: ["SegmentLog", "ThreadSanitizer"],
      // Tests of the log-inspect program need the program.
      exclude: ["Golden/v1", "Golden/stores", "Scan/LogInspectTests.swift"]),
  ],
  swiftLanguageModes: [.v6]
)
