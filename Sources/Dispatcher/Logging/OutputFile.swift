import Glibc

/// Writing to a descriptor that is not ours alone (terminal, pipe, file of a redirection).
enum OutputFile {
  /// Blocks until all is written or nobody reads any more.
  static func writeAll(_ bytes: some Sequence<UInt8>, to descriptor: CInt) {
    Array(bytes).withUnsafeBytes { buffer in
      var rest = buffer[...]
      while !rest.isEmpty {
        let written = UnsafeRawBufferPointer(rebasing: rest).withMemoryRebound(to: UInt8.self) {
          write(descriptor, $0.baseAddress, $0.count)
        }
        if written >= 0 {
          rest = rest.dropFirst(written)
          continue
        }
        switch errno {
        case EINTR: continue
        case EAGAIN:
          // Somebody who shares the terminal made it non-blocking.
          var ready = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
          poll(&ready, 1, -1)
        default: return
        }
      }
    }
  }
}
