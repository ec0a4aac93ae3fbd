// SPDX-License-Identifier: Apache-2.0
/* What is put behind an error that says "Function not implemented": the calls that are missing, and nothing where none is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <linux/filter.h>
#include <linux/seccomp.h>

#include "scratch.h"
#include "sys/kernel_calls.h"

static void test_other_errors(void **state _unused_)
{
    struct error err = { 0 };
    kernel_calls_explain(&err);
    assert_int_equal(err.code, 0);
    assert_string_equal(err.msg, "");
    error_errno(&err, -EPERM, "cannot mount");
    kernel_calls_explain(&err);
    assert_int_equal(err.code, -EPERM);
    assert_string_equal(err.msg, "cannot mount: Operation not permitted");
}

static void test_nothing_missing(void **state _unused_)
{
    struct error err = { 0 };
    error_errno(&err, -ENOSYS, "cannot mount");
    kernel_calls_explain(&err);
    if (strstr(err.msg, "lacks") != NULL)
        skip(); /* an old kernel, or a sandbox */
    assert_string_equal(err.msg, "cannot mount: Function not implemented");
}

static int without_two(void)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_openat2, 1, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_mount_setattr, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = { ARRAY_LEN(code), code };
    struct error err = { 0 };
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (sys_seccomp(SECCOMP_SET_MODE_FILTER, 0, &program) < 0)
        return 2;
    error_errno(&err, -ENOSYS, "cannot open \"x\"");
    kernel_calls_explain(&err);
    static const char begin[] = "cannot open \"x\": Function not implemented; this kernel";
    return err.code != -ENOSYS || str_after(err.msg, begin) == NULL ||
           strstr(err.msg, "mount_setattr (Linux 5.12), ") == NULL ||
           strstr(err.msg, "openat2 (Linux 5.6)") == NULL || strstr(err.msg, "close_range") != NULL;
}

static void test_missing(void **state _unused_)
{
    assert_int_equal(in_child(without_two), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_other_errors),
        cmocka_unit_test(test_nothing_missing),
        cmocka_unit_test(test_missing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
