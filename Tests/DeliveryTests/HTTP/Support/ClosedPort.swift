import Glibc

/// A port that refuses connections for as long as this lives: bound, so that nobody else gets it, and
/// not listening.
final class ClosedPort {
  private let descriptor: Int32
  let port: Int

  /// `address` in host byte order; port 0 = any.
  init(_ address: UInt32 = 0x7f00_0001, port: Int = 0) throws {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    self.descriptor = descriptor
    var bound = sockaddr_in()
    bound.sin_family = sa_family_t(AF_INET)
    bound.sin_port = in_port_t(port).bigEndian
    bound.sin_addr.s_addr = address.bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let failed = withUnsafeMutablePointer(to: &bound) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, length) != 0 || getsockname(descriptor, $0, &length) != 0
      }
    }
    self.port = Int(in_port_t(bigEndian: bound.sin_port))
    if failed { throw Taken() }
  }

  deinit { close(descriptor) }

  struct Taken: Error {}
}
