// SPDX-License-Identifier: Apache-2.0
/* The bare calls exist and take their arguments in the right order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "scratch.h"

static void test_openat2(void **state _unused_)
{
    int fd = sys_openat2(AT_FDCWD, "/", O_PATH | O_DIRECTORY | O_CLOEXEC, 0, 0);
    assert_true(fd >= 0);
    assert_int_equal(sys_openat2(fd, "..", O_PATH | O_CLOEXEC, 0, RESOLVE_BENEATH), -1);
    assert_int_equal(errno, EXDEV);
    close(fd);
}

static void test_clone3(void **state _unused_)
{
    int pidfd = -1;
    struct clone_args args = { .flags = CLONE_PIDFD, .pidfd = (uintptr_t) &pidfd, .exit_signal = SIGCHLD };
    pid_t pid = sys_clone3(&args, sizeof(args));
    if (pid == 0)
        _exit(7);
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(WEXITSTATUS(status), 7);
    assert_int_equal(sys_pidfd_send_signal(pidfd, 0, NULL, 0), -1);
    assert_int_equal(errno, ESRCH);
    close(pidfd);
    pidfd = sys_pidfd_open(getpid(), 0);
    assert_true(pidfd >= 0);
    assert_int_equal(sys_close_range((unsigned) pidfd, (unsigned) pidfd, 0), 0);
    assert_int_equal(fcntl(pidfd, F_GETFD), -1);
}

static int execute(void)
{
    int fd = open("/bin/true", O_PATH | O_CLOEXEC);
    sys_execveat(fd, "", (char *[]){ (char[]){ "true" }, NULL }, (char *[]){ NULL }, AT_EMPTY_PATH);
    return 99;
}

static void test_execveat(void **state _unused_)
{
    assert_int_equal(in_child(execute), 0);
}

static void test_others_answer(void **state _unused_)
{
    uint32_t action = 0x7fff0000; /* SECCOMP_RET_ALLOW */
    assert_int_equal(sys_seccomp(2, 0, &action), 0);
    assert_int_equal(sys_bpf(9999, NULL, 0), -1);
    assert_int_not_equal(errno, ENOSYS);
    assert_int_equal(sys_keyctl(9999, 0, 0, 0, 0), -1);
    assert_int_equal(sys_pivot_root("/nonexistent", "/nonexistent"), -1);
    assert_int_not_equal(errno, ENOSYS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_openat2),
        cmocka_unit_test(test_clone3),
        cmocka_unit_test(test_execveat),
        cmocka_unit_test(test_others_answer),
    };
    return cmocka_run_group_tests(tests, scratch_make, scratch_drop);
}
