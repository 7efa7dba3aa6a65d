import Glibc

/// Writing to a descriptor that is not ours alone (terminal, pipe, file of a redirection).
package enum OutputFile {
  /// Blocks until all is written or nothing can be.
  /// - Returns: nil, or the `errno` that ended it: part of the bytes may be written.
  @discardableResult
  package static func writeAll(_ bytes: some Sequence<UInt8>, to descriptor: CInt) -> CInt? {
    Array(bytes).withUnsafeBytes { buffer in
      var rest = buffer[...]
      while !rest.isEmpty {
        let part = UnsafeRawBufferPointer(rebasing: rest)
        let written = write(descriptor, part.baseAddress, part.count)
        let code = errno
        if written >= 0 {
          rest = rest.dropFirst(written)
          continue
        }
        switch code {
        case EINTR: continue
        case EAGAIN:
          // Somebody who shares the terminal made it non-blocking.
          var ready = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
          poll(&ready, 1, -1)
        default: return code
        }
      }
      return nil
    }
  }
}
