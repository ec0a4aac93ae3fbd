// SPDX-License-Identifier: Apache-2.0
/*
 * How: an input buffer, one of four decoders behind one function pointer, and an output window. A refill reads once, feeds
 * the decoder and hashes what came out in one piece. Without compression the input buffer's bytes are handed on as they are
 * and hashed once.
 *
 * Threats: decompression bombs (the ratio and the total are looked at after each refill, before anything is written),
 * memory bombs (zstd's window and xz's dictionary are capped; the worker's RLIMIT_DATA stands behind that), and bytes behind
 * the compressed stream that one reader sees and another does not: they are an error.
 */
#include "image/stream.h"

#include <bzlib.h>
#include <errno.h>
#include <lzma.h>
#include <zstd.h>

#include "image/gunzip.h"
#include "image/sha256.h"
#include "sys/file.h"

#define BUFFER_SIZE (256 * 1024)
#define ZSTD_WINDOW_LOG 27 /* 128 MiB: what zstd --ultra -22 makes, and the library's own default */
#define XZ_MEMORY (160ULL * 1024 * 1024) /* xz -9 asks for 65 MiB */

struct stream {
    int fd, copy_fd;
    struct stream_limits limits;
    enum stream_compression compression;
    bool copy_decoded;
    bool in_end, end; /* nothing more to read / nothing more comes out */
    bool between;     /* a member, frame or stream has just ended: the input may end here */
    struct sha256 in_hash, out_hash;
    uint64_t in_total, out_total, copied;
    uint8_t *in, *out; /* BUFFER_SIZE each; out only with compression */
    size_t in_pos, in_len;
    const uint8_t *window; /* what can be handed out, in out or in */
    size_t window_len;
    /* Decodes from in[in_pos..in_len) to room; *made bytes came out. */
    int (*decode)(struct stream *s, uint8_t *room, size_t size, size_t *made, struct error *err);
    struct gunzip *gzip;
    ZSTD_DCtx *zstd;
    lzma_stream xz;
    bz_stream bz;
    bool bz_live;
};

const char *stream_compression_name(enum stream_compression c)
{
    static const char *const names[] = { "uncompressed", "gzip", "zstd", "xz", "bzip2" };

    return c < STREAM_COMPRESSIONS ? names[c] : "unknown";
}

static int corrupt(const struct stream *s, const char *why, struct error *err)
{
    return error_set(err, -EINVAL, "the %s data is damaged: %s", stream_compression_name(s->compression),
                     why);
}

static int decode_gzip(struct stream *s, uint8_t *room, size_t size, size_t *made, struct error *err)
{
    if (s->between && s->in[s->in_pos] != 0x1f)
        return corrupt(s, "there is something else behind its end", err);
    const char *why = "it does not decode";
    size_t used = s->in_len - s->in_pos;
    *made = size;
    if (gunzip_some(s->gzip, s->in + s->in_pos, &used, room, made, &s->between, &why) < 0)
        return corrupt(s, why, err);
    s->in_pos += used;
    return 0;
}

static int decode_zstd(struct stream *s, uint8_t *room, size_t size, size_t *made, struct error *err)
{
    ZSTD_inBuffer in = { s->in, s->in_len, s->in_pos };
    ZSTD_outBuffer out = { room, size, 0 };

    size_t r = ZSTD_decompressStream(s->zstd, &out, &in);
    if (ZSTD_isError(r))
        return corrupt(s, ZSTD_getErrorName(r), err);
    s->in_pos = in.pos;
    s->between = r == 0;
    *made = out.pos;
    return 0;
}

static int decode_xz(struct stream *s, uint8_t *room, size_t size, size_t *made, struct error *err)
{
    s->xz.next_in = s->in + s->in_pos;
    s->xz.avail_in = s->in_len - s->in_pos;
    s->xz.next_out = room;
    s->xz.avail_out = size;
    lzma_ret r = lzma_code(&s->xz, s->in_end ? LZMA_FINISH : LZMA_RUN);
    s->in_pos = s->in_len - s->xz.avail_in;
    *made = size - s->xz.avail_out;
    if (r == LZMA_STREAM_END)
        s->between = true;
    else if (r == LZMA_MEMLIMIT_ERROR)
        return corrupt(s, "it needs more than 160 MiB of memory", err);
    else if (r != LZMA_OK && r != LZMA_BUF_ERROR)
        return corrupt(s, "it does not decode", err);
    return 0;
}

static int decode_bzip2(struct stream *s, uint8_t *room, size_t size, size_t *made, struct error *err)
{
    if (!s->bz_live) {
        s->bz = (bz_stream){ 0 };
        if (BZ2_bzDecompressInit(&s->bz, 0, 0) != BZ_OK)
            return corrupt(s, "no memory for it", err);
        s->bz_live = true;
        s->between = false;
    }
    s->bz.next_in = (char *) s->in + s->in_pos;
    s->bz.avail_in = (unsigned) (s->in_len - s->in_pos);
    s->bz.next_out = (char *) room;
    s->bz.avail_out = (unsigned) size;
    int r = BZ2_bzDecompress(&s->bz);
    s->in_pos = s->in_len - s->bz.avail_in;
    *made = size - s->bz.avail_out;
    if (r == BZ_STREAM_END) {
        BZ2_bzDecompressEnd(&s->bz);
        s->bz_live = false;
        s->between = true;
    } else if (r != BZ_OK) {
        return corrupt(s, "it does not decode", err);
    }
    return 0;
}

static int copy_out(struct stream *s, const void *data, size_t len, struct error *err)
{
    if (s->copy_fd < 0 || len == 0)
        return 0;
    int r = write_all(s->copy_fd, data, len);
    if (r < 0)
        return error_errno(err, r, "cannot write the layer's blob");
    s->copied += len;
    return 0;
}

/* Reads once into the empty input buffer. */
static int read_more(struct stream *s, struct error *err)
{
    ssize_t n;

    do
        n = read(s->fd, s->in, BUFFER_SIZE);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return error_errno(err, -errno, "cannot read the archive");
    s->in_pos = 0;
    s->in_len = (size_t) n;
    s->in_total += (uint64_t) n;
    if (n == 0)
        s->in_end = true;
    sha256_add(&s->in_hash, s->in, s->in_len);
    return s->copy_decoded ? 0 : copy_out(s, s->in, s->in_len, err);
}

/* The first bytes decide, so enough of them must be there: a pipe may hand out one at a time. */
static int read_first(struct stream *s, struct error *err)
{
    size_t have = 0;

    while (have < 512) {
        ssize_t n = read(s->fd, s->in + have, BUFFER_SIZE - have);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return error_errno(err, -errno, "cannot read the archive");
        if (n == 0)
            break;
        have += (size_t) n;
    }
    if (have == 0)
        return error_set(err, -EINVAL, "the archive is empty");
    s->in_len = have;
    s->in_total = have;
    sha256_add(&s->in_hash, s->in, have);
    return 0;
}

static enum stream_compression detect(const uint8_t *p, size_t n)
{
    static const struct {
        enum stream_compression compression;
        const char *magic;
        size_t len;
    } table[] = {
        { STREAM_GZIP, "\x1f\x8b", 2 },
        { STREAM_ZSTD, "\x28\xb5\x2f\xfd", 4 },
        { STREAM_XZ,
          "\xfd"
          "7zXZ\0",
          6 },
    };

    for (size_t i = 0; i < ARRAY_LEN(table); i++)
        if (n >= table[i].len && memcmp(p, table[i].magic, table[i].len) == 0)
            return table[i].compression;
    /* A file name may begin with "BZh": look at the first block's magic (or that of the end of an empty stream) too. */
    if (n >= 10 && memcmp(p, "BZh", 3) == 0 &&
        (memcmp(p + 4, "1AY&SY", 6) == 0 || memcmp(p + 4, "\x17rE8P\x90", 6) == 0))
        return STREAM_BZIP2;
    /* A skippable frame may come first in a zstd stream: 0x184D2A50 to 0x184D2A5F, little-endian. */
    if (n >= 4 && (p[0] & 0xf0) == 0x50 && p[1] == 0x2a && p[2] == 0x4d && p[3] == 0x18)
        return STREAM_ZSTD;
    return STREAM_NONE;
}

static int start_decoder(struct stream *s, struct error *err)
{
    bool ok = true;

    switch (s->compression) {
    case STREAM_GZIP:
        s->gzip = gunzip_new();
        ok = s->gzip != NULL;
        s->decode = decode_gzip;
        break;
    case STREAM_ZSTD:
        s->zstd = ZSTD_createDCtx();
        ok = s->zstd != NULL &&
             !ZSTD_isError(ZSTD_DCtx_setParameter(s->zstd, ZSTD_d_windowLogMax, ZSTD_WINDOW_LOG));
        s->decode = decode_zstd;
        break;
    case STREAM_XZ:
        s->xz = (lzma_stream) LZMA_STREAM_INIT;
        ok = lzma_stream_decoder(&s->xz, XZ_MEMORY, LZMA_CONCATENATED) == LZMA_OK;
        s->decode = decode_xz;
        break;
    case STREAM_BZIP2: s->decode = decode_bzip2; break;
    default:
        s->window = s->in;
        s->window_len = s->in_len;
        return 0;
    }
    if (!ok)
        return error_set(err, -ENOMEM, "cannot start to decompress (%s)",
                         stream_compression_name(s->compression));
    s->out = xmalloc(BUFFER_SIZE);
    s->window = s->out;
    return 0;
}

int stream_open(int fd, int copy_fd, const struct stream_limits *limits, struct stream **ret,
                struct error *err)
{
    struct stream *s = xcalloc(1, sizeof(*s));

    s->fd = fd;
    s->copy_fd = copy_fd;
    s->limits = *limits;
    s->in = xmalloc(BUFFER_SIZE);
    sha256_init(&s->in_hash);
    sha256_init(&s->out_hash);
    int r = read_first(s, err);
    if (r == 0) {
        s->compression = detect(s->in, s->in_len);
        s->copy_decoded = s->compression == STREAM_XZ || s->compression == STREAM_BZIP2;
        r = s->copy_decoded ? 0 : copy_out(s, s->in, s->in_len, err);
    }
    if (r == 0)
        r = start_decoder(s, err);
    if (r == 0 && s->compression == STREAM_NONE)
        s->out_total = s->in_len;
    if (r < 0) {
        stream_close(s);
        return r;
    }
    *ret = s;
    return 0;
}

void stream_close(struct stream *s)
{
    if (s == NULL)
        return;
    gunzip_free(s->gzip);
    if (s->compression == STREAM_XZ)
        lzma_end(&s->xz);
    if (s->bz_live)
        BZ2_bzDecompressEnd(&s->bz);
    ZSTD_freeDCtx(s->zstd);
    free(s->in);
    free(s->out);
    free(s);
}

static int check_budget(const struct stream *s, struct error *err)
{
    const struct stream_limits *l = &s->limits;

    if (l->max_out != 0 && s->out_total > l->max_out)
        return error_set(err, -EFBIG, "the archive is larger than the limit of %llu bytes",
                         (unsigned long long) l->max_out);
    if (l->max_ratio != 0 && s->out_total > l->ratio_floor && s->out_total / l->max_ratio > s->in_total)
        return error_set(err, -EFBIG,
                         "the archive expands more than %llu-fold: it looks like a decompression bomb",
                         (unsigned long long) l->max_ratio);
    return 0;
}

/* Puts more behind the window's rest, which moves to the front of its buffer. 1, or 0 at the end. */
static int refill_decoded(struct stream *s, struct error *err)
{
    size_t have = s->window_len;

    memmove(s->out, s->window, have);
    s->window = s->out;
    while (!s->end && s->window_len < BUFFER_SIZE / 2) {
        size_t made = 0;
        if (s->in_pos == s->in_len && !s->in_end) {
            int r = read_more(s, err);
            if (r < 0)
                return r;
        }
        /* xz wants to be told of the end; the others end where their input does. */
        if (s->in_end && s->between) {
            s->end = true;
            break;
        }
        int r = s->decode(s, s->out + s->window_len, BUFFER_SIZE - s->window_len, &made, err);
        if (r < 0)
            return r;
        s->window_len += made;
        if (s->in_end && s->in_pos == s->in_len && made == 0 && !s->between)
            return error_set(err, -EINVAL, "the archive is cut off (%s data ends too early)",
                             stream_compression_name(s->compression));
    }
    size_t fresh = s->window_len - have;
    sha256_add(&s->out_hash, s->out + have, fresh);
    s->out_total += fresh;
    int r = s->copy_decoded ? copy_out(s, s->out + have, fresh, err) : 0;
    if (r == 0)
        r = check_budget(s, err);
    return r < 0 ? r : fresh > 0;
}

/* As above without compression: the window lies in the input buffer. */
static int refill_plain(struct stream *s, struct error *err)
{
    size_t have = s->window_len;
    ssize_t n;

    memmove(s->in, s->window, have);
    s->window = s->in;
    do
        n = read(s->fd, s->in + have, BUFFER_SIZE - have);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return error_errno(err, -errno, "cannot read the archive");
    if (n == 0) {
        s->in_end = s->end = true;
        return 0;
    }
    sha256_add(&s->in_hash, s->in + have, (size_t) n);
    s->in_total += (uint64_t) n;
    s->out_total = s->in_total;
    s->window_len += (size_t) n;
    int r = copy_out(s, s->in + have, (size_t) n, err);
    if (r == 0)
        r = check_budget(s, err);
    return r < 0 ? r : 1;
}

static int refill(struct stream *s, struct error *err)
{
    if (s->end)
        return 0;
    return s->compression == STREAM_NONE ? refill_plain(s, err) : refill_decoded(s, err);
}

static void consume(struct stream *s, size_t n)
{
    s->window += n;
    s->window_len -= n;
}

int stream_block(struct stream *s, const uint8_t **ret, struct error *err)
{
    while (s->window_len < 512) {
        int r = refill(s, err);
        if (r < 0)
            return r;
        if (r == 0 && s->window_len == 0)
            return 0;
        if (r == 0)
            return error_set(err, -EINVAL, "the archive is cut off");
    }
    *ret = s->window;
    consume(s, 512);
    return 1;
}

int stream_some(struct stream *s, uint64_t max, const uint8_t **ret, size_t *ret_len, struct error *err)
{
    if (s->window_len == 0) {
        int r = refill(s, err);
        if (r <= 0)
            return r;
    }
    *ret = s->window;
    *ret_len = MIN_OF(max, (uint64_t) s->window_len);
    consume(s, *ret_len);
    return 1;
}

int stream_skip(struct stream *s, uint64_t n, struct error *err)
{
    const uint8_t *p;
    size_t len;

    while (n > 0) {
        int r = stream_some(s, n, &p, &len, err);
        if (r < 0)
            return r;
        if (r == 0)
            return error_set(err, -EINVAL, "the archive is cut off");
        n -= len;
    }
    return 0;
}

int stream_drain(struct stream *s, struct error *err)
{
    const uint8_t *p;
    size_t len;
    int r;

    while ((r = stream_some(s, UINT64_MAX, &p, &len, err)) > 0)
        ;
    return r;
}

int stream_drop_copy(struct stream *s, struct error *err)
{
    if (s->copy_fd < 0)
        return 0;
    if (ftruncate(s->copy_fd, 0) < 0)
        return error_errno(err, -errno, "cannot empty the layer's blob");
    s->copy_fd = -1;
    s->copied = 0;
    return 0;
}

void stream_totals(struct stream *s, struct stream_totals *ret)
{
    memset(ret, 0, sizeof(*ret));
    ret->compression = s->compression;
    ret->in = s->in_total;
    ret->out = s->out_total;
    ret->copied = s->copied;
    sha256_hex(&s->in_hash, ret->in_hex);
    if (s->compression == STREAM_NONE)
        memcpy(ret->out_hex, ret->in_hex, sizeof(ret->out_hex));
    else
        sha256_hex(&s->out_hash, ret->out_hex);
    if (s->copy_fd >= 0)
        memcpy(ret->copy_hex, s->copy_decoded ? ret->out_hex : ret->in_hex, sizeof(ret->copy_hex));
}
