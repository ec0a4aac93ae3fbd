// SPDX-License-Identifier: Apache-2.0
/* The growing string: empty, growing, formatted, stolen. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/strbuf.h"

static void test_empty(void **state _unused_)
{
    struct strbuf sb = STRBUF_INIT;
    assert_string_equal(sb.buf, "");
    strbuf_reset(&sb);
    _cleanup_free_ char *s = strbuf_steal(&sb);
    assert_string_equal(s, "");
    strbuf_free(&sb);
}

static void test_grows(void **state _unused_)
{
    _cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;
    for (int i = 0; i < 10000; i++)
        strbuf_addc(&sb, (char) ('a' + i % 26));
    assert_int_equal(sb.len, 10000);
    assert_int_equal(strlen(sb.buf), 10000);
    for (int i = 0; i < 10000; i++)
        assert_int_equal(sb.buf[i], 'a' + i % 26);
    strbuf_add(&sb, "\0x", 2);
    assert_int_equal(sb.len, 10002);
    strbuf_reset(&sb);
    assert_string_equal(sb.buf, "");
    strbuf_adds(&sb, "again");
    assert_string_equal(sb.buf, "again");
}

static void test_format(void **state _unused_)
{
    _cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;
    strbuf_addf(&sb, "%s-%d", "a", 1);
    strbuf_addf(&sb, "%0500d", 7);
    assert_int_equal(sb.len, 503);
    assert_memory_equal(sb.buf, "a-1000", 6);
    assert_string_equal(sb.buf + 501, "07");
    _cleanup_free_ char *s = strbuf_steal(&sb);
    assert_int_equal(strlen(s), 503);
    assert_string_equal(sb.buf, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_grows),
        cmocka_unit_test(test_format),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
