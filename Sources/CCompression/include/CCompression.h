/* liblzma and libzstd, which know how Debian compresses kernel modules and how `initramfs build` does, and libz, for what stores
   keep of layers, for the companion. */
#pragma once

#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

/* A macro with a compound literal, which Swift does not see. */
static inline lzma_stream ccompression_lzma_stream(void) {
    lzma_stream stream = LZMA_STREAM_INIT;
    return stream;
}
