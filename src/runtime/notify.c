// SPDX-License-Identifier: Apache-2.0
/*
 * How it works: datagrams. Ours to the manager is one, so that readiness and the main process arrive together; the barrier is a
 * second one with the write end of a pipe, which the manager closes when it has come to it (sd_notify_barrier(3)).
 *
 * Threats: the container writes what it likes, as often as it likes, and passes descriptors. Its message is read with plain recv(2),
 * with which the kernel drops descriptors; nothing of it is copied into ours; after HEARD_MAX others nobody listens any more. The
 * directory is the host's root's and a read-only mount for the container, so that the name cannot be made to lead to
 * another socket.
 */
#include "runtime/notify.h"

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"
#include "sys/fd_pass.h"
#include "sys/file.h"

#define DIRECTORY "notify"
#define MESSAGE_MAX 4096
#define HEARD_MAX 4096
#define BARRIER_MS 30000

static int address(const char *path, struct sockaddr_un *ret, socklen_t *ret_len)
{
    size_t n = strlen(path);
    *ret = (struct sockaddr_un){ .sun_family = AF_UNIX };
    if (n < 2 || (path[0] != '/' && path[0] != '@'))
        return -EINVAL;
    if (n >= sizeof(ret->sun_path))
        return -ENAMETOOLONG;
    memcpy(ret->sun_path, path, n);
    if (path[0] == '@')
        ret->sun_path[0] = '\0';
    *ret_len = (socklen_t) (offsetof(struct sockaddr_un, sun_path) + n + (path[0] == '/'));
    return 0;
}

int notify_connect(struct notify *n, const char *path, struct error *err)
{
    struct sockaddr_un addr;
    socklen_t len = 0;
    int r = address(path, &addr, &len);
    if (r < 0)
        return error_errno(err, r, "NOTIFY_SOCKET: \"%s\" is not the address of a socket", path);
    _cleanup_close_ int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *) &addr, len) < 0)
        return error_errno(err, -errno, "NOTIFY_SOCKET: cannot connect to %s", path);
    n->manager_fd = TAKE_FD(fd);
    return 0;
}

int notify_make(int state_fd, struct error *err)
{
    if (mkdirat(state_fd, DIRECTORY, 0755) < 0)
        return error_errno(err, -errno, "cannot make the directory of the notify socket");
    int fd = file_open(state_fd, DIRECTORY, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, err);
    if (fd >= 0 && fchmod(fd, 0755) < 0) { /* whatever the umask is */
        close(fd);
        return error_errno(err, -errno, "cannot open the directory of the notify socket to the container");
    }
    return fd;
}

bool notify_is_made(int state_fd)
{
    return faccessat(state_fd, DIRECTORY, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

int notify_listen(struct notify *n, int state_fd, struct error *err)
{
    char path[64];
    struct sockaddr_un addr;
    socklen_t len = 0;
    /* The path of the state directory may be longer than an address. */
    int r = str_format(path, sizeof(path), "/proc/self/fd/%d/" DIRECTORY "/" NOTIFY_NAME, state_fd);
    if (r >= 0)
        r = address(path, &addr, &len);
    if (r < 0)
        return error_errno(err, r, "the notify socket");
    _cleanup_close_ int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    mode_t mask = umask(0); /* any user of the container may send */
    r = fd < 0 || bind(fd, (struct sockaddr *) &addr, len) < 0 ? -errno : 0;
    umask(mask);
    if (r < 0)
        return error_errno(err, r, "cannot make the notify socket");
    n->fd = TAKE_FD(fd);
    return 0;
}

void notify_close(struct notify *n)
{
    /* Really, also where closing is left to the exec: a queue that nobody reads would hold up who sends to it. */
    if (n->fd >= 0)
        close(n->fd);
    if (n->manager_fd >= 0)
        close(n->manager_fd);
    n->fd = n->manager_fd = -1;
}

/* A line that is exactly READY=1. */
static bool says_ready(const char *text, size_t len)
{
    static const char ready[] = "READY=1";
    const char *end = text + len;
    for (const char *line = text; line < end;) {
        const char *newline = memchr(line, '\n', (size_t) (end - line));
        size_t n = (size_t) ((newline ?: end) - line);
        if (n == sizeof(ready) - 1 && memcmp(line, ready, n) == 0)
            return true;
        line += n + 1;
    }
    return false;
}

/* 1: it is ready; 0: not yet. */
static int hear(struct notify *n)
{
    char text[MESSAGE_MAX];
    ssize_t len = recv(n->fd, text, sizeof(text), MSG_TRUNC);
    if (len >= 0 && (size_t) len <= sizeof(text) && says_ready(text, (size_t) len))
        return 1;
    if (++n->heard < HEARD_MAX)
        return 0;
    log_warn("the container's notify socket is closed: %d messages, and none of them was READY=1", HEARD_MAX);
    notify_close(n);
    return 0;
}

static int tell(const struct notify *n, pid_t main_pid, bool is_ready)
{
    char text[48];
    int len = main_pid > 0 ? str_format(text, sizeof(text), "MAINPID=%d%s", (int) main_pid,
                                        is_ready ? "\nREADY=1" : "")
                           : str_format(text, sizeof(text), "READY=1");
    return len < 0 ? len : send(n->manager_fd, text, (size_t) len, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

/* The manager finds a message's unit by its sender, who must be there until then. One that knows no barriers drops the descriptor. */
static int barrier(const struct notify *n)
{
    static const char text[] = "BARRIER=1";
    int p[2];
    if (pipe2(p, O_CLOEXEC) < 0)
        return -errno;
    int r = fd_send(n->manager_fd, text, sizeof(text) - 1, p[1]);
    close(p[1]); /* really: its last close is what we wait for */
    struct pollfd closed = { .fd = p[0], .events = POLLIN };
    if (r == 0 && poll(&closed, 1, BARRIER_MS) <= 0)
        r = -ETIMEDOUT;
    close(p[0]);
    return r;
}

static void ready(struct notify *n, pid_t main_pid, bool wait)
{
    int r = tell(n, main_pid, true);
    if (r == 0 && wait)
        r = barrier(n);
    if (r < 0)
        log_warn("the container is ready, but the service manager could not be told: %s", strerror(-r));
    notify_close(n);
}

void notify_take(struct notify *n, pid_t main_pid)
{
    if (hear(n) == 1)
        ready(n, main_pid, false);
}

void notify_wait(struct notify *n, pid_t main_pid, int pidfd, const void *mask)
{
    while (n->fd >= 0) {
        struct pollfd p[2] = { { .fd = n->fd, .events = POLLIN }, { .fd = pidfd, .events = POLLIN } };
        if (ppoll(p, ARRAY_LEN(p), NULL, mask) < 0) {
            if (errno != EINTR)
                break;
            continue;
        }
        if (p[0].revents & POLLIN) {
            if (hear(n) == 1)
                ready(n, main_pid, true);
        } else if (p[1].revents) {
            break; /* it has ended, and said nothing before */
        }
    }
    notify_close(n);
}

int notify_manager(const char *path, pid_t main_pid, bool is_ready, struct error *err)
{
    struct notify n = NOTIFY_NONE;
    int r = notify_connect(&n, path, err);
    if (r < 0)
        return r;
    r = tell(&n, main_pid, is_ready);
    if (r == 0)
        r = barrier(&n);
    notify_close(&n);
    return r < 0 ? error_errno(err, r, "NOTIFY_SOCKET: the service manager could not be told") : 0;
}
