// swift-tools-version: 6.1
import PackageDescription

/// Warnings of our own targets are errors where the environment says so (CI does).
let strict: [SwiftSetting] =
  Context.environment["DISPATCHER_WARNINGS_AS_ERRORS"] == nil
  ? [] : [.unsafeFlags(["-warnings-as-errors"])]

/// A release names the archive of libyaml, since a bare Debian has no shared one.
let yaml: LinkerSetting =
  Context.environment["DISPATCHER_LIBYAML"].map { .unsafeFlags([$0]) } ?? .linkedLibrary("yaml")

let package = Package(
  name: "dispatcher",
  platforms: [.macOS(.v15)],
  products: [
    .executable(name: "dispatcher", targets: ["Dispatcher"]),
    .executable(name: "log-inspect", targets: ["log-inspect"]),
    .executable(name: "bench", targets: ["bench"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
    .package(url: "https://github.com/apple/swift-collections", exact: "1.6.0"),
    .package(url: "https://github.com/apple/swift-crypto", exact: "4.5.2"),
    .package(url: "https://github.com/apple/swift-http-types", exact: "1.8.0"),
    .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
    .package(url: "https://github.com/apple/swift-nio", exact: "2.101.2"),
    .package(url: "https://github.com/apple/swift-nio-ssl.git", exact: "2.37.6"),
    // Without its default traits, which bring Foundation's locales: 40 MB of the released program.
    .package(
      url: "https://github.com/hummingbird-project/hummingbird", exact: "2.28.1", traits: []),
    .package(url: "https://github.com/swift-server/async-http-client", exact: "1.37.0"),
  ],
  targets: [
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(name: "CMalloc", path: "Tools/CMalloc"),
    .systemLibrary(name: "CYaml", providers: [.apt(["libyaml-dev"])]),
    // Floor 1: the storage engine.
    .target(
      name: "SegmentLog", dependencies: ["CZlib"], exclude: ["FORMAT.md", "README.md"],
      swiftSettings: strict),
    // Floor 2: messages, schedule, delivery.
    .target(
      name: "Delivery",
      dependencies: [
        "SegmentLog",
        .product(name: "AsyncHTTPClient", package: "async-http-client"),
        .product(name: "Crypto", package: "swift-crypto"),
        .product(name: "DequeModule", package: "swift-collections"),
        .product(name: "HeapModule", package: "swift-collections"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOSSL", package: "swift-nio-ssl"),
      ], exclude: ["README.md"], swiftSettings: strict),
    // Floor 3: the HTTP face.
    .target(
      name: "Gateway",
      dependencies: [
        "CZlib", "Delivery", "SegmentLog",
        .product(name: "DequeModule", package: "swift-collections"),
        .product(name: "HTTPTypes", package: "swift-http-types"),
        .product(name: "Hummingbird", package: "hummingbird"),
        .product(name: "HummingbirdCore", package: "hummingbird"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
      ], exclude: ["README.md"], swiftSettings: strict),
    // Floor 4: the executable.
    .executableTarget(
      name: "Dispatcher",
      dependencies: [
        "CYaml", "Gateway", "Delivery", "SegmentLog",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "AsyncHTTPClient", package: "async-http-client"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
      ], exclude: ["OPERATING.md"], swiftSettings: strict, linkerSettings: [yaml]),
    .executableTarget(
      name: "log-inspect",
      dependencies: [
        "Delivery", "SegmentLog",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ], path: "Tools/log-inspect", swiftSettings: strict),
    .executableTarget(
      name: "bench",
      dependencies: [
        "CMalloc", "Gateway", "Delivery", "SegmentLog",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "AsyncHTTPClient", package: "async-http-client"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
      ], path: "Tools/bench", exclude: ["README.md"], swiftSettings: strict),
    .testTarget(
      name: "SegmentLogTests", dependencies: ["SegmentLog", "log-inspect"],
      exclude: ["Golden/v1", "Golden/stores"],
      swiftSettings: strict),
    .testTarget(
      name: "DeliveryTests",
      dependencies: [
        "Delivery", "SegmentLog",
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOSSL", package: "swift-nio-ssl"),
      ], swiftSettings: strict),
    .testTarget(
      name: "GatewayTests",
      dependencies: [
        "Gateway", "Delivery", "SegmentLog",
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOEmbedded", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
      ], swiftSettings: strict),
    .testTarget(
      name: "DispatcherTests",
      dependencies: [
        "Dispatcher", "Gateway", "Delivery", "SegmentLog",
        .product(name: "Logging", package: "swift-log"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
      ], swiftSettings: strict),
    .testTarget(
      name: "EndToEndTests",
      dependencies: [
        "Dispatcher", "Delivery", "Gateway", "log-inspect",
        .product(name: "NIOConcurrencyHelpers", package: "swift-nio"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
      ], swiftSettings: strict),
  ],
  swiftLanguageModes: [.v6]
)
