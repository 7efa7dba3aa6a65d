import CZlib
import NIOCore

/// Reads what `Content-Encoding: gzip` announces (RFC 1952), one member or several.
///
/// It runs on the event loop: what comes out is bounded by the same limit as a body that comes as it
/// is, so that it takes no longer than reading the envelope does afterwards.
enum Gzip {
  enum Failure: Error, Equatable {
    case malformed
    /// More than the limit comes out.
    case tooLarge
  }

  private static let step = 64 << 10

  /// At most `limit` bytes.
  static func inflate(_ body: ByteBuffer, limit: Int) throws(Failure) -> ByteBuffer {
    var stream = z_stream()
    guard dispatcher_inflate_init_gzip(&stream) == Z_OK else { throw .malformed }
    defer { inflateEnd(&stream) }
    let outcome = body.withUnsafeReadableBytes { input -> Result<ByteBuffer, Failure> in
      do throws(Failure) {
        return .success(try inflate(input, limit: limit, &stream))
      } catch {
        return .failure(error)
      }
    }
    return try outcome.get()
  }

  private static func inflate(
    _ input: UnsafeRawBufferPointer, limit: Int, _ stream: inout z_stream
  ) throws(Failure) -> ByteBuffer {
    var output = ByteBuffer()
    // zlib only reads from here, though C has no way to say it.
    stream.next_in = UnsafeMutablePointer(
      mutating: input.bindMemory(to: UInt8.self).baseAddress)
    stream.avail_in = UInt32(clamping: input.count)
    while true {
      // One byte of room too many, so that too much is seen.
      let room = limit + 1 - output.readableBytes
      switch inflateStep(&stream, into: &output, room: room) {
      case Z_STREAM_END:
        guard output.readableBytes <= limit else { throw .tooLarge }
        if stream.avail_in == 0 { return output }
        // The next member: files that were written one after the other are one file.
        guard inflateReset(&stream) == Z_OK else { throw .malformed }
      case Z_OK:
        guard output.readableBytes <= limit else { throw .tooLarge }
      default:
        // Wrong bytes, or the end before the end.
        throw .malformed
      }
    }
  }

  private static func inflateStep(
    _ stream: inout z_stream, into output: inout ByteBuffer, room: Int
  ) -> Int32 {
    var status = Z_OK
    output.writeWithUnsafeMutableBytes(minimumWritableBytes: min(room, step)) { bytes in
      stream.next_out = bytes.bindMemory(to: UInt8.self).baseAddress
      stream.avail_out = UInt32(clamping: min(room, bytes.count))
      let offered = stream.avail_out
      status = CZlib.inflate(&stream, Z_NO_FLUSH)
      return Int(offered - stream.avail_out)
    }
    return status
  }
}
