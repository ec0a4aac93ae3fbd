// SPDX-License-Identifier: Apache-2.0
/* A scribe that is killed at any instruction: what was written to the pipe is in the log, once and in order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/json.h"
#include "monitor/journal.h"

#define LINES 60000
#define KILLS 250

static char dir[256];
static int log_dir, state_dir;

static int setup(void **state _unused_)
{
    char path[300];
    assert_true(str_format(dir, sizeof(dir), "%s/oakum-test.XXXXXX",
                           getenv("TMPDIR") != NULL ? getenv("TMPDIR") : "/tmp") > 0);
    assert_non_null(mkdtemp(dir));
    for (int i = 0; i < 2; i++) {
        assert_true(str_format(path, sizeof(path), "%s/%d", dir, i) > 0);
        assert_int_equal(mkdir(path, 0700), 0);
        *(i == 0 ? &log_dir : &state_dir) = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    }
    return 0;
}

static int teardown(void **state _unused_)
{
    char command[512];
    assert_true(str_format(command, sizeof(command), "rm -rf %s", dir) > 0);
    return system(command);
}

static _noreturn_ void scribe(int fd, const char *id, uint64_t max_size)
{
    struct journal *j;
    if (journal_open(log_dir, state_dir, id, NULL, false, max_size, 1000, &j) < 0)
        _exit(2);
    for (;;) {
        struct pollfd p = { .fd = fd, .events = POLLIN };
        poll(&p, 1, -1);
        int r = journal_take(j, STREAM_OUT, fd);
        journal_write(j, r == -EPIPE);
        if (r == -EPIPE)
            _exit(0);
    }
}

static pid_t writer(int fd)
{
    pid_t pid = fork();
    if (pid != 0)
        return pid;
    char line[32];
    for (int i = 0; i < LINES; i++) {
        int n = str_format(line, sizeof(line), "line %d\n", i);
        if (write(fd, line, (size_t) n) != n)
            _exit(1);
    }
    _exit(0);
}

/* Reads one part of the log; *next is the number that the next line must have. */
static void check_part(const char *name, int *next)
{
    _cleanup_free_ char *line = NULL;
    size_t size = 0;
    char want[32];
    ssize_t n;
    int fd = openat(log_dir, name, O_RDONLY | O_CLOEXEC);
    FILE *f = fd < 0 ? NULL : fdopen(fd, "r");
    assert_non_null(f);
    while ((n = getline(&line, &size, f)) > 0) {
        _cleanup_json_ json_t *doc = json_loadb(line, (size_t) n, 0, NULL);
        assert_non_null(doc);
        assert_true(str_format(want, sizeof(want), "line %d\n", (*next)++) > 0);
        assert_string_equal(json_string_value(json_object_get(doc, "log")), want);
    }
    fclose(f);
}

static void run_killed(const char *id, uint64_t max_size)
{
    int p[2], status, kills = 0;
    assert_int_equal(pipe2(p, O_CLOEXEC), 0);
    pid_t from = writer(p[1]);
    close(p[1]);
    srand(1);
    for (;;) {
        pid_t pid = fork();
        if (pid == 0)
            scribe(p[0], id, max_size);
        if (kills < KILLS) {
            usleep((useconds_t) (rand() % 1500));
            kill(pid, SIGKILL);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        if (WIFEXITED(status))
            break;
        kills++;
    }
    assert_int_equal(status, 0);
    assert_int_equal(waitpid(from, &status, 0), from);
    assert_int_equal(status, 0);
    close(p[0]);
}

static void test_killed(void **state _unused_)
{
    int next = 0;
    run_killed("one", 0);
    check_part("one-json.log", &next);
    assert_int_equal(next, LINES);
    unlinkat(state_dir, "journal", 0);
    unlinkat(state_dir, "out.ring", 0);
}

static void test_killed_while_rotating(void **state _unused_)
{
    char name[64];
    struct stat st;
    int next = 0, last = 0;
    run_killed("two", 20000);
    while (str_format(name, sizeof(name), "two-json.log.%d", last + 1) > 0 &&
           fstatat(log_dir, name, &st, 0) == 0)
        last++;
    assert_true(last > 100);
    for (; last >= 0; last--) {
        assert_true((last > 0 ? str_format(name, sizeof(name), "two-json.log.%d", last)
                              : str_format(name, sizeof(name), "two-json.log")) > 0);
        assert_int_equal(fstatat(log_dir, name, &st, 0), 0);
        assert_true(st.st_size <= 20000);
        check_part(name, &next);
    }
    assert_int_equal(next, LINES);
}

/* What somebody still has to read stays after it is in the log, and goes when he lets go. */
static void test_held(void **state _unused_)
{
    struct journal *j;
    struct stat before, after;
    char block[5000], got[5000];
    int p[2];
    assert_int_equal(pipe2(p, O_CLOEXEC), 0);
    memset(block, 'x', sizeof(block));
    block[sizeof(block) - 1] = '\n';
    unlinkat(state_dir, "journal", 0);
    unlinkat(state_dir, "out.ring", 0);
    assert_int_equal(journal_open(log_dir, state_dir, "held", NULL, false, 0, 1, &j), 0);
    journal_hold(j, STREAM_OUT, 0);
    assert_int_equal(write(p[1], block, sizeof(block)), sizeof(block));
    assert_int_equal(journal_take(j, STREAM_OUT, p[0]), 1);
    journal_write(j, false);
    assert_int_equal(journal_first(j, STREAM_OUT), 0);
    assert_int_equal(journal_end(j, STREAM_OUT), sizeof(block));
    assert_int_equal(journal_read(j, STREAM_OUT, 0, got, sizeof(got)), sizeof(got));
    assert_memory_equal(got, block, sizeof(block));
    assert_int_equal(fstatat(state_dir, "out.ring", &before, 0), 0);
    journal_hold(j, STREAM_OUT, UINT64_MAX);
    assert_int_equal(fstatat(state_dir, "out.ring", &after, 0), 0);
    assert_true(after.st_blocks < before.st_blocks);
    assert_int_equal(journal_first(j, STREAM_OUT), sizeof(block));
    assert_int_equal(journal_read(j, STREAM_OUT, 0, got, sizeof(got)), 0);
    close(p[0]);
    close(p[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_killed),
        cmocka_unit_test(test_held),
        cmocka_unit_test(test_killed_while_rotating),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
