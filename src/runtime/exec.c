// SPDX-License-Identifier: Apache-2.0
/*
 * How it works: the container's init is pinned by a pidfd; the new process is born into its pid namespace and cgroup, joins all
 * other namespaces with one setns(pidfd), and then takes the same last steps as the container's own process did, from the
 * specification in the state directory: rlimits, label, no_new_privs, capabilities, ids, Landlock, seccomp.
 *
 * Threats: while it joins, the process is visible to the container and holds the host's rights. It is not dumpable from its first
 * instruction (CVE-2016-9962), every descriptor that it inherited is closed before the exec, its executable is a read-only
 * clone where the container's root could be the host's (CVE-2019-5736: sys/self.h), and it executes nothing but the program
 * asked for. Exec widens no container by itself: capabilities that nobody spoke of are the container's, and more of them (docker exec
 * --privileged) are named in the log; its filter and its no_new_privs (and Landlock, which hangs on it) hold whatever the process's
 * own document says, labels, rlimits and OOM score where it leaves them out. The pty comes from devpts and nothing that looks like
 * it (CVE-2025-52565).
 */
#include <errno.h>
#include <linux/capability.h>
#include <linux/magic.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>

#include "base/log.h"
#include "base/strbuf.h"
#include "confine/lsm.h"
#include "confine/rootless.h"
#include "confine/scheduler.h"
#include "runtime/annotations.h"
#include "runtime/enforce.h"
#include "runtime/oom_score.h"
#include "runtime/pipes.h"
#include "runtime/rdt.h"
#include "runtime/runtime_internal.h"
#include "runtime/start.h"
#include "sys/file.h"
#include "sys/proc.h"

struct exec {
    struct oci_spec *spec; /* the caller's or ours */
    bool spec_is_callers;
    struct oci_process process; /* what was asked for, with what the container insists on */
    const struct exec_options *opt;
    struct process_plan plan;
    struct seccomp_filter filter;
    struct seccomp_agent agent;
    struct container_state state; /* for the agent */
    struct cgroup *cg;
    off_t growth; /* when we looked (state_growth()) */
    struct cpu_affinity affinity;
    int proc_fd, init_pidfd;
    int join_flags;
    bool cgroup_late; /* the child could not be born in it and waits until it has been put there */
    int parent_sync, child_sync, console_fd, pidfd;
    pid_t pid;
    sigset_t old_mask;
    bool reset_signals; /* some may be ignored, and the program would inherit that */
};

/* 1: init's namespace of this kind is another than ours; 0: the same, or the kernel has no such namespaces. */
static int is_other(const struct exec *e, pid_t init, int kind, struct error *err)
{
    char theirs[48], ours[32];
    struct stat a, b;
    const char *name = namespace_file(kind);
    if (str_format(theirs, sizeof(theirs), "%d/ns/%s", (int) init, name) < 0 ||
        str_format(ours, sizeof(ours), "self/ns/%s", name) < 0)
        return -ENAMETOOLONG;
    int mine = fstatat(e->proc_fd, ours, &b, 0);
    if (mine < 0 && errno == ENOENT)
        return 0;
    if (mine < 0 || fstatat(e->proc_fd, theirs, &a, 0) < 0)
        return error_errno(err, -errno, "cannot look at the container's %s namespace", name);
    return a.st_ino != b.st_ino || a.st_dev != b.st_dev;
}

/*
 * Which of init's namespaces differ from ours: setns() into one's own user namespace is an error, and who has entered another one may not
 * enter what is the host's. Else there is no need to look at those that were made for the container: to root they are open.
 */
static int namespaces_to_join(struct exec *e, pid_t init, struct error *err)
{
    int user = is_other(e, init, OCI_NS_USER, err);
    bool look = user != 0 || rootless_lenient();
    for (int kind = 0; user >= 0 && kind < OCI_NS_KINDS; kind++) {
        const struct oci_namespace *ns = &e->spec->linux_.namespaces[kind];
        int other = kind == OCI_NS_USER                                    ? user
                    : !look && ns->set && !ns->path && kind != OCI_NS_TIME ? 1
                                                                           : is_other(e, init, kind, err);
        if (other < 0)
            return other;
        e->join_flags |= other ? (int) namespace_flag(kind) : 0;
    }
    return user < 0 ? user : 0;
}

/* Who waits for its start may be looked into by the user (init.c), and what is executed in its namespaces by then must not be able to. */
static int check_created(const struct exec *e, struct error *err)
{
    bool may = (e->plan.caps.bounding | e->plan.caps.permitted) & (1ULL << CAP_SYS_PTRACE);
    return e->state.status == CONTAINER_CREATED && rootless_children_foreign() && may
               ? error_set(
                     err, -EPERM,
                     "container %s is not started: until then nothing with CAP_SYS_PTRACE is executed in it",
                     e->state.id)
               : 0;
}

static int report_capabilities(const struct exec *e, struct error *err)
{
    struct capability_sets own;
    _cleanup_strbuf_ struct strbuf names = STRBUF_INIT;
    int r = capability_sets_from_spec(&e->spec->process.capabilities, &own, err);
    if (r < 0)
        return r;
    uint64_t more = (e->plan.caps.bounding | e->plan.caps.permitted | e->plan.caps.inheritable) &
                    ~own.bounding;
    for (unsigned cap = 0; cap < capability_count(); cap++)
        if (more & (1ULL << cap))
            strbuf_addf(&names, " %s", capability_name(cap));
    if (more)
        log_info("the process gets what container %s itself does not have:%s", e->state.id, names.buf);
    return 0;
}

/* The caller's, if the container's document is (still) the one that it was made of. */
static int take_spec(struct exec *e, const struct runtime *rt, const char *text, size_t len,
                     struct error *err)
{
    e->spec_is_callers = e->opt->spec && rt->config && rt->config_len == len &&
                         memcmp(rt->config, text, len) == 0;
    if (!e->spec_is_callers)
        return oci_spec_parse(text, len, &e->spec, err);
    e->spec = e->opt->spec;
    return 0;
}

static int open_target(struct exec *e, struct runtime *rt, const char *id, struct error *err)
{
    struct record rec;
    _cleanup_free_ char *text = NULL;
    size_t len;
    _cleanup_close_ int dirfd = state_open(rt, id, LOCK_SH, err);
    int r = dirfd < 0 ? dirfd : state_read(dirfd, &rec, err);
    if (r < 0)
        return r == -ENOENT && dirfd >= 0 ? error_set(err, -EINVAL, "container %s is not running", id) : r;
    enum container_status status = state_status(dirfd, &rec);
    if (status != CONTAINER_RUNNING && status != CONTAINER_CREATED &&
        !(status == CONTAINER_PAUSED && e->opt->ignore_paused))
        r = error_set(err, -EINVAL, "container %s is %s, not running", id, container_status_name(status));
    if (r >= 0)
        r = state_read_config(dirfd, &text, &len, err);
    if (r >= 0)
        r = take_spec(e, rt, text, len, err);
    if (r >= 0)
        e->state = (struct container_state){
            .id = id,
            .bundle = arena_strdup(e->spec->arena, rec.bundle),
            .oci_version = e->spec->oci_version,
            .status = status,
            .pid = rec.pid,
            .annotations = e->spec->annotations,
        };
    if (r >= 0)
        r = e->init_pidfd = proc_pidfd(e->proc_fd, rec.pid, rec.start_time, err);
    if (r >= 0)
        r = namespaces_to_join(e, rec.pid, err);
    if (r >= 0)
        r = str_empty(rec.cgroup_path) ? 0 : cgroup_open(rec.cgroup_path, &e->cg, err);
    if (r >= 0 && !e->cg && e->opt->cgroups.n > 0)
        r = error_set(err, -EOPNOTSUPP, "--cgroup: container %s has no cgroup", id);
    for (size_t i = 0; r >= 0 && i < e->opt->cgroups.n; i++)
        r = cgroup_descend(e->cg, e->opt->cgroups.v[i], err);
    e->growth = state_growth(dirfd);
    arena_free(rec.arena);
    return r;
}

static void insist(struct oci_process *p, const struct oci_process *container)
{
    p->no_new_privileges |= container->no_new_privileges;
    if (!p->oom_score_adj.set)
        p->oom_score_adj = container->oom_score_adj;
    if (str_empty(p->apparmor_profile))
        p->apparmor_profile = container->apparmor_profile;
    if (str_empty(p->selinux_label))
        p->selinux_label = container->selinux_label;
    if (p->n_rlimits == 0) {
        p->rlimits = container->rlimits;
        p->n_rlimits = container->n_rlimits;
    }
}

static int prepare(struct exec *e, struct runtime *rt, const char *id, struct error *err)
{
    e->proc_fd = proc_open(err);
    int r = e->proc_fd < 0 ? e->proc_fd : open_target(e, rt, id, err);
    if (r < 0 || e->spec == NULL)
        return r;
    insist(&e->process, &e->spec->process);
    e->affinity = cpu_affinity_of_exec(&e->process, &e->spec->process);
    e->plan = (struct process_plan){
        .spec = e->spec,
        .process = &e->process,
        .proc_fd = -1,
        .init_fd = -1,
        .parent_fd = -1,
        .report_fd = -1,
        .preserve_fds = e->opt->preserve_fds,
        .report_rlimits = true,
        .keep_groups = annotation_keep_groups(e->spec),
    };
    r = enforce_check_process(&e->process, err);
    if (r >= 0)
        r = lsm_check_process(&e->process, err);
    if (r >= 0)
        r = process_plan_check(&e->plan, err);
    if (r >= 0)
        r = report_capabilities(e, err);
    if (r >= 0)
        r = check_created(e, err);
    if (r >= 0)
        r = runtime_seccomp(rt, e->spec, &e->filter, err);
    if (r > 0) {
        e->plan.filter = &e->filter;
        e->plan.agent = &e->agent;
        r = seccomp_agent_open(&e->agent, e->spec, &e->filter, &e->process, &e->state, e->proc_fd, err);
    }
    return r;
}

/* ---- child ---- */

/* Where the parent must have us put into the cgroup. */
static int wait_for_cgroup(struct exec *e, struct error *err)
{
    char go;
    ssize_t n;
    do
        n = read(e->child_sync, &go, 1);
    while (n < 0 && errno == EINTR);
    return n == 1 ? 0 : error_set(err, -EPIPE, "the parent is gone");
}

static bool has_root(const struct oci_id_maps *maps)
{
    return namespace_host_id(maps, 0) != (uint32_t) -1;
}

static int join(struct exec *e, struct error *err)
{
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
        return error_errno(err, -errno, "cannot make the process undumpable");
    int r = e->cgroup_late ? wait_for_cgroup(e, err) : 0;
    if (r >= 0 && e->cg)
        r = cgroup_join_self(e->cg, err);
    if (r >= 0)
        r = rdt_join(&e->spec->linux_.intel_rdt, e->state.id, 0, err);
    if (r >= 0)
        r = cpu_affinity_final(&e->affinity, err);
    /* The pid namespace is ours by birth. */
    int flags = e->join_flags & ~CLONE_NEWPID;
    if (r >= 0 && flags && setns(e->init_pidfd, flags) < 0)
        r = error_errno(err, -errno, "cannot join the container's namespaces");
    if (r >= 0 && (flags & CLONE_NEWUSER) &&
        ((!e->plan.keep_groups && syscall(SYS_setgroups, 0, NULL) < 0 &&
          !(errno == EPERM && rootless_groups_denied())) ||
         (has_root(&e->spec->linux_.gid_mappings) && syscall(SYS_setresgid, 0, 0, 0) < 0) ||
         (has_root(&e->spec->linux_.uid_mappings) && syscall(SYS_setresuid, 0, 0, 0) < 0)))
        r = error_errno(err, -errno, "cannot become root of the container's user namespace");
    if (r >= 0 && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
        r = error_errno(err, -errno, "cannot make the process undumpable");
    return r;
}

/* The container may have put anything on /dev: only the node of a devpts is opened, and nothing that is mounted over it. */
static int open_ptmx(struct error *err)
{
    struct statfs fs;
    _cleanup_close_ int dir = file_open(AT_FDCWD, "/dev/pts", O_PATH | O_DIRECTORY, 0, err);
    if (dir < 0)
        return dir;
    if (fstatfs(dir, &fs) < 0 || fs.f_type != DEVPTS_SUPER_MAGIC)
        return error_set(err, -EPERM, "the container's /dev/pts is not devpts: it has no pseudo-terminals");
    int fd = sys_openat2(dir, "ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC, 0,
                         RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV);
    return fd < 0 ? error_errno(err, -errno, "cannot open a pseudo-terminal in the container") : fd;
}

static int take_terminal(struct exec *e, struct error *err)
{
    setsid();
    if (!e->process.terminal)
        return 0;
    int zero = 0;
    _cleanup_close_ int master = open_ptmx(err);
    if (master < 0)
        return master;
    if (ioctl(master, TIOCSPTLCK, &zero) < 0)
        return error_errno(err, -errno, "cannot open a pseudo-terminal in the container");
    _cleanup_close_ int slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (slave < 0 || fchown(slave, e->process.user.uid, (gid_t) -1) < 0 || ioctl(slave, TIOCSCTTY, 0) < 0)
        return error_errno(err, -errno, "cannot take the pseudo-terminal");
    console_size_from_terminal(master);
    int r = sync_send(e->child_sync, SYNC_CONSOLE, NULL, master);
    for (int fd = 0; r >= 0 && fd < 3; fd++)
        if (dup2(slave, fd) < 0)
            r = -errno;
    return r < 0 ? error_errno(err, r, "cannot use the terminal") : 0;
}

static _noreturn_ void exec_child(struct exec *e)
{
    struct error err = { 0 };
    close(e->parent_sync);
    int r = join(e, &err);
    if (r >= 0)
        r = take_terminal(e, &err);
    if (r >= 0 && (e->process.apparmor_profile || e->process.selinux_label))
        r = e->plan.proc_fd = proc_open(&err);
    if (r >= 0)
        r = process_prepare(&e->plan, &err);
    if (e->reset_signals)
        signals_reset();
    if (r >= 0 && sigprocmask(SIG_SETMASK, &e->old_mask, NULL) < 0)
        r = error_errno(&err, -errno, "cannot unblock signals");
    e->plan.report_fd = e->child_sync;
    if (r >= 0)
        r = process_seal(&e->plan, &err);
    if (r < 0) {
        sync_send(e->child_sync, SYNC_FAILED, &err, -1);
        _exit(125);
    }
    r = process_exec(&e->plan, &err);
    sync_send(e->child_sync, SYNC_EXEC_FAILED, &err, -1);
    _exit(process_exec_code(r));
}

/* ---- parent ---- */

static int cgroup_again(struct exec *e, struct error *err)
{
    _cleanup_free_ char *handle = cgroup_handle(e->cg);
    cgroup_free(TAKE_PTR(e->cg));
    int r = cgroup_open(handle, &e->cg, err);
    return r < 0 ? r : cgroup_follow(e->cg, e->proc_fd, e->state.pid, err);
}

static int clone_into(struct exec *e, struct error *err)
{
    _cleanup_close_ int own_pidns = -1;
    if (e->join_flags & CLONE_NEWPID) {
        own_pidns = file_open(e->proc_fd, "self/ns/pid", O_RDONLY, 0, err);
        if (own_pidns < 0)
            return own_pidns;
        if (setns(e->init_pidfd, CLONE_NEWPID) < 0)
            return error_errno(err, -errno, "cannot enter the container's pid namespace");
    }
    struct clone_args args = { .flags = CLONE_PIDFD,
                               .exit_signal = SIGCHLD,
                               .pidfd = (uint64_t) (uintptr_t) &e->pidfd };
    int cgroup_fd = e->cg ? cgroup_clone_fd(e->cg) : -1;
    if (cgroup_fd >= 0) {
        args.flags |= CLONE_INTO_CGROUP;
        args.cgroup = (uint64_t) cgroup_fd;
    }
    e->pid = sys_clone3(&args, sizeof(args));
    /* Version 2: the container has divided its cgroup, which may hold no process then; its own may move meanwhile. */
    int r = 0;
    for (int try = 0; e->pid < 0 && errno == EBUSY && cgroup_fd >= 0 && e->opt->cgroups.n == 0 && try < 3;
         try++) {
        r = cgroup_again(e, err);
        if (r < 0)
            break;
        args.cgroup = (uint64_t) cgroup_clone_fd(e->cg);
        e->pid = sys_clone3(&args, sizeof(args));
    }
    if (r >= 0 && e->pid < 0 && errno == EACCES && e->cg && cgroup_attachable(e->cg)) {
        e->cgroup_late = true;
        args.flags &= ~CLONE_INTO_CGROUP;
        e->pid = sys_clone3(&args, sizeof(args));
    }
    if (e->pid == 0)
        exec_child(e);
    if (r >= 0 && e->pid < 0 && errno == EACCES && cgroup_fd >= 0) /* the cgroup above both is not ours */
        r = error_set(
            err, -EACCES,
            "the kernel lets nobody put a process into the container's cgroup from the one that we are in: "
            "start this by \"systemd-run --user --scope\" too");
    else if (r >= 0 && e->pid < 0)
        r = error_errno(err, -errno, "cannot make a process in the container");
    /* Who is no root of the host cannot come back; nothing else is forked here. */
    if (own_pidns >= 0 && setns(own_pidns, CLONE_NEWPID) < 0 && r >= 0 &&
        !(errno == EPERM && rootless_inside()))
        r = error_errno(err, -errno, "cannot leave the container's pid namespace");
    return r;
}

static int follow(struct exec *e, bool *ret_exec_failed, struct error *err)
{
    for (;;) {
        struct sync_message m;
        int fd = -1;
        int r = sync_receive(e->parent_sync, &m, &fd, err);
        if (r <= 0)
            return r;
        if (m.kind == SYNC_CONSOLE) {
            e->console_fd = fd;
            r = console_take(e->opt->console_socket, fd, err);
            if (r < 0)
                return r;
            continue;
        }
        *ret_exec_failed = m.kind == SYNC_EXEC_FAILED;
        if (err)
            *err = m.error;
        return m.error.code < 0 ? m.error.code : -EIO;
    }
}

static int start_process(struct exec *e, bool *ret_exec_failed, struct error *err)
{
    int pair[2];
    int r = pipes_give_outside(e->spec, &e->process, err);
    if (r < 0)
        return r;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        return error_errno(err, -errno, "cannot make a socket pair");
    e->parent_sync = pair[0];
    e->child_sync = pair[1];
    struct cpu_mask saved;
    struct opt_i64 own_score = { 0 };
    int pinned = cpu_affinity_initial(&e->affinity, &saved, err);
    r = pinned < 0 ? pinned : oom_score_lend(e->proc_fd, &e->process.oom_score_adj, &own_score, err);
    uint64_t ignored;
    e->reset_signals = proc_own_ignored(e->proc_fd, &ignored) < 0 || ignored != 0;
    if (r >= 0)
        r = clone_into(e, err);
    if (oom_score_set(e->proc_fd, "self", &own_score, NULL) < 0)
        log_info("process.oomScoreAdj: is this process's own, too, until it ends");
    if (pinned > 0 && cpu_affinity_restore(&saved, r < 0 ? NULL : err) < 0 && r >= 0)
        r = -EINVAL;
    close(e->child_sync); /* really: the end of the child is seen by the last close of it */
    e->child_sync = -1;
    seccomp_agent_close(&e->agent);
    if (r >= 0 && e->cgroup_late) {
        r = cgroup_attach(e->cg, e->pid, err);
        if (r >= 0 && send(e->parent_sync, "g", 1, MSG_NOSIGNAL) < 0)
            r = error_errno(err, -errno, "the process in the container has ended");
    }
    if (r >= 0)
        r = follow(e, ret_exec_failed, err);
    if (r >= 0)
        r = pidfd_give(e->opt->pidfd_socket, NULL, e->pidfd, err);
    if (r >= 0 && e->opt->pid_file) {
        char text[24];
        r = str_format(text, sizeof(text), "%d", (int) e->pid);
        if (r >= 0)
            r = file_replace(AT_FDCWD, e->opt->pid_file, text, strlen(text), 0644, false, err);
    }
    if (r < 0 && e->pid > 0) {
        sys_pidfd_send_signal(e->pidfd, SIGKILL, NULL, 0);
        while (waitpid(e->pid, NULL, 0) < 0 && errno == EINTR)
            ;
    }
    return r;
}

/*
 * A pause or update may have come between our look at the cgroup and the process's birth in it, and have joined hierarchies that we
 * did not know: then the process would run on, or without a limit. They hold the lock while they do.
 */
static void join_what_has_grown(struct exec *e, struct runtime *rt, const char *id)
{
    _cleanup_close_ int dirfd = openat(rt->fd, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (dirfd < 0 || state_growth(dirfd) == e->growth || file_lock(dirfd, LOCK_SH, id, NULL) < 0)
        return;
    _cleanup_free_ char *path = state_read_cgroup(dirfd);
    _cleanup_cgroup_ struct cgroup *cg = NULL;
    _cleanup_free_ pid_t *pids = NULL;
    size_t n = 0;
    if (!path || cgroup_open(path, &cg, NULL) < 0 || cgroup_pids(cg, &pids, &n, NULL) < 0)
        return;
    for (size_t i = 0; i < n; i++) /* it may have children by now */
        cgroup_add_pid(cg, pids[i], NULL);
}

static void release(struct exec *e)
{
    int *const fds[] = { &e->proc_fd,    &e->init_pidfd, &e->parent_sync,
                         &e->child_sync, &e->console_fd, &e->pidfd };
    for (size_t i = 0; i < ARRAY_LEN(fds); i++)
        cleanup_close(fds[i]);
    cgroup_free(e->cg);
    seccomp_filter_free(&e->filter);
    seccomp_agent_close(&e->agent);
    if (!e->spec_is_callers)
        oci_spec_free(e->spec);
}

int container_exec(struct runtime *rt, const char *id, const struct oci_process *process,
                   const struct exec_options *opt, struct container_exit *ret, struct error *err)
{
    struct exec e = { .process = *process,
                      .opt = opt,
                      .agent = SECCOMP_AGENT_NONE,
                      .proc_fd = -1,
                      .init_pidfd = -1,
                      .parent_sync = -1,
                      .child_sync = -1,
                      .console_fd = -1,
                      .pidfd = -1 };
    sigset_t set;
    *ret = (struct container_exit){ .code = 125 };
    if (process->terminal && opt->detach && !opt->console_socket)
        return error_set(err, -EINVAL, "a detached process with a terminal needs --console-socket");
    int r = pid_file_check(opt->pid_file, err);
    if (r >= 0)
        r = prepare(&e, rt, id, err);
    if (r >= 0 && opt->keep_stdin_closed && !process->terminal)
        r = run_null_stdin(err);
    if (r >= 0) {
        signals_block(&e.old_mask, &set);
        r = start_process(&e, &ret->exec_failed, err);
        if (r >= 0)
            join_what_has_grown(&e, rt, id);
        if (r < 0 && ret->exec_failed)
            ret->code = process_exec_code(r);
        if (r >= 0 && opt->detach)
            ret->code = 0;
        bool relayed = !opt->detach && e.console_fd >= 0 && !opt->console_socket;
        if (r >= 0 && relayed)
            r = console_relay(e.console_fd, e.pidfd, &set, NULL, err);
        if (r >= 0 && relayed)
            r = wait_reap(e.pid, &ret->code);
        else if (r >= 0 && !opt->detach)
            r = wait_forwarding(e.pid, e.pidfd, &set, NULL, &ret->code, err);
        sigprocmask(SIG_SETMASK, &e.old_mask, NULL);
    }
    release(&e);
    return r;
}
