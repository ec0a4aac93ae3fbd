// SPDX-License-Identifier: Apache-2.0
/* CVSS scores: vectors of our own for each rule, and the public lists where they lie beside the project. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "lists.h"
#include "scan/cvss.h"

static void test_scores(void **state _unused_)
{
    static const struct {
        const char *vector;
        int tenths, version;
    } table[] = {
        { "AV:N/AC:L/Au:N/C:C/I:C/A:C", 100, 20 },
        { "AV:L/AC:H/Au:M/C:N/I:N/A:N", 0, 20 },
        { "AV:N/AC:L/Au:N/C:P/I:P/A:P/E:U/RL:OF/RC:UC", 50, 20 },
        { "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 98, 31 },
        /* 3.1 has another modified impact */
        { "CVSS:3.0/AV:N/AC:H/PR:N/UI:N/S:C/C:H/I:H/A:H/CR:H/IR:H/AR:H", 90, 30 },
        { "CVSS:3.1/AV:N/AC:H/PR:N/UI:N/S:C/C:H/I:H/A:H/CR:H/IR:H/AR:H", 91, 31 },
        /* 5.0 * 0.92 is no more than 4.6 */
        { "CVSS:3.0/AV:L/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N/RC:U", 46, 30 },
        { "CVSS:3.1/A:H/I:H/C:H/S:C/UI:N/PR:N/AC:L/AV:N", 100, 31 }, /* any order */
        { "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H/MAV:P", 68, 31 },
        { "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H", 100, 40 },
        { "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:N/VI:N/VA:N/SC:N/SI:N/SA:N", 0, 40 },
        { "CVSS:4.0/AV:P/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:H/SA:N/S:P/V:D", 83, 40 },
        { "CVSS:4.0/AV:N/AC:L/AT:P/PR:N/UI:P/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N/E:U", 52, 40 },
    };
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        int tenths = -1, version = -1;
        assert_int_equal(cvss_score(table[i].vector, &tenths, &version), 0);
        if (tenths != table[i].tenths)
            fail_msg("%s: %d, expected %d", table[i].vector, tenths, table[i].tenths);
        assert_int_equal(version, table[i].version);
    }
}

static void test_refused(void **state _unused_)
{
    static const char *const bad[] = {
        "",
        "/",
        ":",
        "CVSS:3.1",
        "CVSS:3.1/",
        "CVSS:3.2/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
        "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H",
        "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H/",
        "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H/A:H",
        "CVSS:3.1/AV:N /AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
        "AV:N/AC:L/Au:N/C:C/I:C/A:C/E:F",
        "AV:N/AC:L/Au:N/I:C/C:C/A:C",
        "CVSS:4.0/AC:L/AV:N/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H",
        "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:H/SI:S/SA:H",
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        int tenths = 77, version = 77;
        if (cvss_score(bad[i], &tenths, &version) != -EINVAL)
            fail_msg("%s: accepted", bad[i]);
        assert_int_equal(tenths + version, 154);
    }
}

static void test_severity(void **state _unused_)
{
    assert_int_equal(cvss_severity(31, 0), CVSS_NONE);
    assert_int_equal(cvss_severity(31, 1), CVSS_LOW);
    assert_int_equal(cvss_severity(31, 39), CVSS_LOW);
    assert_int_equal(cvss_severity(40, 40), CVSS_MEDIUM);
    assert_int_equal(cvss_severity(30, 70), CVSS_HIGH);
    assert_int_equal(cvss_severity(31, 90), CVSS_CRITICAL);
    assert_int_equal(cvss_severity(20, 100), CVSS_HIGH);
}

static size_t scores_of(const char *name)
{
    FILE *f = list_open(name);
    if (f == NULL)
        return 0;
    char line[1024], vector[512];
    size_t n = 0;
    for (; list_line(f, line, sizeof(line)) != NULL; n++) {
        double want;
        int tenths = -1;
        assert_int_equal(sscanf(line, "%511s %lf", vector, &want), 2); /* NOLINT(cert-err34-c) */
        assert_int_equal(cvss_score(vector, &tenths, NULL), 0);
        if (tenths != (int) (want * 10 + 0.5))
            fail_msg("%s: %s: %d", name, line, tenths);
    }
    fclose(f);
    return n;
}

static void test_score_lists(void **state _unused_)
{
    static const char *const lists[] = { "v2_score", "v30_score", "v31_score", "v4_score" };
    size_t n = 0;
    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        char name[64];
        snprintf(name, sizeof(name), "versions/cvss/%s.list", lists[i]);
        n += scores_of(name);
    }
    if (n == 0)
        skip();
    print_message("%zu vectors with a score: all as listed\n", n);
}

/* "#OK" behind a vector: it is one; else it must be refused. */
static void test_error_lists(void **state _unused_)
{
    static const char *const lists[] = { "v2_error",     "v3_error",     "v4_error",
                                         "v2_roundtrip", "v3_roundtrip", "v4_roundtrip" };
    size_t n = 0;
    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        char name[64], line[1024];
        snprintf(name, sizeof(name), "versions/cvss/%s.list", lists[i]);
        FILE *f = list_open(name);
        for (; f != NULL && list_line(f, line, sizeof(line)) != NULL; n++) {
            bool good = strstr(line, "#OK") != NULL || strstr(lists[i], "roundtrip") != NULL;
            line[strcspn(line, " \t")] = '\0';
            int tenths, version = 0;
            bool scored = cvss_score(line, &tenths, &version) == 0 && version / 10 == lists[i][1] - '0';
            if (scored != good)
                fail_msg("%s: %s: %s", name, line, good ? "refused" : "accepted");
        }
        if (f != NULL)
            fclose(f);
    }
    if (n == 0)
        skip();
    print_message("%zu vectors accepted or refused as listed\n", n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scores),      cmocka_unit_test(test_refused),
        cmocka_unit_test(test_severity),    cmocka_unit_test(test_score_lists),
        cmocka_unit_test(test_error_lists),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
