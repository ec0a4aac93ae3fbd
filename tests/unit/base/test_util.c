// SPDX-License-Identifier: Apache-2.0
/* Formatting that must fit, prefixes, random names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "base/util.h"

static void test_format(void **state _unused_)
{
    char buf[4];
    assert_int_equal(str_format(buf, sizeof(buf), "%d", 123), 3);
    assert_int_equal(str_format(buf, sizeof(buf), "%d", 1234), -ENAMETOOLONG);
    _cleanup_free_ char *s = xasprintf("%s!", "x");
    assert_string_equal(s, "x!");
    assert_string_equal(str_after("key=value", "key="), "value");
    assert_null(str_after("ke", "key="));
}

static void test_random(void **state _unused_)
{
    char a[65], b[65];
    random_hex(a, 32);
    random_hex(b, 32);
    assert_int_equal(strlen(a), 64);
    assert_int_equal(strspn(a, "0123456789abcdef"), 64);
    assert_string_not_equal(a, b);
    random_hex(a, 2);
    assert_int_equal(strlen(a), 4);
}

static void test_take(void **state _unused_)
{
    char *p = xstrdup("x");
    _cleanup_free_ char *q = TAKE_PTR(p);
    assert_null(p);
    assert_string_equal(q, "x");
    int fd = dup(1);
    _cleanup_close_ int other = TAKE_FD(fd);
    assert_int_equal(fd, -1);
    assert_true(other >= 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_format),
        cmocka_unit_test(test_random),
        cmocka_unit_test(test_take),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
