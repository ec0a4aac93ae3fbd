// SPDX-License-Identifier: Apache-2.0
/* The keys that leave a container: docker's words, and what of the typed bytes is kept back and given on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "engine/attach.h"

static void words(void **state _unused_)
{
    static const char *const bad[] = {
        ",", "a,", "ctrl-", "ctrl-A", "ctrl-1", "ctrl-aa", "ab", "del", "a,,b"
    };
    struct detach_keys k;
    assert_int_equal(detach_keys_parse("", &k, NULL), 0);
    assert_int_equal(k.n, 2);
    assert_memory_equal(k.v, "\x10\x11", 2);
    assert_int_equal(
        detach_keys_parse("a,ctrl-a,ctrl-z,ctrl-@,ctrl-[,ctrl-\\,ctrl-],ctrl-^,ctrl-_,DEL", &k, NULL), 0);
    assert_int_equal(k.n, 10);
    assert_memory_equal(k.v, "a\x01\x1a\0\x1b\x1c\x1d\x1e\x1f\x7f", 10);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_int_not_equal(detach_keys_parse(bad[i], &k, NULL), 0);
    assert_int_not_equal(
        detach_keys_parse("a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a", &k, NULL), 0);
}

/* Typed in pieces of each length, it comes out the same. */
static void typed(const char *keys, const char *in, size_t n, const char *out, size_t out_n, bool left)
{
    for (size_t piece = 1; piece <= n; piece++) {
        struct detach_keys k;
        char got[256];
        size_t got_n = 0, more;
        bool gone = false;
        assert_int_equal(detach_keys_parse(keys, &k, NULL), 0);
        for (size_t i = 0; i < n && !gone; i += piece) {
            gone = detach_keys_filter(&k, in + i, MIN_OF(piece, n - i), got + got_n, &more);
            got_n += more;
        }
        assert_int_equal(gone, left);
        assert_int_equal(got_n, out_n);
        assert_memory_equal(got, out, out_n);
    }
}

static void bytes(void **state _unused_)
{
    typed("ctrl-p,ctrl-q", "abc", 3, "abc", 3, false);
    typed("ctrl-p,ctrl-q", "a\x10\x11z", 4, "a", 1, true);
    typed("ctrl-p,ctrl-q", "\x10x\x11", 3, "\x10x\x11", 3, false);
    typed("ctrl-p,ctrl-q", "\x10\x10\x11", 3, "\x10", 1, true);
    typed("ctrl-p,ctrl-q", "x\x10", 2, "x", 1, false); /* kept back */
    typed("a,a,b", "aaab", 4, "a", 1, true);
    typed("a,b,a,c", "ababac", 6, "ab", 2, true);
    typed("q", "wq", 2, "w", 1, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(words), cmocka_unit_test(bytes) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
