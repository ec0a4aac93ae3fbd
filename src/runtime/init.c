// SPDX-License-Identifier: Apache-2.0
/*
 * How it works: the container's first process is born by clone3 in its new namespaces and becomes the container's program by the
 * table of stages below, top to bottom. docs/architecture.md shows the same table with the threat that each stage meets and
 * what it must not do before. A stage that fails sends its error to the parent and ends the process: nothing of a half-sealed
 * container is ever executed.
 *
 * Threat: until the last stage this process holds more rights than the container may ever have, in namespaces that other
 * processes of the container may already share. So it is not dumpable from the first instruction (nobody inside can trace it or
 * read its memory and descriptors), and it reads nothing that the container could have written.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "confine/rootless.h"
#include "confine/sysctl.h"
#include "runtime/pipes.h"
#include "runtime/start.h"
#include "sys/file.h"
#include "sys/mnt.h"
#include "sys/proc.h"

static int hide(struct error *err)
{
    return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0
               ? error_errno(err, -errno, "cannot make the process undumpable")
               : 0;
}

/*
 * An ordinary user's parent could not write the maps of an undumpable child: then we hide when that is done. Nobody else is in our
 * user namespace until then, and who is in another one has no right to trace us.
 */
static int stage_hide(struct start *s, struct error *err)
{
    (void) s;
    leave_closing_to_exec();
    return rootless_children_foreign() ? 0 : hide(err);
}

/*
 * The files in /proc of an undumpable process are closed to an ordinary user, whose hooks and programs (pasta PID) must get at the
 * namespaces of a container before it starts. So we can be looked into while we wait, where nobody but the user can: in a user and a pid
 * namespace of our own there is no other process yet, and no other container has a right in them.
 */
static int let_owner_look(const struct start *s, bool may, struct error *err)
{
    const uint64_t own = CLONE_NEWUSER | CLONE_NEWPID;
    if (!rootless_children_foreign() || (s->ns.create & own) != own)
        return 0;
    return prctl(PR_SET_DUMPABLE, may, 0, 0, 0) < 0 ? error_errno(err, -errno, "dumpable") : 0;
}

/* Before the namespaces are looked into, so that everything that is set up is charged to the container's budget. */
static int enter_cgroup(struct start *s, struct error *err)
{
    int r = s->cg ? cgroup_join_self(s->cg, err) : 0;
    if (r >= 0 && s->ns.new_cgroup && unshare(CLONE_NEWCGROUP) < 0)
        r = error_errno(err, -errno, "cannot make a cgroup namespace");
    return r;
}

static int stage_cgroup(struct start *s, struct error *err)
{
    return s->cgroup_late ? 0 : enter_cgroup(s, err);
}

static int stage_late_cgroup(struct start *s, struct error *err)
{
    int r = s->cgroup_late ? enter_cgroup(s, err) : 0;
    /* Nobody else is in the cgroup by now, and the namespace is rooted in it. */
    return r >= 0 && s->cg ? cgroup_enter_delegated(s->cg, err) : r;
}

/* The parent writes the id maps, id-maps the mounts and records the container; without its word there is no start. */
static int stage_wait_for_parent(struct start *s, struct error *err)
{
    char go;
    ssize_t n;
    do
        n = read(s->child_sync, &go, 1);
    while (n < 0 && errno == EINTR);
    s->ignored = n == 1 && go == GO_AND_RESET_SIGNALS[0];
    return n == 1 ? 0 : error_set(err, -EPIPE, "the parent is gone");
}

/* A namespace of a single id may have no root: we stay who we are then, with all capabilities in it. */
static int stage_become_root(struct start *s, struct error *err)
{
    const struct oci_linux *l = &s->spec->linux_;
    if (!l->namespaces[OCI_NS_USER].set)
        return rootless_children_foreign() ? hide(err) : 0;
    bool uid = namespace_host_id(&l->uid_mappings, 0) != (uint32_t) -1,
         gid = namespace_host_id(&l->gid_mappings, 0) != (uint32_t) -1;
    bool groups = s->plan.keep_groups || syscall(SYS_setgroups, 0, NULL) == 0 ||
                  (errno == EPERM && rootless_groups_denied());
    if (!groups || (gid && syscall(SYS_setresgid, 0, 0, 0) < 0) ||
        (uid && syscall(SYS_setresuid, 0, 0, 0) < 0))
        return error_errno(err, -errno, "cannot become root of the user namespace");
    s->plan.is_bare_root = uid && gid;
    /* A change of ids may have made the process dumpable again (fs.suid_dumpable). */
    return hide(err);
}

static int stage_names(struct start *s, struct error *err)
{
    const struct oci_spec *spec = s->spec;
    if (spec->hostname && sethostname(spec->hostname, strlen(spec->hostname)) < 0)
        return error_errno(err, -errno, "hostname: cannot be set");
    if (spec->domainname && setdomainname(spec->domainname, strlen(spec->domainname)) < 0)
        return error_errno(err, -errno, "domainname: cannot be set");
    return 0;
}

static int stage_loopback(struct start *s, struct error *err)
{
    return s->ns.create & CLONE_NEWNET ? namespace_loopback_up(err) : 0;
}

static int stage_mounts(struct start *s, struct error *err)
{
    return mounts_apply(s->mounts, s->cg, s->spec->process.terminal, &s->tree, err);
}

/* The runtime's hooks are run by the parent, for which we wait, and then those that run in our namespaces, with the host's files. */
static int stage_create_hooks(struct start *s, struct error *err)
{
    if (hook_point_runtime_wanted(s->spec)) {
        int r = let_owner_look(s, true, err);
        if (r >= 0 && (r = sync_send(s->child_sync, SYNC_HOOKS, NULL, -1)) < 0)
            error_errno(err, r, "the parent is gone");
        if (r >= 0)
            r = stage_wait_for_parent(s, err);
        if (r >= 0)
            r = let_owner_look(s, false, err);
        if (r < 0)
            return r;
    }
    return hook_point_create_container(s, err);
}

/* While the container's own procfs is still writable to us; linux.readonlyPaths closes it in the next stage. */
static int stage_sysctls(struct start *s, struct error *err)
{
    if (s->spec->linux_.sysctl.n == 0)
        return 0;
    if (s->tree.proc_fd >= 0)
        return sysctl_apply(s->spec, s->tree.proc_fd, err);
    _cleanup_close_ int proc = proc_open_private(err);
    return proc < 0 ? proc : sysctl_apply(s->spec, proc, err);
}

static int stage_masks(struct start *s, struct error *err)
{
    return mounts_seal(s->mounts, s->tree.root_fd, err);
}

/* A session of its own: no controlling terminal of the caller's comes along. */
static int stage_session(struct start *s, struct error *err)
{
    const struct oci_process *p = &s->spec->process;
    setsid(); /* fails only for a group leader, which a fresh child is not */
    if (!p->terminal)
        return 0;
    struct winsize size = { .ws_row = (unsigned short) p->console_height.v,
                            .ws_col = (unsigned short) p->console_width.v };
    if ((p->console_height.set || p->console_width.set) && ioctl(s->tree.pty_master, TIOCSWINSZ, &size) < 0)
        return error_errno(err, -errno, "process.consoleSize: cannot be set");
    if (!p->console_height.set && !p->console_width.set)
        console_size_from_terminal(s->tree.pty_master); /* ours are still the caller's descriptors */
    if (fchown(s->tree.pty_slave, p->user.uid, (gid_t) -1) < 0)
        return error_errno(err, -errno, "cannot give the terminal to the user");
    if (ioctl(s->tree.pty_slave, TIOCSCTTY, 0) < 0)
        return error_errno(err, -errno, "cannot make the terminal the controlling one");
    int r = sync_send(s->child_sync, SYNC_CONSOLE, NULL, s->tree.pty_master);
    if (r < 0)
        return error_errno(err, r, "cannot hand the terminal over");
    close(s->tree.pty_master);
    for (int fd = 0; fd < 3; fd++)
        if (dup2(s->tree.pty_slave, fd) < 0)
            return error_errno(err, -errno, "cannot use the terminal");
    return 0;
}

/* In a user namespace the parent has done it. */
static int stage_stdio(struct start *s, struct error *err)
{
    const struct oci_process *p = &s->spec->process;
    return p->terminal || p->user.uid == 0 || s->spec->linux_.namespaces[OCI_NS_USER].set
               ? 0
               : pipes_give(p->user.uid, err);
}

static int stage_enter_root(struct start *s, struct error *err)
{
    int r = mounts_enter_root(s->mounts, s->tree.root_fd, s->opt->no_pivot, err);
    const char *p = s->spec->linux_.rootfs_propagation;
    if (r < 0 || !p)
        return r;
    static const struct {
        const char *name;
        uint64_t propagation;
    } kinds[] = { { "private", MS_PRIVATE },
                  { "slave", MS_SLAVE },
                  { "shared", MS_SHARED },
                  { "unbindable", MS_UNBINDABLE } };
    bool recursive = p[0] == 'r';
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        if (str_eq(p + recursive, kinds[i].name)) {
            _cleanup_close_ int root = dir_open(AT_FDCWD, "/", err);
            return root < 0 ? root : mnt_propagation(root, kinds[i].propagation, recursive, err);
        }
    return error_set(err, -EINVAL, "linux.rootfsPropagation: unknown value \"%s\"", p);
}

static int stage_prepare(struct start *s, struct error *err)
{
    s->plan.proc_fd = s->tree.proc_fd;
    return process_prepare(&s->plan, err);
}

/* create: everything is ready, and the program is there; it is not run before `start` writes to the FIFO. */
static int stage_wait_for_start(struct start *s, struct error *err)
{
    char go;
    ssize_t n;
    if (s->start_fifo < 0)
        return 0;
    int r = process_find(&s->plan, err);
    if (r < 0)
        return r;
    r = let_owner_look(s, true, err);
    if (r < 0)
        return r;
    r = sync_send(s->child_sync, SYNC_READY, NULL, -1);
    if (r < 0)
        return error_errno(err, r, "the parent is gone");
    close(s->child_sync);
    s->child_sync = -1;
    do
        n = read(s->start_fifo, &go, 1);
    while (n < 0 && errno == EINTR);
    return n == 1 ? let_owner_look(s, false, err) : error_set(err, -EPIPE, "start failed");
}

static int stage_seal(struct start *s, struct error *err)
{
    /*
     * Signals were blocked by the parent; the container's program begins with what the caller had. Not oakum-init: as pid 1 it would
     * lose what arrives before it is ready to forward, so it begins with all of them blocked and gives its child an empty mask.
     */
    if (!s->opt->init && sigprocmask(SIG_SETMASK, &s->old_mask, NULL) < 0)
        return error_errno(err, -errno, "cannot unblock signals");
    if (s->ignored)
        signals_reset();
    s->plan.report_fd = s->child_sync >= 0 ? s->child_sync : s->result_fifo;
    return process_seal(&s->plan, err);
}

static const struct {
    const char *name;
    int (*run)(struct start *s, struct error *err);
} stages[] = {
    { "hide", stage_hide },
    { "cgroup", stage_cgroup },
    { "wait for parent", stage_wait_for_parent },
    { "late cgroup", stage_late_cgroup },
    { "become root", stage_become_root },
    { "names", stage_names },
    { "loopback", stage_loopback },
    { "mounts", stage_mounts },
    { "create hooks", stage_create_hooks },
    { "sysctls", stage_sysctls },
    { "masks", stage_masks },
    { "session", stage_session },
    { "stdio", stage_stdio },
    { "enter root", stage_enter_root },
    { "prepare", stage_prepare },
    { "wait for start", stage_wait_for_start },
    { "start hooks", hook_point_start_container },
    { "seal", stage_seal },
};

static _noreturn_ void fail(struct start *s, enum sync_kind kind, const struct error *err, int code)
{
    if (s->child_sync >= 0)
        sync_send(s->child_sync, kind, err, -1);
    else if (s->result_fifo >= 0)
        (void) write_all(s->result_fifo, err->msg, strlen(err->msg));
    _exit(code);
}

void init_main(struct start *s)
{
    struct error err = { 0 };
    close(s->parent_sync);
    close(s->dirfd); /* or the container would hold the lock of its own state until it executes */
    for (size_t i = 0; i < ARRAY_LEN(stages); i++) {
        int r = stages[i].run(s, &err);
        if (r < 0) {
            if (err.code == 0)
                error_errno(&err, r, "start stage \"%s\"", stages[i].name);
            fail(s, SYNC_FAILED, &err, 125);
        }
    }
    int r = process_exec(&s->plan, &err);
    fail(s, SYNC_EXEC_FAILED, &err, process_exec_code(r));
}
