// SPDX-License-Identifier: Apache-2.0
/*
 * image/stream.h: the bytes of an archive, decompressed, counted and hashed while they pass. Worker only: this is what pulls
 * in zlib, zstd, lzma and bzip2.
 *
 * One pass does it all: read, digest of what came, inflate, digest of what comes out, and a copy of the bytes for the store's
 * blob. The compression is told by the first bytes (none, gzip, zstd, xz, bzip2), never by a name.
 *
 * Errors: -EINVAL for bytes that are not what they claim (corrupt, cut off, garbage behind the end), -EFBIG for a budget that
 * is used up, else the errno of a read or write. An error is final.
 */
#pragma once

#include "base/error.h"

enum stream_compression {
    STREAM_NONE,
    STREAM_GZIP,
    STREAM_ZSTD,
    STREAM_XZ,
    STREAM_BZIP2,
    STREAM_COMPRESSIONS
};
const char *stream_compression_name(enum stream_compression c); /* "gzip"; "uncompressed" for none */

struct stream_limits {
    uint64_t max_out;   /* bytes after decompression, 0 = no limit */
    uint64_t max_ratio; /* out : in, looked at once out is over ratio_floor; 0 = no limit */
    uint64_t ratio_floor;
};

struct stream;

/*
 * fd is read from its position to its end; copy_fd (-1: none) gets the blob: the bytes as they came for none, gzip and zstd,
 * the decompressed ones for xz and bzip2, which the image specification does not know. Both stay the caller's.
 */
int stream_open(int fd, int copy_fd, const struct stream_limits *limits, struct stream **ret,
                struct error *err) _warn_unused_;
void stream_close(struct stream *s);

/* The next 512 bytes, valid until the next call. 1, 0 at the end, -EINVAL when fewer than 512 are left. */
int stream_block(struct stream *s, const uint8_t **ret, struct error *err) _warn_unused_;
/* Between 1 and max of the next bytes, valid until the next call. 1, or 0 at the end. */
int stream_some(struct stream *s, uint64_t max, const uint8_t **ret, size_t *ret_len, struct error *err)
    _warn_unused_;
/* Leaves out n bytes; -EINVAL when there are fewer. */
int stream_skip(struct stream *s, uint64_t n, struct error *err) _warn_unused_;
/* Reads to the end, so that the digests are those of the whole. */
int stream_drain(struct stream *s, struct error *err) _warn_unused_;
/* No copy is wanted after all: what was written is cut off again. */
int stream_drop_copy(struct stream *s, struct error *err) _warn_unused_;

struct stream_totals {
    enum stream_compression compression;
    uint64_t in, out, copied;
    char in_hex[65], out_hex[65], copy_hex[65]; /* copy_hex is "" without a copy */
};
/* After stream_drain(), once. */
void stream_totals(struct stream *s, struct stream_totals *ret);
