// SPDX-License-Identifier: Apache-2.0
/*
 * runtime/notify.h: sd_notify(3) of a container: the service manager that started us (NOTIFY_SOCKET in our environment) is told
 * when the container's program is ready. As runc does it: the state directory has a directory "notify", which the container sees
 * read-only on NOTIFY_DIRECTORY; the program's NOTIFY_SOCKET names a socket in it, which run, or the start of a container that was
 * created, listens on. Internal to runtime/, but for notify_manager().
 *
 * What comes from the container is not passed on: a message with a line that is exactly READY=1 makes us send one of our own, once.
 * Other fields, descriptors and whatever is no such message are dropped.
 */
#pragma once

#include "runtime/container.h"

struct notify {
    int manager_fd; /* connected to the service manager, -1: there is none, or it has been told */
    int fd;         /* what the container sends to, -1 */
    unsigned heard; /* messages that were not it */
};
#define NOTIFY_NONE ((struct notify){ .manager_fd = -1, .fd = -1 })

/* Before anything is made: connects to the manager's socket at path ("@name": an abstract one). Error: there is nobody. */
int notify_connect(struct notify *n, const char *path, struct error *err);
/* Makes the directory in the state directory; a descriptor of it. */
int notify_make(int state_fd, struct error *err);
/* Is there one? */
bool notify_is_made(int state_fd);
/* Makes the socket in it and listens. */
int notify_listen(struct notify *n, int state_fd, struct error *err);
/*
 * When n->fd is readable: takes one message; when that is the one, tells the manager that we are ready and that main_pid is the
 * process to watch, and closes both. A failure of that is logged.
 */
void notify_take(struct notify *n, pid_t main_pid);
/*
 * For who ends right after: until the container is ready or the process of pidfd has ended. Returns when the manager has read the
 * message, which it could not connect with its unit otherwise, or after 30 s. Signals act as mask says meanwhile (NULL: as now).
 */
void notify_wait(struct notify *n, pid_t main_pid, int pidfd, const void *mask);
void notify_close(struct notify *n);
/*
 * For engines: tells the manager at path itself, and returns when it has read that, or after 30 s. main_pid 0: says nothing of a main process;
 * ready: says READY=1.
 */
int notify_manager(const char *path, pid_t main_pid, bool ready, struct error *err);
