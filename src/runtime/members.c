// SPDX-License-Identifier: Apache-2.0
/*
 * How it works: /proc is walked, and whoever has the first process's pid namespace is a member. Those of namespaces that the container
 * made inside of it die with it all the same.
 *
 * Threat: a pid that was given to another process between look and signal: the process is pinned by a pidfd and looked at again.
 */
#include "runtime/members.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>

#include "base/parse.h"
#include "sys/file.h"
#include "sys/proc.h"

struct search {
    int proc_fd;
    struct stat wanted;
    bool shared; /* the host's pid namespace: only init is known to be the container's */
    pid_t init;
    pid_t *v;
    size_t n;
};

static int pid_namespace(int proc_fd, const char *pid, struct stat *ret)
{
    char path[32];
    if (str_format(path, sizeof(path), "%s/ns/pid", pid) < 0)
        return -ENAMETOOLONG;
    return fstatat(proc_fd, path, ret, 0) < 0 ? -errno : 0;
}

static bool is_member(const struct search *s, const char *pid)
{
    struct stat st;
    return pid_namespace(s->proc_fd, pid, &st) == 0 && st.st_ino == s->wanted.st_ino &&
           st.st_dev == s->wanted.st_dev;
}

static int look(int dirfd, const char *name, unsigned char type, void *arg)
{
    struct search *s = arg;
    uint32_t pid;
    (void) dirfd;
    (void) type;
    if (parse_u32(name, &pid) < 0 || (s->shared && (pid_t) pid != s->init) || !is_member(s, name))
        return 0;
    s->v = xreallocarray(s->v, s->n + 1, sizeof(*s->v));
    s->v[s->n++] = (pid_t) pid;
    return 0;
}

static int search(pid_t init, struct search *s, struct error *err)
{
    char name[16];
    struct stat own;
    *s = (struct search){ .proc_fd = proc_open(err), .init = init };
    int r = s->proc_fd < 0 ? s->proc_fd : str_format(name, sizeof(name), "%d", (int) init);
    if (r >= 0)
        r = pid_namespace(s->proc_fd, name, &s->wanted);
    if (r >= 0)
        r = pid_namespace(s->proc_fd, "self", &own);
    if (r < 0)
        return s->proc_fd < 0 ? r : error_errno(err, r, "cannot look at the container's pid namespace");
    s->shared = own.st_ino == s->wanted.st_ino && own.st_dev == s->wanted.st_dev;
    return dir_each(s->proc_fd, ".", look, s, err);
}

int members_of(pid_t init, pid_t **ret, size_t *ret_n, struct error *err)
{
    struct search s;
    int r = search(init, &s, err);
    cleanup_close(&s.proc_fd);
    if (r < 0) {
        free(s.v);
        return r;
    }
    *ret = s.v;
    *ret_n = s.n;
    return 0;
}

int members_signal(pid_t init, int sig, struct error *err)
{
    struct search s;
    int r = search(init, &s, err);
    for (size_t i = 0; r >= 0 && i < s.n; i++) {
        char name[16];
        _cleanup_close_ int pidfd = sys_pidfd_open(s.v[i], 0);
        if (pidfd < 0 && errno != ESRCH)
            r = error_errno(err, -errno, "cannot open process %d", (int) s.v[i]);
        if (pidfd < 0 || str_format(name, sizeof(name), "%d", (int) s.v[i]) < 0 || !is_member(&s, name))
            continue;
        if (sys_pidfd_send_signal(pidfd, sig, NULL, 0) < 0 && errno != ESRCH)
            r = error_errno(err, -errno, "cannot signal process %d", (int) s.v[i]);
    }
    cleanup_close(&s.proc_fd);
    free(s.v);
    return r < 0 ? r : 0;
}
