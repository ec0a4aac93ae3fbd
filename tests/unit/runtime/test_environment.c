// SPDX-License-Identifier: Apache-2.0
/* The environment of a program: doubled names, and HOME from a passwd file of somebody who may be hostile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "runtime/environment.h"

static void test_doubled(void **state _unused_)
{
    const char *env[] = { "A=1", "HOME=/h", "B", "A=2", "=x", "AB=3", "B=", "A=", "AB=4", "B" };
    const char *want[] = { "HOME=/h", "=x", "B=", "A=", "AB=4", "B" };
    const struct oci_process p = { .env = { env, ARRAY_LEN(env) } };
    char **got = environment_make(&p);
    for (size_t i = 0; i < ARRAY_LEN(want); i++)
        assert_string_equal(got[i], want[i]);
    assert_null(got[ARRAY_LEN(want)]);
    free(got);
}

static void test_many(void **state _unused_)
{
    enum { N = 20000 };
    const char **env = xcalloc(N + 1, sizeof(*env));
    for (size_t i = 0; i < N; i++)
        env[i] = xasprintf("NAME%zu=%zu", i % (N / 2), i);
    env[N] = "HOME=";
    const struct oci_process p = { .env = { env, N + 1 } };
    char **got = environment_make(&p);
    for (size_t i = 0; i < N / 2; i++)
        assert_ptr_equal(got[i], env[i + N / 2]);
    assert_string_equal(got[N / 2], "HOME=");
    assert_null(got[N / 2 + 1]);
    free(got);
    for (size_t i = 0; i < N; i++)
        free((char *) env[i]);
    free(env);
}

static void test_home(void **state _unused_)
{
    static const struct {
        const char *text;
        uint32_t uid;
        const char *home; /* NULL: none */
    } rows[] = {
        { "root:x:0:0:root:/root:/bin/sh\nmail:x:8:8:mail:/var/mail:/bin/sh\n", 0, "/root" },
        { "root:x:0:0:root:/root:/bin/sh\nmail:x:8:8:mail:/var/mail:/bin/sh\n", 8, "/var/mail" },
        { "root:x:0:0:root:/root:/bin/sh\nmail:x:8:8:mail:/var/mail:/bin/sh\n", 9, NULL },
        { "root:x:0:0:root:/root", 0, "/root" }, /* without a shell, without a newline */
        { "a:x:5:5::/first:\nb:x:5:5::/second:\n", 5, "/first" },
        { "", 0, NULL },
        { "\n\n::::::\n", 0, NULL },
        { "root:x:0:0:root\n", 0, NULL },
        { ":x:0:0:root:/root:\n", 0, NULL },
        { "root:x::0:root:/root:\n", 0, NULL },
        { "root:x:-0:0:root:/root:\n", 0, NULL },
        { "root:x: 0:0:root:/root:\n", 0, NULL },
        { "root:x:0x0:0:root:/root:\n", 0, NULL },
        { "big:x:4294967296:0::/big:\n", 0, NULL },
        { "root:x:0:0:root:relative:\n", 0, NULL },
        { "root:x:0:0:root::\n", 0, NULL },
        { "root:x:0:0:ro\x1bot:/\x1b[2J:\n", 0, NULL }, /* control characters */
        { "root:x:0:0:root:/ro\rot:\n", 0, NULL },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char *text = xstrdup(rows[i].text);
        const char *home = environment_home(text, rows[i].uid);
        if (rows[i].home ? !home || !str_eq(home, rows[i].home) : home != NULL)
            fail_msg("row %zu: \"%s\", not \"%s\"", i, home ?: "(none)", rows[i].home ?: "(none)");
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_doubled),
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_home),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
