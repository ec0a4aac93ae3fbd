// SPDX-License-Identifier: Apache-2.0
/* When a container is started again, and how long is waited before; the words between engine and monitor. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "monitor/monitor.h"

static bool decide(uint64_t policy, uint64_t max, uint64_t restarts, int code, bool stopped)
{
    const struct monitor_options o = { .policy = policy, .max = max, .restarts = restarts };
    const struct monitor_exit x = { .code = code };
    uint64_t backoff;
    return restart_decide(&o, &x, stopped, 100, &backoff);
}

static void test_policies(void **state _unused_)
{
    assert_false(decide(RESTART_NO, 0, 0, 1, false));
    assert_true(decide(RESTART_ALWAYS, 0, 1000, 0, false));
    assert_false(decide(RESTART_ALWAYS, 0, 0, 0, true));
    assert_true(decide(RESTART_UNLESS_STOPPED, 0, 0, 137, false));
    assert_false(decide(RESTART_UNLESS_STOPPED, 0, 0, 137, true));
    assert_false(decide(RESTART_ON_FAILURE, 0, 0, 0, false));
    assert_true(decide(RESTART_ON_FAILURE, 0, 1000, 1, false));
    assert_true(decide(RESTART_ON_FAILURE, 3, 2, 1, false));
    assert_false(decide(RESTART_ON_FAILURE, 3, 3, 1, false));
    assert_false(decide(RESTART_ON_FAILURE, 3, 0, 1, true));
}

static uint64_t wait_after(uint64_t last, int64_t ran_ms)
{
    const struct monitor_options o = { .policy = RESTART_ALWAYS, .backoff_ms = last };
    const struct monitor_exit x = { .code = 0 };
    uint64_t backoff = 0;
    assert_true(restart_decide(&o, &x, false, ran_ms, &backoff));
    return backoff;
}

static void test_backoff(void **state _unused_)
{
    assert_int_equal(wait_after(0, 0), 100);
    assert_int_equal(wait_after(100, 9999), 200);
    assert_int_equal(wait_after(6400, 10), 12800);
    assert_int_equal(wait_after(51200, 10), 60000);
    assert_int_equal(wait_after(60000, 10), 60000);
    assert_int_equal(wait_after(60000, 10000), 100);
}

static void test_words(void **state _unused_)
{
    const struct monitor_options o = { .pid = 4711,
                                       .policy = RESTART_ON_FAILURE,
                                       .max = 5,
                                       .id = "abc",
                                       .root = "/a b",
                                       .state = "/s",
                                       .tag = "x=y" };
    struct monitor_options back;
    const char *argv[20];
    char buf[256];
    int argc = 0;
    assert_int_equal(monitor_options_format(&o, argv, 0, 20, buf, sizeof(buf)), 0);
    while (argv[argc] != NULL)
        argc++;
    assert_int_equal(monitor_options_parse(argc, (char **) (uintptr_t) argv, &back), 0);
    assert_int_equal(back.pid, 4711);
    assert_int_equal(back.policy, RESTART_ON_FAILURE);
    assert_int_equal(back.max, 5);
    assert_int_equal(back.timeout_s, 0);
    assert_string_equal(back.root, "/a b");
    assert_string_equal(back.tag, "x=y");
    assert_int_equal(monitor_options_format(&o, argv, 0, 3, buf, sizeof(buf)), -ENAMETOOLONG);
    assert_int_equal(monitor_options_format(&o, argv, 0, 20, buf, 30), -ENAMETOOLONG);
    char *wrong[] = { (char[]){ "id=a" }, (char[]){ "root=/" }, (char[]){ "state=/" }, (char[]){ "pid=x" } };
    assert_int_equal(monitor_options_parse(3, wrong, &back), 0);
    assert_int_equal(monitor_options_parse(4, wrong, &back), -EINVAL);
    assert_int_equal(monitor_options_parse(2, wrong, &back), -EINVAL);
}

static void test_status(void **state _unused_)
{
    struct monitor_exit x = { 0 };
    monitor_exit_status(&x, 7 << 8);
    assert_true(x.known && x.code == 7 && x.signal == 0);
    monitor_exit_status(&x, 9);
    assert_true(x.code == 137 && x.signal == 9);
    monitor_exit_status(&x, 11 | 0x80);
    assert_true(x.code == 139 && x.signal == 11);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_policies),
        cmocka_unit_test(test_backoff),
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_status),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
