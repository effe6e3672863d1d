/* liblzma and libzstd, which know how Debian compresses kernel modules and how `initramfs build` does, and libz, for what stores
   keep of layers, for the companion. */
#pragma once

#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

/* For .xz and .lzma, several after one another too; limit is what it may take of memory, in bytes. The flag is a macro with a cast,
   which Swift does not see. */
static inline lzma_ret ccompression_lzma_decoder(lzma_stream *stream, uint64_t limit) {
    return lzma_auto_decoder(stream, limit, LZMA_CONCATENATED);
}

/* A macro with a compound literal, which Swift does not see. */
static inline lzma_stream ccompression_lzma_stream(void) {
    lzma_stream stream = LZMA_STREAM_INIT;
    return stream;
}
