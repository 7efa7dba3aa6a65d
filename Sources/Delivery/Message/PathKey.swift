/// The first segment of a URL's path (`/hooks` of `/hooks/7?x=1`) as a number, so that it costs four
/// bytes a message: what fails at a host is often one service behind it, and that is where services
/// are told apart. Two segments in four billion share a number; then they share their luck, too.
package enum PathKey {
  /// The message's URL was not looked at yet.
  package static let unknown: UInt32 = 0
  /// Not a path: the destination as a whole.
  static let whole = UInt32.max

  package static func of(_ url: String) -> UInt32 {
    var url = url
    return url.withUTF8 { bytes in
      let segment = firstSegment(UnsafeRawBufferPointer(bytes))
      let hash = UInt32(truncatingIfNeeded: XXHash64.hash(segment, seed: 0))
      return min(max(hash, unknown + 1), whole - 1)
    }
  }

  private static func firstSegment(_ url: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
    let slash = UInt8(ascii: "/")
    // Behind the two slashes of "scheme://".
    let scheme = url.firstIndex(of: slash) ?? url.endIndex
    let authority = min(scheme + 2, url.endIndex)
    let path = url[authority...].firstIndex(where: ends) ?? url.endIndex
    guard path < url.endIndex, url[path] == slash else {
      return UnsafeRawBufferPointer(rebasing: url[url.endIndex...])
    }
    let end = url[(path + 1)...].firstIndex(where: ends) ?? url.endIndex
    return UnsafeRawBufferPointer(rebasing: url[(path + 1)..<end])
  }

  /// A path, its segment, a query or a fragment ends there.
  private static func ends(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: "/") || byte == UInt8(ascii: "?") || byte == UInt8(ascii: "#")
  }
}
