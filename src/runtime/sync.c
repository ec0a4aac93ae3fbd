// SPDX-License-Identifier: Apache-2.0
/*
 * How it works: the two sides of a start share a SOCK_SEQPACKET pair. A message is one datagram, a failure carries its whole
 * struct error, so the parent reports exactly what the child found. The child's end is closed by its exec, which is the good news.
 */
#include <errno.h>
#include <sys/socket.h>

#include "runtime/start.h"
#include "sys/fd_pass.h"

int sync_send(int fd, enum sync_kind kind, const struct error *error, int pass_fd)
{
    struct sync_message m = { .kind = kind };
    size_t len = sizeof(m.kind);
    if (error) {
        m.error = *error;
        len = sizeof(m);
    }
    return fd_send(fd, &m, len, pass_fd);
}

int sync_receive(int fd, struct sync_message *ret, int *ret_fd, struct error *err)
{
    ssize_t n;
    int resets = 0;
    *ret = (struct sync_message){ 0 };
    /* A side that ends with something unread leaves ECONNRESET, which is told once, and first: what it said is behind it. */
    do
        n = fd_receive(fd, ret, sizeof(*ret), ret_fd);
    while (n == -ECONNRESET && resets++ == 0);
    if (n == 0 || n == -ECONNRESET)
        return 0;
    if (n < 0)
        return error_errno(err, (int) n, "cannot hear from the container's first process");
    if (n < (ssize_t) sizeof(ret->kind))
        return error_set(err, -EPROTO, "the container's first process sent a short message");
    ret->error.msg[sizeof(ret->error.msg) - 1] = '\0';
    return 1;
}
