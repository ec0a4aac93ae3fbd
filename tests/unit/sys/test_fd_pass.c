// SPDX-License-Identifier: Apache-2.0
/* A message and a descriptor beside it. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "sys/fd_pass.h"

static int pair[2];

static int make(void **state)
{
    (void) state;
    return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair);
}

static int clear(void **state)
{
    (void) state;
    close(pair[0]);
    return pair[1] >= 0 ? close(pair[1]) : 0;
}

static void test_with_and_without(void **state)
{
    char text[16];
    int p[2], fd = 7;
    (void) state;
    assert_int_equal(pipe2(p, O_CLOEXEC), 0);
    assert_int_equal(fd_send(pair[0], "one", 3, p[1]), 0);
    assert_int_equal(fd_send(pair[0], "two", 3, -1), 0);
    assert_int_equal(fd_receive(pair[1], text, sizeof(text), &fd), 3);
    assert_memory_equal(text, "one", 3);
    assert_true(fd >= 0 && fd != p[1]);
    assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    assert_int_equal(write(fd, "x", 1), 1);
    assert_int_equal(read(p[0], text, 1), 1);
    close(fd);
    close(p[0]);
    close(p[1]);
    assert_int_equal(fd_receive(pair[1], text, sizeof(text), &fd), 3);
    assert_int_equal(fd, -1);
}

/* Two descriptors are not what was asked for: neither is taken, and neither stays open. */
static void test_more_than_one(void **state)
{
    union {
        struct cmsghdr head;
        char space[CMSG_SPACE(2 * sizeof(int))];
    } control = {
        .head = { .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(2 * sizeof(int)) }
    };
    char text[16] = "x";
    struct iovec iov = { text, 1 };
    struct msghdr msg = {
        .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)
    };
    int fds[2] = { 0, 1 }, before = dup(0), fd, after;
    (void) state;
    memcpy(CMSG_DATA(&control.head), fds, sizeof(fds));
    assert_int_equal(sendmsg(pair[0], &msg, 0), 1);
    assert_int_equal(fd_receive(pair[1], text, sizeof(text), &fd), 1);
    assert_int_equal(fd, -1);
    after = dup(0);
    assert_int_equal(after, before + 1);
    close(before);
    close(after);
}

static void test_ends(void **state)
{
    char byte;
    int fd;
    (void) state;
    close(pair[1]);
    pair[1] = -1;
    assert_int_equal(fd_send(pair[0], "x", 1, -1), -EPIPE);
    assert_int_equal(fd_receive(pair[0], &byte, 1, &fd), 0);
    assert_int_equal(fd, -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_with_and_without, make, clear),
        cmocka_unit_test_setup_teardown(test_more_than_one, make, clear),
        cmocka_unit_test_setup_teardown(test_ends, make, clear),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
