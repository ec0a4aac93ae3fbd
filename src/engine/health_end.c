// SPDX-License-Identifier: Apache-2.0
/*
 * engine/health_end.c: a health check is ended with all that it has begun, however that was daemonised: its processes are in a cgroup of
 * their own below the container's, where they stay under the container's limits. Where a container has no cgroup (an ordinary user's,
 * without delegation) the tree of processes is walked instead: children, and whoever is in a session of one of them; who had left
 * both before is the container's like any other.
 *
 * Threat: a process that forks faster than it is killed. The cgroup is killed as a whole by the kernel, or with forks stopped
 * (confine/cgroup.h); the walk gives up after some rounds, and what is left is the container's to pay for.
 */
#include <errno.h>
#include <signal.h>

#include "base/parse.h"
#include "confine/cgroup.h"
#include "engine/health_internal.h"
#include "sys/file.h"
#include "sys/proc.h"

#define ROUNDS 20
#define WALK_MAX 512

void health_processes_begin(struct health_processes *p, const char *handle)
{
    struct cgroup *cg = NULL;
    *p = (struct health_processes){ 0 };
    if (str_empty(handle) || str_empty(cgroup_handle_path(handle)))
        return;
    p->cgroup = xasprintf("%s/" HEALTH_CGROUP, cgroup_handle_path(handle));
    health_processes_kill(p);
    if (cgroup_create(p->cgroup, NULL, &cg, NULL) < 0) {
        free(TAKE_PTR(p->cgroup));
        return;
    }
    cgroup_free(cg);
}

/* ---- without a cgroup ---- */

struct walk {
    int proc;
    pid_t top;
    pid_t *v; /* that were found and stopped */
    int *pidfds;
    size_t n;
    bool found;
};

static bool is_known(const struct walk *w, pid_t pid)
{
    for (size_t i = 0; i < w->n; i++)
        if (w->v[i] == pid)
            return true;
    return false;
}

static int visit(int dirfd _unused_, const char *name, unsigned char type _unused_, void *arg)
{
    struct walk *w = arg;
    uint32_t pid;
    pid_t parent, session;
    if (parse_u32(name, &pid) < 0 || (pid_t) pid == w->top)
        return 0;
    _cleanup_close_ int pidfd = w->n < WALK_MAX && !is_known(w, (pid_t) pid) ? sys_pidfd_open((pid_t) pid, 0)
                                                                             : -1;
    /* Looked at with the descriptor at hand: it is this process that is stopped. */
    if (pidfd < 0 || proc_family(w->proc, (pid_t) pid, &parent, &session) < 0 ||
        (parent != w->top && !is_known(w, parent) && !is_known(w, session)))
        return 0;
    w->v[w->n] = (pid_t) pid;
    sys_pidfd_send_signal(pidfd, SIGSTOP, NULL, 0);
    w->pidfds[w->n++] = TAKE_FD(pidfd);
    w->found = true;
    return 0;
}

/* Stopped first: whose parent is killed has another one, and could not be found any more. */
static void kill_tree(pid_t top)
{
    struct walk w = { .proc = proc_open(NULL), .top = top, .found = true };
    w.v = xcalloc(WALK_MAX, sizeof(*w.v));
    w.pidfds = xcalloc(WALK_MAX, sizeof(*w.pidfds));
    for (int i = 0; w.proc >= 0 && w.found && i < ROUNDS; i++) {
        w.found = false;
        dir_each(w.proc, ".", visit, &w, NULL);
    }
    for (size_t i = 0; i < w.n; i++) {
        sys_pidfd_send_signal(w.pidfds[i], SIGKILL, NULL, 0);
        close(w.pidfds[i]);
    }
    cleanup_close(&w.proc);
    free(w.v);
    free(w.pidfds);
}

void health_processes_kill(const struct health_processes *p)
{
    _cleanup_cgroup_ struct cgroup *cg = NULL;
    if (p->cgroup != NULL && cgroup_open(p->cgroup, &cg, NULL) == 0)
        (void) !cgroup_signal(cg, SIGKILL, NULL);
    if (p->cgroup == NULL && p->top > 0)
        kill_tree(p->top);
}

void health_processes_end(struct health_processes *p)
{
    if (p->cgroup == NULL)
        return;
    health_processes_kill(p);
    (void) !cgroup_remove(p->cgroup, NULL);
    free(TAKE_PTR(p->cgroup));
}
