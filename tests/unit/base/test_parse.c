// SPDX-License-Identifier: Apache-2.0
/* Numbers, sizes and durations: the form first, the range second, nothing cut off. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "base/parse.h"

static void test_integers(void **state _unused_)
{
    uint64_t u64 = 7;
    uint32_t u32 = 7;
    int64_t i64 = 7;
    int32_t i32 = 7;
    static const char *const bad[] = { "",    " 1",  "1 ",  "+1",  "-",   "--1",
                                       "0x1", "1e3", "1.0", "\t1", "1\n", "a" };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        assert_int_equal(parse_u64(bad[i], &u64), -EINVAL);
        assert_int_equal(parse_i64(bad[i], &i64), -EINVAL);
        assert_int_equal(parse_u32(bad[i], &u32), -EINVAL);
        assert_int_equal(parse_i32(bad[i], &i32), -EINVAL);
    }
    assert_int_equal(u64 + u32 + (uint64_t) i64 + (uint64_t) i32, 28); /* untouched */
    assert_int_equal(parse_u64("-1", &u64), -EINVAL);
    assert_int_equal(parse_u64("18446744073709551615", &u64), 0);
    assert_true(u64 == UINT64_MAX);
    assert_int_equal(parse_u64("18446744073709551616", &u64), -ERANGE);
    assert_int_equal(parse_u64("99999999999999999999x", &u64), -EINVAL);
    assert_int_equal(parse_u32("4294967295", &u32), 0);
    assert_int_equal(parse_u32("4294967296", &u32), -ERANGE);
    assert_int_equal(parse_i64("-9223372036854775808", &i64), 0);
    assert_true(i64 == INT64_MIN);
    assert_int_equal(parse_i64("9223372036854775807", &i64), 0);
    assert_int_equal(parse_i64("9223372036854775808", &i64), -ERANGE);
    assert_int_equal(parse_i64("-9223372036854775809", &i64), -ERANGE);
    assert_int_equal(parse_i32("-2147483648", &i32), 0);
    assert_int_equal(i32, INT32_MIN);
    assert_int_equal(parse_i32("2147483648", &i32), -ERANGE);
    assert_int_equal(parse_octal("0755", 07777, &u32), 0);
    assert_int_equal(u32, 0755);
    assert_int_equal(parse_octal("8", 07777, &u32), -EINVAL);
    assert_int_equal(parse_octal("", 07777, &u32), -EINVAL);
    assert_int_equal(parse_octal("10000", 07777, &u32), -ERANGE);
    assert_int_equal(parse_octal("7777777777777777777777777", 07777, &u32), -ERANGE);
}

static void test_bool(void **state _unused_)
{
    bool b = false;
    assert_int_equal(parse_bool("True", &b), 0);
    assert_true(b);
    assert_int_equal(parse_bool("f", &b), 0);
    assert_false(b);
    assert_int_equal(parse_bool("yes", &b), -EINVAL);
    assert_int_equal(parse_bool("", &b), -EINVAL);
    assert_int_equal(parse_bool("tRUE", &b), -EINVAL);
}

static void test_size(void **state _unused_)
{
    static const struct {
        const char *text;
        int64_t bytes;
    } good[] = {
        { "32", 32 },
        { "32b", 32 },
        { "32B", 32 },
        { "32k", 32768 },
        { "32Kb", 32768 },
        { "32KiB", 32768 },
        { "32 mib", 33554432 },
        { "1.5g", 1610612736 },
        { ".5k", 512 },
        { "5.k", 5120 },
        { "0.1g", 107374182 },
        { "1tb", 1099511627776 },
        { "8191p", 8191LL << 50 },
        { "9223372036854775807", INT64_MAX },
        { "1.9", 1 },
        { "0", 0 },
        { "0.9999999999999999999999999k", 1023 },
    };
    static const char *const bad[] = {
        "",      "b",   "k",    ".",    "-1",   "-1k", "+1",  "32kk", "32bb", "32mmb", "32ib", "32kibb",
        "32  k", " 32", "32k ", "1..2", "1,5k", "1e3", "32e", "0x1",  "32ki", "inf",   "nan",
    };
    int64_t n;
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        assert_int_equal(parse_size(good[i].text, &n), 0);
        assert_true(n == good[i].bytes);
    }
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        if (!str_eq(bad[i], "32ki"))
            assert_int_equal(parse_size(bad[i], &n), -EINVAL);
    assert_int_equal(parse_size("32ki", &n), -EINVAL);
    assert_int_equal(parse_size("8192p", &n), -ERANGE);
    assert_int_equal(parse_size("99999999999999999999", &n), -ERANGE);
}

static void test_duration(void **state _unused_)
{
    static const struct {
        const char *text;
        int64_t ns;
    } good[] = {
        { "0", 0 },
        { "10s", 10000000000 },
        { "1h30m", 5400000000000 },
        { "500ms", 500000000 },
        { "1.5s", 1500000000 },
        { ".5m", 30000000000 },
        { "3us", 3000 },
        { "3\xc2\xb5s", 3000 },
        { "3\xce\xbcs", 3000 },
        { "7ns", 7 },
        { "1h1m1s1ms1us1ns", 3661001001001 },
        { "0s", 0 },
    };
    static const char *const bad[] = { "",    "1",    "s",  "-1s", "+1s", "1x", "1s ",
                                       "1 s", "1.s.", "1d", "00",  ".s",  "1S" };
    int64_t ns;
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        assert_int_equal(parse_duration(good[i].text, &ns), 0);
        assert_true(ns == good[i].ns);
    }
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_int_equal(parse_duration(bad[i], &ns), -EINVAL);
    assert_int_equal(parse_duration("9999999h", &ns), -ERANGE);
    assert_int_equal(parse_duration("2562047h2562047h", &ns), -ERANGE);
    assert_int_equal(parse_duration("9999999hx", &ns), -EINVAL);
}

static void test_nano(void **state _unused_)
{
    int64_t n;
    assert_int_equal(parse_nano("1.5", &n), 0);
    assert_true(n == 1500000000);
    assert_int_equal(parse_nano(".000000001", &n), 0);
    assert_true(n == 1);
    assert_int_equal(parse_nano("2", &n), 0);
    assert_true(n == 2000000000);
    assert_int_equal(parse_nano("1.0000000001", &n), -EINVAL);
    assert_int_equal(parse_nano("-1", &n), -EINVAL);
    assert_int_equal(parse_nano(".", &n), -EINVAL);
    assert_int_equal(parse_nano("10000000000", &n), -ERANGE);
}

static void test_nearest(void **state _unused_)
{
    static const char *const names[] = { "run", "rm", "inspect", "images", "network", "read-only" };
    assert_string_equal(nearest_name("inspct", names, ARRAY_LEN(names)), "inspect");
    assert_string_equal(nearest_name("netwrok", names, ARRAY_LEN(names)), "network");
    assert_string_equal(nearest_name("rnu", names, ARRAY_LEN(names)), "run");
    assert_string_equal(nearest_name("readonly", names, ARRAY_LEN(names)), "read-only");
    assert_null(nearest_name("zebra", names, ARRAY_LEN(names)));
    assert_null(nearest_name("", names, ARRAY_LEN(names)));
    assert_null(nearest_name("x", names, ARRAY_LEN(names)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_integers), cmocka_unit_test(test_bool), cmocka_unit_test(test_size),
        cmocka_unit_test(test_duration), cmocka_unit_test(test_nano), cmocka_unit_test(test_nearest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
