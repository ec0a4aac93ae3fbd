// SPDX-License-Identifier: Apache-2.0
/* Memory comes zeroed and aligned, large blocks do not lose the rest of a chunk. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"

static void test_zeroed_and_aligned(void **state _unused_)
{
    _cleanup_arena_ struct arena *a = arena_new();
    for (size_t size = 0; size < 20000; size = size * 3 + 1) {
        unsigned char *p = arena_alloc(a, size);
        assert_int_equal((uintptr_t) p % _Alignof(max_align_t), 0);
        for (size_t i = 0; i < size; i++)
            assert_int_equal(p[i], 0);
        memset(p, 0xff, size);
    }
    assert_non_null(arena_array(a, 0, 8));
}

static void test_strings(void **state _unused_)
{
    _cleanup_arena_ struct arena *a = arena_new();
    assert_string_equal(arena_strdup(a, "one"), "one");
    assert_string_equal(arena_strndup(a, "two three", 3), "two");
    assert_string_equal(arena_strndup(a, "x", 30), "x");
    assert_string_equal(arena_printf(a, "%d/%s", 5, "y"), "5/y");
    const char *s = arena_printf(a, "%01000d", 1);
    assert_int_equal(strlen(s), 1000);
}

static void test_grow(void **state _unused_)
{
    _cleanup_arena_ struct arena *a = arena_new();
    int *p = arena_array(a, 2, sizeof(int));
    p[0] = 1;
    p[1] = 2;
    p = arena_grow(a, p, 2, 1000, sizeof(int));
    assert_int_equal(p[0], 1);
    assert_int_equal(p[1], 2);
    assert_int_equal(p[2], 0);
    assert_int_equal(p[999], 0);
    assert_non_null(arena_grow(a, NULL, 0, 4, 8));
    arena_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_zeroed_and_aligned),
        cmocka_unit_test(test_strings),
        cmocka_unit_test(test_grow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
