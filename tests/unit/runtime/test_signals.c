// SPDX-License-Identifier: Apache-2.0
/* signal_parse() and signal_name(): every spelling that kill and docker take, and nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>

#include "runtime/container.h"

static void test_accepted(void **state _unused_)
{
    const struct {
        const char *name;
        int sig;
    } rows[] = {
        { "TERM", SIGTERM },
        { "SIGTERM", SIGTERM },
        { "sigterm", SIGTERM },
        { "Kill", SIGKILL },
        { "15", 15 },
        { "1", SIGHUP },
        { "64", 64 },
        { "CLD", SIGCHLD },
        { "POLL", SIGIO },
        { "IOT", SIGABRT },
        { "RTMIN", SIGRTMIN },
        { "RTMIN+3", SIGRTMIN + 3 },
        { "SIGRTMIN+0", SIGRTMIN },
        { "rtmin+1", SIGRTMIN + 1 },
        { "RTMAX", SIGRTMAX },
        { "RTMAX-14", SIGRTMAX - 14 },
        { "SIGRTMAX-1", SIGRTMAX - 1 },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        int sig = -1;
        if (signal_parse(rows[i].name, &sig) < 0 || sig != rows[i].sig)
            fail_msg("%s: %d", rows[i].name, sig);
    }
}

static void test_refused(void **state _unused_)
{
    static const char *const rows[] = { "",        "0",        "-1",       "65",         "+9",
                                        "9 ",      " 9",       "0x9",      "SIG",        "SIGSIGTERM",
                                        "TERMX",   "RTMIN-1",  "RTMIN+",   "RTMIN+31",   "RTMIN+99999999999",
                                        "RTMAX+1", "RTMAX-31", "RTMIN+1x", "4294967305", "KILL\n" };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        int sig = 77;
        if (signal_parse(rows[i], &sig) != -EINVAL)
            fail_msg("%s: %d", rows[i], sig);
    }
}

static void test_names(void **state _unused_)
{
    for (int sig = 1; sig < 32; sig++) {
        int back = -1;
        const char *name = signal_name(sig);
        assert_non_null(name);
        assert_int_equal(signal_parse(name, &back), 0);
        assert_int_equal(back, sig);
    }
    assert_string_equal(signal_name(SIGCHLD), "SIGCHLD");
    assert_string_equal(signal_name(SIGABRT), "SIGABRT");
    assert_null(signal_name(0));
    assert_null(signal_name(1000));
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_accepted), cmocka_unit_test(test_refused),
                                        cmocka_unit_test(test_names) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
