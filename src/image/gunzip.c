// SPDX-License-Identifier: Apache-2.0
/*
 * How: one thin form around two libraries. Most layers of most images are gzip, and decoding them is the greatest part of
 * a pull, so the faster one is worth its being a shared library (Debian has no archive of it): the loader is done
 * before the worker closes itself in, and nothing is resolved later (-z now).
 *
 * The header is read by a call of its own with a struct that lasts: ISA-L's own shortcut forgets the flags of a header
 * that comes in two pieces.
 *
 * Threat: bytes made to break a decoder. Nothing is believed that the library says of its position, and the worker's walls
 * (image/sandbox.h) stand around both.
 */
#include "image/gunzip.h"

#include <errno.h>

#if OAKUM_ISAL
#include <isa-l/igzip_lib.h>

struct gunzip {
    struct inflate_state state;
    struct isal_gzip_header header;
    bool started, in_header;
};

struct gunzip *gunzip_new(void)
{
    struct gunzip *g = xcalloc(1, sizeof(*g));

    isal_inflate_init(&g->state);
    return g;
}

void gunzip_free(struct gunzip *g)
{
    free(g);
}

static void start_member(struct gunzip *g)
{
    isal_inflate_reset(&g->state);
    isal_gzip_header_init(&g->header);
    g->state.crc_flag = ISAL_GZIP_NO_HDR_VER; /* the header is read, the trailer compared */
    g->started = g->in_header = true;
}

static const char *reason(int code)
{
    switch (code) {
    case ISAL_INVALID_BLOCK: return "invalid block";
    case ISAL_INVALID_SYMBOL: return "invalid code";
    case ISAL_INVALID_LOOKBACK: return "invalid distance too far back";
    case ISAL_INVALID_WRAPPER: return "incorrect header";
    case ISAL_UNSUPPORTED_METHOD: return "unknown compression method";
    case ISAL_INCORRECT_CHECKSUM: return "incorrect data check";
    default: return "it does not decode";
    }
}

int gunzip_some(struct gunzip *g, const uint8_t *in, size_t *len, uint8_t *out, size_t *room, bool *ret_end,
                const char **ret_why)
{
    struct inflate_state *s = &g->state;
    size_t had = *len, size = *room;
    int r = ISAL_DECOMP_OK;

    if (!g->started)
        start_member(g);
    s->next_in = (uint8_t *) in;
    s->avail_in = (uint32_t) had;
    s->next_out = out;
    s->avail_out = (uint32_t) size;
    if (g->in_header) {
        r = isal_read_gzip_header(s, &g->header);
        g->in_header = r == ISAL_END_INPUT;
    }
    if (!g->in_header && r == ISAL_DECOMP_OK)
        r = isal_inflate(s);
    if (r < 0 || s->avail_in > had || s->avail_out > size) {
        *ret_why = reason(r);
        return -EINVAL;
    }
    *len = had - s->avail_in;
    *room = size - s->avail_out;
    *ret_end = !g->in_header && s->block_state == ISAL_BLOCK_FINISH;
    if (*ret_end)
        g->started = false;
    return 0;
}

#else
#include <zlib.h>

struct gunzip {
    z_stream z;
    bool ended;
};

struct gunzip *gunzip_new(void)
{
    struct gunzip *g = xcalloc(1, sizeof(*g));

    if (inflateInit2(&g->z, 15 + 16) == Z_OK)
        return g;
    free(g);
    return NULL;
}

void gunzip_free(struct gunzip *g)
{
    if (g != NULL)
        inflateEnd(&g->z);
    free(g);
}

int gunzip_some(struct gunzip *g, const uint8_t *in, size_t *len, uint8_t *out, size_t *room, bool *ret_end,
                const char **ret_why)
{
    if (g->ended)
        inflateReset(&g->z);
    g->z.next_in = (uint8_t *) in;
    g->z.avail_in = (uInt) *len;
    g->z.next_out = out;
    g->z.avail_out = (uInt) *room;
    int r = inflate(&g->z, Z_NO_FLUSH);
    if (r != Z_OK && r != Z_STREAM_END && r != Z_BUF_ERROR) {
        *ret_why = g->z.msg != NULL ? g->z.msg : "it does not decode";
        return -EINVAL;
    }
    *len -= g->z.avail_in;
    *room -= g->z.avail_out;
    *ret_end = g->ended = r == Z_STREAM_END;
    return 0;
}
#endif
