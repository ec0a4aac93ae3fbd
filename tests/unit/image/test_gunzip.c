// SPDX-License-Identifier: Apache-2.0
/* gzip in pieces of every size: members, long headers, damaged trailers, cuts. zlib makes what is decoded. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <zlib.h>

#include "image/gunzip.h"

#define DATA 200000
#define PACKED (2 * DATA + 4096)

static uint8_t data[DATA], packed[PACKED], out[2 * DATA + 1];
static size_t packed_len, last_member;

static void add_member(const uint8_t *from, size_t len)
{
    gz_header header = { .extra = (Bytef *) "extra field",
                         .extra_len = 11,
                         .name = (Bytef *) "a name of some length",
                         .comment = (Bytef *) "and a comment",
                         .hcrc = 1 };
    z_stream z = { 0 };

    last_member = packed_len;
    assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    assert_int_equal(deflateSetHeader(&z, &header), Z_OK);
    z.next_in = (Bytef *) from;
    z.avail_in = (uInt) len;
    z.next_out = packed + packed_len;
    z.avail_out = (uInt) (PACKED - packed_len);
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    packed_len = PACKED - z.avail_out;
    deflateEnd(&z);
}

/* Two members and an empty one. */
static int make(void **state)
{
    uint32_t x = 1;

    (void) state;
    for (size_t i = 0; i < DATA; i++) {
        x = x * 1664525 + 1013904223;
        data[i] = i % 1000 < 500 ? (uint8_t) (x >> 24) : (uint8_t) (i / 7);
    }
    packed_len = 0;
    add_member(data, DATA / 2);
    add_member(data, 0);
    add_member(data + DATA / 2, DATA / 2);
    return 0;
}

/* As stream.c does it. 1: it ends where a member does, 0: it is cut off. */
static int decode(const uint8_t *in, size_t n, size_t piece, size_t room, size_t *ret_made)
{
    struct gunzip *g = gunzip_new();
    size_t pos = 0, made = 0;
    bool end = false;
    int r = 0;

    assert_non_null(g);
    for (;;) {
        size_t len = MIN_OF(piece, n - pos), size = MIN_OF(room, sizeof(out) - made);
        const char *why = NULL;
        if (end && pos == n)
            break;
        r = gunzip_some(g, in + pos, &len, out + made, &size, &end, &why);
        if (r < 0) {
            assert_non_null(why);
            break;
        }
        pos += len;
        made += size;
        if (pos == n && size == 0 && !end)
            break;
    }
    gunzip_free(g);
    *ret_made = made;
    return r < 0 ? r : end;
}

static void pieces(void **state)
{
    static const size_t sizes[] = { 1, 2, 3, 5, 7, 8, 9, 13, 64, 100, 511, 4096, 65536, PACKED };
    size_t made;

    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++)
        for (size_t k = 0; k < ARRAY_LEN(sizes); k++) {
            memset(out, 0, sizeof(out));
            assert_int_equal(decode(packed, packed_len, sizes[i], sizes[k], &made), 1);
            assert_int_equal(made, DATA);
            assert_memory_equal(out, data, DATA);
        }
}

static void cuts(void **state)
{
    size_t made;

    (void) state;
    for (size_t n = last_member + 1; n < last_member + 200; n++)
        assert_int_equal(decode(packed, n, 64, 4096, &made), 0);
    for (size_t n = packed_len - 20; n < packed_len; n++)
        assert_int_equal(decode(packed, n, 1, 4096, &made), 0);
}

static void damage(void **state)
{
    size_t made;

    (void) state;
    for (size_t back = 1; back <= 8; back++) {
        packed[packed_len - back] ^= 1;
        assert_int_equal(decode(packed, packed_len, 4096, 4096, &made), -EINVAL);
        packed[packed_len - back] ^= 1;
    }
    packed[2] ^= 4; /* the method */
    assert_int_equal(decode(packed, packed_len, 4096, 4096, &made), -EINVAL);
    packed[2] ^= 4;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces),
        cmocka_unit_test(cuts),
        cmocka_unit_test(damage),
    };

    return cmocka_run_group_tests_name("gunzip", tests, make, NULL);
}
