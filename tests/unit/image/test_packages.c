// SPDX-License-Identifier: Apache-2.0
/* The package databases of images, which their makers wrote: dpkg's and apk's, whole, cut off and malformed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "image/packages.h"

/* "NAME VERSION;…" of what is in a text. */
static void expect(enum package_kind kind, const char *text, const char *wanted)
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct packages v = { 0 };
    char got[2048] = "";
    size_t len = 0;

    packages_parse(text, kind, a, &v);
    for (size_t i = 0; i < v.n; i++)
        len += (size_t) snprintf(got + len, sizeof(got) - len, "%s %s;", v.v[i].name, v.v[i].version);
    assert_string_equal(got, wanted);
}

static void test_dpkg(void **state)
{
    (void) state;
    expect(PACKAGES_DPKG, "", "");
    expect(
        PACKAGES_DPKG,
        "Package: a\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1:2.0-1\n\nPackage: b\nVersion: 3\n",
        "a:amd64 1:2.0-1;b 3;");
    /* A continued field is nothing of its own. */
    expect(PACKAGES_DPKG, "Package: a\nVersion: 1\nDescription: x\n Package: c\n Version: 9\n", "a 1;");
    /* What was removed, unpacked only, or has no version is none. */
    expect(
        PACKAGES_DPKG,
        "Package: a\nStatus: deinstall ok config-files\nVersion: 1\n\nPackage: b\nStatus: install ok half-installed\nVersion: 1\n\nPackage: c\nStatus: install ok installed\n",
        "");
    /* No end of line, empty lines, fields without a value, and longer ones than any. */
    expect(PACKAGES_DPKG, "\n\n\nPackage: a\nVersion: 1", "a 1;");
    expect(PACKAGES_DPKG, "Package: \nVersion: 1\n\nPackage:\nVersion:\n\nPackage", "");
    char text[700] = "Package: a\nVersion: ";
    memset(text + strlen(text), '1', 400);
    expect(PACKAGES_DPKG, text, "");
}

static void test_apk(void **state)
{
    (void) state;
    expect(PACKAGES_APK, "C:Q1abc=\nP:musl\nV:1.2.3-r4\nA:x86_64\n\nP:busybox\nV:1.36\nF:bin\nR:busybox\n\n",
           "musl 1.2.3-r4;busybox 1.36;");
    expect(PACKAGES_APK, "P:\nV:1\n\nP:a\n\nV:2", "");
}

static void test_many(void **state)
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct packages v = { 0 };
    char *text = malloc(300000), *to = text;

    (void) state;
    assert_non_null(text);
    for (int i = 0; i < 5000; i++)
        to += sprintf(to, "Package: p%d\nVersion: %d\n\n", i, i);
    packages_parse(text, PACKAGES_DPKG, a, &v);
    assert_int_equal(v.n, 5000);
    assert_string_equal(v.v[4999].name, "p4999");
    assert_string_equal(v.v[127].version, "127");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dpkg),
        cmocka_unit_test(test_apk),
        cmocka_unit_test(test_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
