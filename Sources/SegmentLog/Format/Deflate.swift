import CZlib

/// Raw deflate (RFC 1951) of one block at a time.
///
/// The `z_stream` lives behind a pointer for life, because zlib keeps its address; it is reset, not
/// built anew, for each block. Not for two threads at once.
package final class Deflater {
  /// The number that stands for raw deflate in a segment header.
  package static let kind: UInt8 = 1

  private let stream: UnsafeMutablePointer<z_stream>

  /// `level` 1 (fast) to 9 (small).
  package init(level: Int32 = 1) {
    stream = .allocate(capacity: 1)
    stream.initialize(to: z_stream())
    let status = dispatcher_deflate_init_raw(stream, level)
    precondition(status == Z_OK, "zlib could not be set up: \(status)")
  }

  deinit {
    deflateEnd(stream)
    stream.deallocate()
  }

  /// The compressed length, or nil when it doesn't fit into `target`: so the caller says with the
  /// size of `target` what gain makes compression worth it.
  package func compress(
    _ source: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer
  ) -> Int? {
    guard target.count > 0 else { return nil }
    deflateReset(stream)
    stream.pointee.setInput(source)
    stream.pointee.setOutput(target)
    guard deflate(stream, Z_FINISH) == Z_STREAM_END else { return nil }
    return target.count - Int(stream.pointee.avail_out)
  }
}

/// The way back. Not for two threads at once.
package final class Inflater {
  private let stream: UnsafeMutablePointer<z_stream>

  package init() {
    stream = .allocate(capacity: 1)
    stream.initialize(to: z_stream())
    let status = dispatcher_inflate_init_raw(stream)
    precondition(status == Z_OK, "zlib could not be set up: \(status)")
  }

  deinit {
    inflateEnd(stream)
    stream.deallocate()
  }

  /// Whether `source` is a whole deflate stream that fills `target` exactly, no byte more or less
  /// on either side. Never writes beyond `target`, whatever `source` holds.
  package func decompress(
    _ source: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer
  ) -> Bool {
    guard target.count > 0 else { return false }
    inflateReset(stream)
    stream.pointee.setInput(source)
    stream.pointee.setOutput(target)
    return inflate(stream, Z_FINISH) == Z_STREAM_END
      && stream.pointee.avail_out == 0 && stream.pointee.avail_in == 0
  }
}

extension z_stream {
  // Frames are at most 32 MiB, so the lengths fit zlib's 32 bits.
  fileprivate mutating func setInput(_ bytes: UnsafeRawBufferPointer) {
    let start = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
    next_in = start.map { UnsafeMutablePointer(mutating: $0) }
    avail_in = UInt32(bytes.count)
  }

  fileprivate mutating func setOutput(_ bytes: UnsafeMutableRawBufferPointer) {
    next_out = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
    avail_out = UInt32(bytes.count)
  }
}
