// SPDX-License-Identifier: Apache-2.0
/* Platforms: normal form, and which of an index's images is taken. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "oci/platform.h"

static void parses(void **state _unused_)
{
    static const char *const table[][2] = {
        { "linux/amd64", "linux/amd64" },     { "amd64", "linux/amd64" },
        { "x86_64", "linux/amd64" },          { "linux/arm", "linux/arm/v7" },
        { "linux/arm/6", "linux/arm/v6" },    { "linux/arm64/v8", "linux/arm64" },
        { "LINUX/AArch64", "linux/arm64" },   { "armhf", "linux/arm/v7" },
        { "armel", "linux/arm/v6" },          { "i386", "linux/386" },
        { "linux/amd64/v1", "linux/amd64" },  { "linux/amd64/v3", "linux/amd64/v3" },
        { "windows/amd64", "windows/amd64" },
    };
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        struct platform p;
        char text[84];
        assert_int_equal(platform_parse(table[i][0], &p, NULL), 0);
        platform_format(&p, text, sizeof(text));
        assert_string_equal(text, table[i][1]);
    }
}

static void refuses(void **state _unused_)
{
    static const char *const table[] = {
        "",        "/",         "linux/",      "/amd64",       "linux/amd64/",
        "a/b/c/d", "linux/a b", "linux/\033m", "linux/../etc", "linux//v7"
    };
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        struct platform p;
        struct error err = { 0 };
        assert_int_equal(platform_parse(table[i], &p, &err), -EINVAL);
        assert_true(err.msg[0] != '\0');
    }
}

static void ranks(void **state _unused_)
{
    static const struct {
        const char *want, *os, *arch, *variant;
        int rank;
    } table[] = {
        { "linux/amd64", "linux", "amd64", NULL, 0 },       { "linux/amd64", "linux", "x86_64", "v1", 0 },
        { "linux/amd64", "linux", "amd64", "v3", -1 },      { "linux/amd64/v3", "linux", "amd64", "v2", 1 },
        { "linux/amd64/v3", "linux", "amd64", NULL, 2 },    { "linux/amd64/v3", "linux", "amd64", "v3", 0 },
        { "linux/arm/v7", "linux", "arm", "v6", 1 },        { "linux/arm/v6", "linux", "arm", "v7", -1 },
        { "linux/arm/v7", "linux", "arm", NULL, 0 },        { "linux/arm64", "linux", "arm64", "v8", 0 },
        { "linux/arm64", "linux", "arm64", "v9", -1 },      { "linux/arm64", "linux", "arm", "v7", -1 },
        { "linux/amd64", "windows", "amd64", NULL, -1 },    { "linux/amd64", NULL, NULL, NULL, -1 },
        { "linux/amd64", "unknown", "unknown", NULL, -1 },  { "linux/amd64", "linux", "amd64", "../x", -1 },
        { "linux/s390x", "linux", "s390x", "strange", -1 },
    };
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        struct platform want;
        assert_int_equal(platform_parse(table[i].want, &want, NULL), 0);
        assert_int_equal(platform_rank(&want, table[i].os, table[i].arch, table[i].variant), table[i].rank);
    }
}

static void host(void **state _unused_)
{
    struct platform p;
    platform_host(&p);
    assert_string_equal(p.os, "linux");
    assert_int_equal(platform_rank(&p, "linux", p.architecture, p.variant), 0);
    assert_true(platform_rank(&p, "linux", p.architecture, NULL) >= 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parses),
        cmocka_unit_test(refuses),
        cmocka_unit_test(ranks),
        cmocka_unit_test(host),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
