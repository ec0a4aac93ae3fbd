// SPDX-License-Identifier: Apache-2.0
/* Messages are built, prefixed and visibly cut; a NULL object is fine everywhere. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "base/error.h"

static void test_set_and_context(void **state _unused_)
{
    struct error err = { 0 };
    assert_int_equal(error_set(&err, -EINVAL, "bad %s", "thing"), -EINVAL);
    assert_string_equal(err.msg, "bad thing");
    assert_int_equal(error_context(&err, -EIO, "layer %d", 3), -EINVAL);
    assert_string_equal(err.msg, "layer 3: bad thing");
    error_clear(&err);
    assert_int_equal(err.code, 0);
    assert_int_equal(error_context(&err, -EPERM, "alone"), -EPERM);
    assert_string_equal(err.msg, "alone");
}

static void test_errno_text(void **state _unused_)
{
    struct error err = { 0 };
    assert_int_equal(error_errno(&err, -ENOENT, "cannot open %s", "/x"), -ENOENT);
    assert_string_equal(err.msg, "cannot open /x: No such file or directory");
    assert_int_equal(error_errno(&err, -4000, "odd"), -4000);
    assert_string_equal(err.msg, "odd: error 4000");
    assert_int_equal(error_set(&err, 0, "zero"), -EIO);
}

static void test_null_object(void **state _unused_)
{
    assert_int_equal(error_set(NULL, -EINVAL, "x"), -EINVAL);
    assert_int_equal(error_errno(NULL, -EPERM, "x"), -EPERM);
    assert_int_equal(error_context(NULL, -EBUSY, "x"), -EBUSY);
    error_clear(NULL);
}

static void test_cut_is_visible(void **state _unused_)
{
    struct error err = { 0 };
    char longish[3000];
    memset(longish, 'a', sizeof(longish) - 1);
    longish[sizeof(longish) - 1] = '\0';
    error_set(&err, -EINVAL, "%s", longish);
    assert_int_equal(strlen(err.msg), sizeof(err.msg) - 1);
    assert_string_equal(err.msg + strlen(err.msg) - 3, "...");
    error_context(&err, -EINVAL, "%s", longish);
    assert_string_equal(err.msg + strlen(err.msg) - 3, "...");
    error_errno(&err, -ENOENT, "%s", longish);
    assert_non_null(strstr(err.msg, "...: No such file or directory"));
    /* Never in the middle of a character. */
    for (size_t i = 0; i + 2 < sizeof(longish); i += 2)
        memcpy(longish + i, "\xc3\xa9", 2);
    error_set(&err, -EINVAL, "%s", longish);
    char *dots = strstr(err.msg, "...");
    assert_non_null(dots);
    assert_int_equal((unsigned char) dots[-1], 0xa9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_set_and_context),
        cmocka_unit_test(test_errno_text),
        cmocka_unit_test(test_null_object),
        cmocka_unit_test(test_cut_is_visible),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
