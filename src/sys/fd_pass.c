// SPDX-License-Identifier: Apache-2.0
/*
 * How: one control message of one descriptor. The buffer is as long as that and no longer (CMSG_SPACE has room for two), so that the kernel
 * opens one descriptor at most, and says so when there were more.
 */
#include "sys/fd_pass.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

union one_fd {
    struct cmsghdr head;
    char space[CMSG_SPACE(sizeof(int))];
};

int fd_send(int sock, const void *data, size_t len, int fd)
{
    struct iovec iov = { (void *) (uintptr_t) data, len };
    struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
    union one_fd control = {
        .head = { .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof(int)) }
    };
    if (fd >= 0) {
        memcpy(CMSG_DATA(&control.head), &fd, sizeof(fd));
        msg.msg_control = &control;
        msg.msg_controllen = sizeof(control);
    }
    ssize_t n;
    do
        n = sendmsg(sock, &msg, MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    return n < 0 ? -errno : 0;
}

ssize_t fd_receive(int sock, void *data, size_t size, int *ret_fd)
{
    union one_fd control;
    struct iovec iov = { data, size };
    struct msghdr msg = {
        .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = CMSG_LEN(sizeof(int))
    };
    ssize_t n;
    *ret_fd = -1;
    do
        n = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return -errno;
    struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
    if (c != NULL && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS &&
        c->cmsg_len == CMSG_LEN(sizeof(int)))
        memcpy(ret_fd, CMSG_DATA(c), sizeof(*ret_fd));
    if (*ret_fd >= 0 && (msg.msg_flags & MSG_CTRUNC)) {
        close(*ret_fd);
        *ret_fd = -1;
    }
    return n;
}
