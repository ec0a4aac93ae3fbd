// SPDX-License-Identifier: Apache-2.0
/*
 * How: zlib, with no time and no name in the header. What is read is hashed too: bytes that a disk has damaged must not get a new and
 * correct digest.
 */
#include "image/compress.h"

#include <errno.h>
#include <unistd.h>
#include <zlib.h>

#include "sys/file.h"

#define CHUNK (128 * 1024)

struct squeeze {
    z_stream z;
    struct sha256 sum;
    int64_t written;
    int out;
    uint8_t *to;
};

static int pour(struct squeeze *s, int flush, struct error *err)
{
    do {
        s->z.next_out = s->to;
        s->z.avail_out = CHUNK;
        if (deflate(&s->z, flush) == Z_STREAM_ERROR)
            return error_set(err, -EIO, "zlib does not go on");
        size_t n = CHUNK - s->z.avail_out;
        int r = write_all(s->out, s->to, n);
        if (r < 0)
            return error_errno(err, r, "cannot write a compressed layer");
        sha256_add(&s->sum, s->to, n);
        s->written += (int64_t) n;
    } while (s->z.avail_out == 0);
    return 0;
}

static int squeeze(struct squeeze *s, int in, const struct image_descriptor *d, uint8_t *from,
                   struct error *err)
{
    struct sha256 sum;
    char hex[SHA256_HEX];
    off_t at = 0;
    ssize_t n;
    sha256_init(&sum);
    while ((n = pread(in, from, CHUNK, at)) != 0) {
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return error_errno(err, -errno, "cannot read the blob %.19s", d->digest);
        sha256_add(&sum, from, (size_t) n);
        at += n;
        s->z.next_in = from;
        s->z.avail_in = (uInt) n;
        int r = pour(s, Z_NO_FLUSH, err);
        if (r < 0)
            return r;
    }
    sha256_hex(&sum, hex);
    if (!str_eq(hex, digest_hex(d->digest)))
        return error_set(
            err, -EINVAL,
            "the blob %.19s in the store is damaged: \"oakum system check --repair\" can mend it", d->digest);
    return pour(s, Z_FINISH, err);
}

int compress_layer(int in, const struct image_descriptor *d, int out, char ret_hex[static SHA256_HEX],
                   int64_t *ret_size, struct error *err)
{
    struct squeeze s = { .out = out };
    _cleanup_free_ uint8_t *from = xmalloc(CHUNK), *to = xmalloc(CHUNK);
    s.to = to;
    sha256_init(&s.sum);
    /* 15 and 16: the largest window, gzip's header. */
    if (deflateInit2(&s.z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        return error_set(err, -ENOMEM, "zlib does not begin");
    int r = squeeze(&s, in, d, from, err);
    deflateEnd(&s.z);
    if (r < 0)
        return r;
    sha256_hex(&s.sum, ret_hex);
    *ret_size = s.written;
    return 0;
}
