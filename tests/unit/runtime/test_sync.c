// SPDX-License-Identifier: Apache-2.0
/* What the two sides of a start say to each other arrives whole, also when the one that said it is gone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "runtime/start.h"

static int pair[2];
static struct sync_message got;
static struct error err;

static int begin(void **state _unused_)
{
    error_clear(&err);
    return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair);
}

static int receive(void)
{
    int fd = -1;
    int r = sync_receive(pair[0], &got, &fd, &err);
    assert_int_equal(fd, -1);
    return r;
}

static void test_said_and_gone(void **state _unused_)
{
    struct error said = { 0 };
    error_set(&said, -EPERM, "cannot do it");
    assert_int_equal(sync_send(pair[1], SYNC_FAILED, &said, -1), 0);
    close(pair[1]);
    assert_int_equal(receive(), 1);
    assert_string_equal(got.error.msg, "cannot do it");
    assert_int_equal(receive(), 0);
    close(pair[0]);
}

/* It failed before it read the word to go on: a start without an error was the consequence. */
static void test_said_and_gone_with_something_unread(void **state _unused_)
{
    struct error said = { 0 };
    error_set(&said, -ENOSYS, "cannot do it");
    assert_int_equal(send(pair[0], "g", 1, MSG_NOSIGNAL), 1);
    assert_int_equal(sync_send(pair[1], SYNC_FAILED, &said, -1), 0);
    close(pair[1]);
    assert_int_equal(receive(), 1);
    assert_int_equal(got.kind, SYNC_FAILED);
    assert_int_equal(got.error.code, -ENOSYS);
    assert_int_equal(receive(), 0);
    close(pair[0]);
}

static void test_gone_without_a_word(void **state _unused_)
{
    assert_int_equal(send(pair[0], "g", 1, MSG_NOSIGNAL), 1);
    close(pair[1]);
    assert_int_equal(receive(), 0);
    assert_int_equal(receive(), 0);
    close(pair[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_said_and_gone, begin),
        cmocka_unit_test_setup(test_said_and_gone_with_something_unread, begin),
        cmocka_unit_test_setup(test_gone_without_a_word, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
