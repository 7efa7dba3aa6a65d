#ifndef DISPATCHER_CZLIB_SHIM_H
#define DISPATCHER_CZLIB_SHIM_H
#include <zlib.h>

// deflateInit2 and inflateInit2 are macros, which Swift does not import.
// windowBits -15: raw deflate (RFC 1951), no header and no checksum of its own.
static inline int dispatcher_deflate_init_raw(z_stream *stream, int level) {
  return deflateInit2(stream, level, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY);
}
static inline int dispatcher_inflate_init_raw(z_stream *stream) {
  return inflateInit2(stream, -15);
}
// windowBits 15 + 16: gzip (RFC 1952), with its header and checksum.
static inline int dispatcher_inflate_init_gzip(z_stream *stream) {
  return inflateInit2(stream, 15 + 16);
}
#endif
