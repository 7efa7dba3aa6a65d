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
    .target(name: "SegmentLog", dependencies: ["CZlib"], exclude: ["FORMAT.md", "README.md"]),
    .testTarget(
      name: "SegmentLogTests", dependencies: ["SegmentLog"],
      // Tests of the log-inspect program need the program.
      exclude: ["Golden/v1", "Golden/stores", "Scan/LogInspectTests.swift"]),
  ],
  swiftLanguageModes: [.v6]
)

/// With the store of messages on top of the engine. Its two libraries are those that the repository
/// was built with.
if Context.environment["ENGINE_TESTS_WITH_STORE"] == "1" {
  let collections = "../../.build/checkouts/swift-collections"
  package.dependencies = [
    .package(path: collections), .package(path: "../../.build/checkouts/swift-log"),
  ]
  package.targets += [
    .target(name: "Crypto"),
    .target(
      name: "Delivery",
      dependencies: [
        "Crypto", "SegmentLog",
        .product(name: "DequeModule", package: "swift-collections"),
        .product(name: "HeapModule", package: "swift-collections"),
        .product(name: "Logging", package: "swift-log"),
      ]),
    .testTarget(
      name: "DeliveryTests",
      dependencies: [
        "Delivery", "SegmentLog",
        .product(name: "Logging", package: "swift-log"),
      ]),
  ]
}

/// Under the Thread Sanitizer, with what tells it of the Swift runtime.
if Context.environment["ENGINE_TESTS_KIND"] == "thread" {
  package.targets += [
    .target(name: "ThreadSanitizer"),
    .target(name: "TracedContinuations", dependencies: ["ThreadSanitizer"]),
  ]
  for target in package.targets where target.isTest {
    target.dependencies.append("TracedContinuations")
  }
}
