// SPDX-License-Identifier: Apache-2.0
/* Dates against the C library, odd forms of RFC 3339, words of age. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>

#include "base/clock.h"

static void test_against_libc(void **state _unused_)
{
    for (int64_t t = -62000000000; t < 250000000000; t += 86399 * 97) {
        struct timespec in = { .tv_sec = t, .tv_nsec = 6 }, out;
        char ours[CLOCK_TEXT_MAX], libc[64], expect[100];
        struct tm tm;
        clock_format(&in, ours);
        gmtime_r(&in.tv_sec, &tm);
        strftime(libc, sizeof(libc), "-%m-%dT%H:%M:%S", &tm);
        snprintf(expect, sizeof(expect), "%04d%s.000000006Z", tm.tm_year + 1900, libc);
        assert_string_equal(ours, expect);
        assert_int_equal(clock_parse(ours, &out), 0);
        assert_int_equal(out.tv_sec, t);
        assert_int_equal(out.tv_nsec, 6);
    }
}

static void test_parse(void **state _unused_)
{
    static const struct {
        const char *text;
        int64_t seconds;
        long ns;
    } good[] = {
        { "1970-01-01T00:00:00Z", 0, 0 },
        { "2026-01-02T03:04:05.000000006Z", 1767323045, 6 },
        { "2026-01-02T05:04:05+02:00", 1767323045, 0 },
        { "2026-01-01T23:34:05-03:30", 1767323045, 0 },
        { "2026-01-02t03:04:05.5z", 1767323045, 500000000 },
        { "2016-12-31T23:59:60Z", 1483228800, 0 },
        { "2024-02-29T00:00:00Z", 1709164800, 0 },
        { "2026-01-02T03:04:05.1234567891Z", 1767323045, 123456789 },
    };
    static const char *const bad[] = {
        "",
        "2026",
        "2026-01-02",
        "2026-01-02T03:04:05",
        "2026-01-02T03:04:05.Z",
        "2025-02-29T00:00:00Z",
        "2026-13-01T00:00:00Z",
        "2026-00-01T00:00:00Z",
        "2026-01-02T24:00:00Z",
        "2026-01-02T03:60:05Z",
        "2026-01-02T03:04:61Z",
        "2026-01-02T03:04:05Zx",
        "2026-01-02T03:04:05+2:00",
        "2026-01-02T03:04:05+24:00",
        " 2026-01-02T03:04:05Z",
        "-026-01-02T03:04:05Z",
        "2026-01-32T03:04:05Z",
    };
    struct timespec t;
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        assert_int_equal(clock_parse(good[i].text, &t), 0);
        assert_int_equal(t.tv_sec, good[i].seconds);
        assert_int_equal(t.tv_nsec, good[i].ns);
    }
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_int_equal(clock_parse(bad[i], &t), -EINVAL);
}

static void test_ago(void **state _unused_)
{
    static const struct {
        int64_t seconds;
        const char *text;
    } cases[] = {
        { -5, "Less than a second" },
        { 0, "Less than a second" },
        { 1, "1 second" },
        { 45, "45 seconds" },
        { 60, "About a minute" },
        { 119, "About a minute" },
        { 120, "2 minutes" },
        { 3599, "59 minutes" },
        { 3600, "About an hour" },
        { 5399, "About an hour" },
        { 5400, "2 hours" },
        { 3600 * 47, "47 hours" },
        { 86400 * 3, "3 days" },
        { 86400 * 14, "2 weeks" },
        { 86400 * 60, "2 months" },
        { 86400 * 365 * 3LL, "3 years" },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char buf[40];
        clock_ago(cases[i].seconds, buf, sizeof(buf));
        assert_string_equal(buf, cases[i].text);
    }
}

static void test_source_date(void **state _unused_)
{
    struct timespec t;
    setenv("SOURCE_DATE_EPOCH", "1234567890", 1);
    clock_source_date(&t);
    assert_int_equal(t.tv_sec, 1234567890);
    setenv("SOURCE_DATE_EPOCH", "12x", 1);
    clock_source_date(&t);
    assert_true(t.tv_sec > 1500000000);
    unsetenv("SOURCE_DATE_EPOCH");
    clock_source_date(&t);
    assert_true(t.tv_sec > 1500000000);
    int64_t before = clock_monotonic_ms();
    assert_true(clock_monotonic_ms() >= before);
    clock_format(&(struct timespec){ .tv_sec = INT64_MAX, .tv_nsec = 999999999 },
                 (char[CLOCK_TEXT_MAX]){ 0 });
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_libc),
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_ago),
        cmocka_unit_test(test_source_date),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
