// SPDX-License-Identifier: Apache-2.0
/* What a sealed process cannot do any more. Each case is a process of its own, which ends with 0 when all is as it should be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sys/seal.h"

/* The line of the first thing that is not so. */
#define MUST(what)                       \
    do {                                 \
        if (!(what))                     \
            _exit(97 + (__LINE__ & 63)); \
    } while (0)

static int run(void (*child)(int dir))
{
    char path[] = "/tmp/oakum-test-seal-XXXXXX", file[64];
    int status;
    assert_non_null(mkdtemp(path));
    int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(dir >= 0);
    int there = openat(dir, "there", O_CREAT | O_WRONLY, 0755);
    assert_true(there >= 0);
    close(there);
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        child(dir);
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    close(dir);
    static const char *const names[] = { "there", "made", "moved", "sub" };
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        snprintf(file, sizeof(file), "%s/%s", path, names[i]);
        remove(file);
    }
    assert_int_equal(rmdir(path), 0);
    return status;
}

static void as_the_scribe(int dir)
{
    const struct seal_dir d = { dir, SEAL_WRITE_FILE | SEAL_READ_FILE | SEAL_REMOVE_FILE | SEAL_MAKE_REG |
                                         SEAL_TRUNCATE };
    MUST(seal_landlock(&d, 1, 1) == 1);
    int made = openat(dir, "made", O_CREAT | O_RDWR | O_TRUNC, 0600);
    MUST(made >= 0 && write(made, "x", 1) == 1);
    MUST(renameat(dir, "made", dir, "moved") == 0 && unlinkat(dir, "moved", 0) == 0);
    MUST(open("/etc/passwd", O_RDONLY) < 0 && errno == EACCES);
    MUST(open("/tmp/oakum-test-seal-outside", O_CREAT | O_WRONLY, 0600) < 0 && errno == EACCES);
    MUST(openat(dir, ".", O_RDONLY | O_DIRECTORY) < 0 && errno == EACCES);
    MUST(mkdirat(dir, "sub", 0700) < 0 && errno == EACCES);
    MUST(symlinkat("/", dir, "sub") < 0 && errno == EACCES);
    char *const none[] = { NULL };
    MUST(syscall(SYS_execveat, dir, "there", none, none, 0) < 0 && errno == EACCES);
}

static void as_a_reader(int dir)
{
    const struct seal_dir d = { dir, SEAL_READ_FILE | SEAL_READ_DIR };
    MUST(seal_landlock(&d, 1, 1) == 1);
    MUST(openat(dir, "there", O_RDONLY) >= 0 && openat(dir, ".", O_RDONLY | O_DIRECTORY) >= 0);
    MUST(openat(dir, "there", O_WRONLY) < 0 && errno == EACCES);
    MUST(unlinkat(dir, "there", 0) < 0 && errno == EACCES);
}

static void not_here(int dir)
{
    const struct seal_dir d = { dir, 0 };
    MUST(seal_landlock(&d, 1, 1000) == 0);
    MUST(open("/etc/passwd", O_RDONLY) >= 0);
}

static void test_landlock(void **state)
{
    (void) state;
    if (syscall(SYS_landlock_create_ruleset, NULL, 0, 1U) < 3) {
        print_message("this kernel's Landlock is older than what is tested\n");
        skip();
    }
    assert_int_equal(run(as_the_scribe), 0);
    assert_int_equal(run(as_a_reader), 0);
    assert_int_equal(run(not_here), 0);
}

static void without_all_but_one(int dir)
{
    struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
    struct __user_cap_data_struct data[2] = { 0 };
    (void) dir;
    MUST(seal_capabilities(1ULL << CAP_KILL | 1ULL << 62) == 0);
    MUST(syscall(SYS_capget, &header, data) == 0);
    MUST(data[0].effective == 1U << CAP_KILL && data[0].permitted == 1U << CAP_KILL &&
         data[0].inheritable == 0);
    MUST(data[1].effective == 0 && data[1].permitted == 0);
    MUST(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, CAP_KILL, 0, 0) == 0);
}

static void test_capabilities(void **state)
{
    (void) state;
    if (geteuid() != 0) {
        print_message("needs root\n");
        skip();
    }
    assert_int_equal(run(without_all_but_one), 0);
}

static const int calls[] = { SYS_exit_group, SYS_exit, SYS_getppid, SYS_write };

static void filtered(void)
{
    struct seal_filter f;
    seal_filter_begin(&f);
    seal_filter_allow(&f, calls, ARRAY_LEN(calls));
    seal_filter_allow_if(&f, SYS_fcntl, 1, UINT32_MAX, F_GETFD);
    MUST(seal_filter_install(&f) == 0);
}

static void allowed_calls(int dir)
{
    filtered();
    MUST(syscall(SYS_getppid) > 0 && fcntl(dir, F_GETFD) >= 0);
}

static void another_call(int dir)
{
    filtered();
    syscall(SYS_getpid);
    (void) dir;
}

static void another_argument(int dir)
{
    filtered();
    fcntl(dir, F_SETFD, 0);
}

#ifdef __x86_64__
static void of_x32(int dir)
{
    (void) dir;
    filtered();
    syscall(SYS_getppid | 0x40000000);
}
#endif

static void too_long(int dir)
{
    struct seal_filter f;
    (void) dir;
    seal_filter_begin(&f);
    for (int i = 0; i < 100; i++)
        seal_filter_allow(&f, calls, ARRAY_LEN(calls));
    MUST(seal_filter_install(&f) == -E2BIG);
    MUST(syscall(SYS_getpid) > 0);
}

static void killed(void (*child)(int dir))
{
    int status = run(child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
}

static void test_filter(void **state)
{
    (void) state;
    if (SEAL_SANITIZED) {
        print_message("the sanitizer's own calls are not in the list\n");
        skip();
    }
    assert_int_equal(run(allowed_calls), 0);
    assert_int_equal(run(too_long), 0);
    killed(another_call);
    killed(another_argument);
#ifdef __x86_64__
    killed(of_x32);
#endif
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_landlock),
        cmocka_unit_test(test_capabilities),
        cmocka_unit_test(test_filter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
