// SPDX-License-Identifier: Apache-2.0
/* linux.mountLabel: what becomes of it, and that it reaches the kernel, which without SELinux refuses it. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <unistd.h>

#include "confine/lsm.h"
#include "confine/mounts.h"

static struct oci_spec *parse(const char *rest)
{
    _cleanup_free_ char *text = xasprintf(
        "{\"ociVersion\": \"1.0.0\", \"root\": {\"path\": \"/\"}, \"process\": {\"cwd\": \"/\", \"args\": [\"x\"], "
        "\"user\": {\"uid\": 0, \"gid\": 0}}, \"mounts\": [{\"destination\": \"/dev\", \"type\": \"tmpfs\", \"source\": \"tmpfs\"}], %s}",
        rest);
    struct oci_spec *spec = NULL;
    struct error err = { 0 };
    if (oci_spec_parse(text, strlen(text), &spec, &err) < 0)
        fail_msg("%s", err.msg);
    return spec;
}

static void the_option(void **state _unused_)
{
    static const struct {
        const char *document, *option;
    } rows[] = {
        { "\"linux\": {}", NULL },
        { "\"linux\": {\"mountLabel\": \"\"}", NULL },
        { "\"linux\": {\"mountLabel\": \"u:r:t:s0:c1,c2\"}", "context=u:r:t:s0:c1,c2" },
        { "\"linux\": {\"mountLabel\": \"u:r:t:s0\"}, \"annotations\": {\"run.oci.mount_context_type\": \"rootcontext\"}",
          "rootcontext=u:r:t:s0" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        _cleanup_arena_ struct arena *a = arena_new();
        _cleanup_oci_spec_ struct oci_spec *spec = parse(rows[i].document);
        const char *option = lsm_mount_option(spec, a);
        if (rows[i].option)
            assert_string_equal(option, rows[i].option);
        else
            assert_null(option);
    }
}

static void reaches_the_kernel(void **state _unused_)
{
    struct error err = { 0 };
    struct mounts *m = NULL;
    if (geteuid() != 0 || lsm_selinux_enabled())
        skip();
    _cleanup_oci_spec_ struct oci_spec *plain = parse("\"linux\": {\"mountLabel\": \"\"}");
    _cleanup_oci_spec_ struct oci_spec *labelled = parse("\"linux\": {\"mountLabel\": \"u:r:t:s0\"}");
    _cleanup_close_ int bundle = openat(AT_FDCWD, "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (mounts_prepare(plain, bundle, NULL, 0, &m, &err) < 0)
        fail_msg("%s", err.msg);
    mounts_free(m);
    m = NULL;
    assert_int_equal(mounts_prepare(labelled, bundle, NULL, 0, &m, &err), -EINVAL);
    assert_non_null(strstr(err.msg, "context"));
    error_clear(&err);
    assert_int_equal(lsm_check(plain, &err), 0);
    assert_int_equal(lsm_check(labelled, &err), -ENOTSUP);
    assert_non_null(strstr(err.msg, "linux.mountLabel"));
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(the_option), cmocka_unit_test(reaches_the_kernel) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
