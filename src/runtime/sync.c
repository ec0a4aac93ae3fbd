// SPDX-License-Identifier: Apache-2.0
/*
 * How it works: the two sides of a start share a SOCK_SEQPACKET pair. A message is one datagram, a failure carries its whole
 * struct error, so the parent reports exactly what the child found. The child's end is closed by its exec, which is the good news.
 */
#include <errno.h>
#include <sys/socket.h>

#include "runtime/start.h"

int sync_send(int fd, enum sync_kind kind, const struct error *error, int pass_fd)
{
    struct sync_message m = { .kind = kind };
    union {
        struct cmsghdr head;
        char space[CMSG_SPACE(sizeof(int))];
    } control = { 0 };
    struct iovec iov = { &m, sizeof(m) };
    struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
    if (error)
        m.error = *error;
    else
        iov.iov_len = sizeof(m.kind);
    if (pass_fd >= 0) {
        msg.msg_control = control.space;
        msg.msg_controllen = sizeof(control.space);
        control.head = (struct cmsghdr){ .cmsg_level = SOL_SOCKET,
                                         .cmsg_type = SCM_RIGHTS,
                                         .cmsg_len = CMSG_LEN(sizeof(int)) };
        memcpy(CMSG_DATA(&control.head), &pass_fd, sizeof(int));
    }
    ssize_t n;
    do
        n = sendmsg(fd, &msg, MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    return n < 0 ? -errno : 0;
}

int sync_receive(int fd, struct sync_message *ret, int *ret_fd, struct error *err)
{
    union {
        struct cmsghdr head;
        char space[CMSG_SPACE(sizeof(int))];
    } control;
    struct iovec iov = { ret, sizeof(*ret) };
    struct msghdr msg = { .msg_iov = &iov,
                          .msg_iovlen = 1,
                          .msg_control = control.space,
                          .msg_controllen = sizeof(control.space) };
    ssize_t n;
    int resets = 0;
    *ret = (struct sync_message){ 0 };
    /* A side that ends with something unread leaves ECONNRESET, which is told once, and first: what it said is behind it. */
    do
        n = recvmsg(fd, &msg, MSG_CMSG_CLOEXEC);
    while (n < 0 && (errno == EINTR || (errno == ECONNRESET && resets++ == 0)));
    if (n == 0 || (n < 0 && errno == ECONNRESET))
        return 0;
    if (n < 0)
        return error_errno(err, -errno, "cannot hear from the container's first process");
    if (n < (ssize_t) sizeof(ret->kind))
        return error_set(err, -EPROTO, "the container's first process sent a short message");
    struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
    if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS)
        memcpy(ret_fd, CMSG_DATA(c), sizeof(int));
    ret->error.msg[sizeof(ret->error.msg) - 1] = '\0';
    return 1;
}
