// SPDX-License-Identifier: Apache-2.0
/* Version order: a table of our own for the traps of each scheme, and the public lists of pairs where they lie beside the project. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "lists.h"
#include "scan/version.h"

/* Ascending; "=" before a version: the same as the one before it. */
static const struct {
    enum version_scheme scheme;
    const char *ladder[16];
} ladders[] = {
    { VERSION_DPKG,
      { "1.0~rc1-1", "1.0", "=1.0-0", "1.0-1~deb12u1", "1.0-1", "=1.00-01", "1.0-1+b1", "1.0a-1", "1.0+x-1",
        "1.9", "1.10", "1:0.1" } },
    { VERSION_APK,
      { "1.0_alpha", "1.0_alpha2", "1.0_beta", "1.0_pre", "1.0_rc1", "1.0", "1.0-r1", "1.0-r10", "1.0_p1",
        "1.0a", "1.0.1", "1.01", "1.09", "1.1", "1.10" } },
    { VERSION_APK2, { "1.00", "1.0", "1.09", "1.010", "1.1" } },
    { VERSION_RPM,
      { "1.0~rc1-1", "1.0-1", "1.0^git1-1", "1.0.1-1", "=1_0_1-1", "1.0.1-2", "1.0.1-10", "1.1-1",
        "1:0.1-1" } },
    { VERSION_SEMVER,
      { "1.0.0-0", "1.0.0-2", "1.0.0-10", "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-rc.1",
        "1.0.0", "=v1.0.0+x", "=1.0", "1.0.1", "1.10.0" } },
    { VERSION_GO,
      { "1.19.0-0", "go1.19beta1", "go1.19rc2", "=1.19.0-rc.2", "go1.19", "=v1.19.0", "go1.19.1",
        "=go1.19.1 X:unified", "v1.20.0-0.20230101000000-abcdef123456",
        "v1.20.0-0.20230102000000-0bcdef123456", "v1.20.0", "v2.0.0+incompatible" } },
    { VERSION_PEP440,
      { "1.0.dev1", "1.0a1.dev2", "1.0a1", "=1.0-ALPHA_1", "1.0b2", "1.0rc1", "=1.0.c1", "1.0", "=v1.0.0",
        "1.0+abc", "1.0+5", "1.0.post1.dev3", "1.0.post1", "=1.0-1", "1.1", "1!0.1" } },
    { VERSION_MAVEN,
      { "1.0-alpha", "=1.0-a0", "1.0-beta1", "=1.0-b1", "1.0-milestone", "1.0-rc", "=1.0-cr", "1.0-snapshot",
        "1.0", "=1.0.0.ga", "=1-final", "1.0-sp", "1.0-foo", "1.0-1", "1.0.1" } },
    { VERSION_GEM,
      { "1.0.a", "1.0.a.2", "1.0.b1", "=1.0.b.1", "1.0-1", "=1.0.pre.1", "1.0", "=1.0.0", "1.0.1",
        "1.0.10" } },
    { VERSION_NUGET,
      { "1.0.0-alpha", "=1.0.0-ALPHA", "1.0.0-beta.2", "1.0.0-beta.10", "1.0.0", "=1.0", "=1.0.0.0+x",
        "1.0.0.1" } },
    { VERSION_PACKAGIST,
      { "1.0.0-dev", "1.0.0-alpha1", "=1.0.0a1", "1.0.0-beta2", "1.0.0-RC1", "=1.0.0rc1", "1.0.0", "=v1.0.0",
        "1.0.0-p1", "=1.0.0-patch1", "1.0.1" } },
};

static const char *version_of(const char *rung)
{
    return rung[0] == '=' ? rung + 1 : rung;
}

/* Every rung against every other: an order is one for all pairs, or none. */
static void test_ladders(void **state _unused_)
{
    for (size_t l = 0; l < ARRAY_LEN(ladders); l++) {
        int height[16], n = 0;
        for (; n < 16 && ladders[l].ladder[n] != NULL; n++)
            height[n] = n == 0 ? 0 : height[n - 1] + (ladders[l].ladder[n][0] != '=');
        for (int i = 0; i < n; i++)
            for (int j = 0; j < n; j++) {
                const char *a = version_of(ladders[l].ladder[i]), *b = version_of(ladders[l].ladder[j]);
                int got = 7, want = (height[i] > height[j]) - (height[i] < height[j]);
                if (version_compare(ladders[l].scheme, a, b, &got) != 0 || got != want)
                    fail_msg("%s: %s, %s: %d, expected %d", version_scheme_name(ladders[l].scheme), a, b, got,
                             want);
            }
    }
}

static void test_unknown(void **state _unused_)
{
    static const struct {
        enum version_scheme scheme;
        const char *bad;
    } table[] = {
        { VERSION_DPKG, "x:1" },          { VERSION_DPKG, "1:" },        { VERSION_DPKG, "1 2" },
        { VERSION_APK, "1.0-1" },         { VERSION_APK, "a" },          { VERSION_APK, "1.0_foo" },
        { VERSION_APK, "1..2" },          { VERSION_SEMVER, "latest" },  { VERSION_SEMVER, "1.0.0-" },
        { VERSION_SEMVER, "1.0.0-a..b" }, { VERSION_GO, "(devel)" },     { VERSION_GO, "devel +abc" },
        { VERSION_PEP440, "1.0-x" },      { VERSION_PEP440, "2004d-r" }, { VERSION_PEP440, "" },
        { VERSION_PEP440, "1.0+" },       { VERSION_GEM, "a.1" },        { VERSION_GEM, "1..2" },
        { VERSION_NUGET, "x" },
    };
    for (size_t i = 0; i < ARRAY_LEN(table); i++)
        if (version_valid(table[i].scheme, table[i].bad))
            fail_msg("%s: %s is a version", version_scheme_name(table[i].scheme), table[i].bad);
}

static void test_long(void **state _unused_)
{
    char *text = xmalloc(10001);
    for (int s = 0; s < VERSION_SCHEMES; s++) {
        int r = 7;
        memset(text, '1', 10000);
        text[10000] = '\0';
        assert_int_equal(version_compare((enum version_scheme) s, text, "1", &r), -EINVAL);
        assert_int_equal(r, 7);
        text[VERSION_MAX] = '\0';
        assert_int_equal(version_compare((enum version_scheme) s, text, "1", &r), 0);
        assert_int_equal(r, 1);
    }
    free(text);
}

static void test_rpm_source(void **state _unused_)
{
    int r;
    assert_int_equal(version_compare(VERSION_RPM, "1.0-1", "4:1.0-1", &r), 0);
    assert_int_equal(r, -1);
    assert_int_equal(version_compare_rpm_source("1.0-1", "4:1.0-1", &r), 0);
    assert_int_equal(r, 0);
    assert_int_equal(version_compare_rpm_source("3:1.0-1", "4:1.0-1", &r), 0);
    assert_int_equal(r, -1);
}

struct tally {
    size_t pairs, differ, unknown;
};

static void pairs_of(const char *file, enum version_scheme scheme, struct tally *t)
{
    char name[64], line[4096];
    snprintf(name, sizeof(name), "versions/%s.txt", file);
    FILE *f = list_open(name);
    if (f == NULL)
        return;
    while (list_line(f, line, sizeof(line)) != NULL) {
        char a[2048], b[2048], op[2];
        int got = 7;
        if (sscanf(line, "%2047s %1[<=>] %2047s", a, op, b) != 3)
            fail_msg("%s: %s", file, line);
        int want = op[0] == '<' ? -1 : op[0] == '>';
        t->pairs++;
        if (version_compare(scheme, a, b, &got) == 0 && got == want)
            continue;
        *(got == 7 ? &t->unknown : &t->differ) += 1;
        print_message("%s: %s: %s\n", file, line, got == 7 ? "unknown" : got < 0 ? "<" : got > 0 ? ">" : "=");
    }
    fclose(f);
}

static void test_lists(void **state _unused_)
{
    static const struct {
        const char *file;
        enum version_scheme scheme;
    } lists[] = {
        { "alpine", VERSION_APK2 },
        { "debian", VERSION_DPKG },
        { "maven", VERSION_MAVEN },
        { "nuget-versions", VERSION_NUGET },
        { "packagist", VERSION_PACKAGIST },
        { "pypi", VERSION_PEP440 },
        { "redhat-versions", VERSION_RPM },
        { "rubygems", VERSION_GEM },
        { "semver-versions", VERSION_SEMVER },
    };
    struct tally t = { 0 };
    for (size_t i = 0; i < ARRAY_LEN(lists); i++)
        pairs_of(lists[i].file, lists[i].scheme, &t);
    if (t.pairs == 0)
        skip();
    print_message("%zu pairs: %zu in another order, %zu with one that is no version\n", t.pairs, t.differ,
                  t.unknown);
    assert_true(t.differ * 10000 <= t.pairs); /* 99.99 % */
    /* Of before PEP 440, which pip and packaging refuse today: 0.3m2, 2013-01-21T20:33:09+0100. */
    assert_true(t.unknown <= 33);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ladders),    cmocka_unit_test(test_unknown), cmocka_unit_test(test_long),
        cmocka_unit_test(test_rpm_source), cmocka_unit_test(test_lists),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
