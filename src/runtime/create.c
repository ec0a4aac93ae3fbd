// SPDX-License-Identifier: Apache-2.0
/*
 * How it works, parent side: check the whole document first, then record, then make. Order on disk: the directory (locked), the
 * cgroup's path, the cgroup, the process, state.json. The child runs its privileged part only after state.json is there, and
 * dies when the parent does before that; so whatever a kill leaves behind is found by list and taken away by delete.
 *
 * Namespaces that are joined are entered by the parent around the clone and left again: the child may be in a new user namespace,
 * where it would have no right to join anything. A user namespace is joined by a helper process. A new time namespace is made in the same place, as its offsets want.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <sys/auxv.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/log.h"
#include "confine/landlock.h"
#include "confine/lsm.h"
#include "confine/net_devices.h"
#include "confine/rootless.h"
#include "confine/sysctl.h"
#include "runtime/annotations.h"
#include "runtime/enforce.h"
#include "runtime/oom_score.h"
#include "runtime/pipes.h"
#include "runtime/rdt.h"
#include "runtime/runtime_internal.h"
#include "runtime/start.h"
#include "sys/file.h"
#include "sys/mnt.h"
#include "sys/proc.h"
#include "sys/self.h"

static int check_all(struct start *s, struct error *err)
{
    const struct oci_spec *spec = s->spec;
    int r = enforce_check(spec, err);
    if (r >= 0)
        r = lsm_check(spec, err);
    if (r >= 0 && landlock_wanted(spec) && !spec->process.no_new_privileges)
        r = error_set(err, -EINVAL, "annotations." ANNOTATION_LANDLOCK ": needs process.noNewPrivileges");
    if (r >= 0)
        r = process_plan_check(&s->plan, err);
    if (r >= 0 && spec->process.terminal && s->opt->detach && !s->opt->console_socket)
        r = error_set(err, -EINVAL, "process.terminal: a detached container needs --console-socket");
    if (r >= 0 && !spec->process.terminal && s->opt->console_socket)
        r = error_set(err, -EINVAL, "--console-socket: process.terminal is false");
    return r;
}

static int open_seccomp_cache(struct runtime *rt)
{
    if (rt->seccomp_fd >= 0)
        return rt->seccomp_fd;
    rt->seccomp_fd = openat(rt->fd, ".seccomp", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (rt->seccomp_fd < 0 && errno == ENOENT && (mkdirat(rt->fd, ".seccomp", 0700) == 0 || errno == EEXIST))
        rt->seccomp_fd = openat(rt->fd, ".seccomp", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return rt->seccomp_fd;
}

int runtime_seccomp(struct runtime *rt, const struct oci_spec *spec, struct seccomp_filter *ret,
                    struct error *err)
{
    const struct oci_seccomp *sec = &spec->linux_.seccomp;
    struct error inner = { 0 };
    int r = annotation_filter(spec, ret, err);
    if (r != 0 || !sec->set)
        return r;
    r = annotation_check_calls(spec, err);
    if (r < 0)
        return r;
    r = seccomp_cached(open_seccomp_cache(rt), sec, ret, &inner);
    /* Its messages begin with the path below linux.seccomp. */
    return r < 0 ? error_set(err, r, "linux.seccomp.%s", inner.msg) : 1;
}

/* Through a read-only clone of its mount: /proc/1/exe of the container is this file (CVE-2019-5736). */
static int open_init(struct start *s, struct error *err)
{
    _cleanup_close_ int file = self_helper_open("oakum-init", err);
    s->plan.init_fd = file < 0 ? file
                               : mnt_clone_attr(file, "", false, MOUNT_ATTR_RDONLY, 0, MS_PRIVATE, err);
    return s->plan.init_fd < 0 ? error_context(err, s->plan.init_fd, "oakum-init") : 0;
}

static int absolute_path(int fd, char *buf, size_t size)
{
    char link[40];
    if (str_format(link, sizeof(link), "/proc/self/fd/%d", fd) < 0)
        return -ENAMETOOLONG;
    ssize_t n = readlinkat(AT_FDCWD, link, buf, size - 1);
    if (n < 0)
        return -errno;
    buf[n] = '\0';
    return 0;
}

/*
 * startContainer hooks have the filter too. Their connections are the first, in their order, and the first process's the last: an
 * agent may serve one after the other.
 */
static int open_hook_agents(struct start *s, struct error *err)
{
    size_t n = s->spec->hooks[OCI_HOOK_START_CONTAINER].n;
    int r = 0;
    if (n == 0)
        return 0;
    s->hook_agents = xcalloc(n, sizeof(*s->hook_agents));
    for (size_t i = 0; i < n; i++)
        s->hook_agents[i] = -1;
    for (size_t i = 0; r >= 0 && i < n; i++) {
        r = seccomp_agent_connect(&s->agent, err);
        if (r >= 0) {
            s->hook_agents[i] = s->agent.fd;
            s->agent.fd = r;
        }
    }
    return r < 0 ? r : 0;
}

static void close_agents(struct start *s)
{
    for (size_t i = 0; s->hook_agents && i < s->spec->hooks[OCI_HOOK_START_CONTAINER].n; i++)
        if (s->hook_agents[i] >= 0)
            close(s->hook_agents[i]); /* really, as the agent's own */
    free(s->hook_agents);
    s->hook_agents = NULL;
    seccomp_agent_close(&s->agent);
}

/* A filter that notifies: whoever is to answer must be there before the container is. */
static int open_agent(struct start *s, struct error *err)
{
    char bundle[PATH_MAX];
    s->plan.agent = &s->agent;
    if (!s->filter.has_notify)
        return 0;
    int r = absolute_path(s->bundle_fd, bundle, sizeof(bundle));
    if (r < 0)
        return error_errno(err, r, "the bundle's path");
    struct container_state st = {
        .id = s->opt->id,
        .bundle = bundle,
        .oci_version = s->spec->oci_version,
        .status = CONTAINER_CREATING,
        .annotations = s->spec->annotations,
    };
    r = seccomp_agent_open(&s->agent, s->spec, &s->filter, &s->spec->process, &st, s->proc_fd, err);
    return r < 0 ? r : open_hook_agents(s, err);
}

/* What needs no trace on disk: sources opened, filter compiled, namespaces found. */
static int gather(struct start *s, struct error *err)
{
    s->proc_fd = proc_open(err);
    if (s->proc_fd < 0)
        return s->proc_fd;
    s->bundle_fd = file_open(AT_FDCWD, s->opt->bundle, O_RDONLY | O_DIRECTORY, 0, err);
    if (s->bundle_fd < 0)
        return error_context(err, s->bundle_fd, "bundle");
    int r = namespaces_open(s->spec, s->opt->namespaces, &s->ns, err);
    if (r >= 0 && s->ns.join[OCI_NS_USER] >= 0) {
        s->joined = *s->spec;
        s->joined.linux_.uid_mappings = s->ns.uids;
        s->joined.linux_.gid_mappings = s->ns.gids;
        s->spec = &s->joined;
    }
    if (r >= 0)
        r = sysctl_check(s->spec, s->ns.callers, err);
    if (r >= 0)
        r = runtime_seccomp(s->rt, s->spec, &s->filter, err);
    if (r > 0) {
        s->plan.filter = &s->filter;
        r = open_agent(s, err);
    }
    if (r >= 0 && s->opt->init)
        r = open_init(s, err);
    if (r >= 0 && s->opt->notify_socket)
        r = notify_connect(&s->notify, s->opt->notify_socket, err);
    return r < 0 ? r : mounts_prepare(s->spec, s->bundle_fd, s->opt->given, s->opt->n_given, &s->mounts, err);
}

static int write_config(struct start *s, struct error *err)
{
    _cleanup_free_ char *made = s->opt->config_text ? NULL : oci_spec_text(s->spec, 0);
    const char *text = s->opt->config_text ?: made;
    _cleanup_close_ int fd = file_open(s->dirfd, "config.json", O_WRONLY | O_CREAT | O_EXCL, 0600, err);
    if (fd < 0)
        return fd;
    int r = text ? write_all(fd, text, strlen(text)) : -EINVAL;
    return r < 0 ? error_errno(err, r, "cannot write the container's configuration to the state directory")
                 : 0;
}

static int make_fifo(int dirfd, const char *name, struct error *err)
{
    if (mkfifoat(dirfd, name, 0600) < 0)
        return error_errno(err, -errno, "cannot make the FIFO %s", name);
    /* Both ways, so that neither open nor read sees an end before a writer comes. */
    return file_open(dirfd, name, O_RDWR, 0, err);
}

int start_record_begin(struct start *s, bool wait_for_start, struct error *err)
{
    s->dirfd = state_create(s->rt, s->opt->id, err);
    if (s->dirfd < 0)
        return s->dirfd;
    int r = write_config(s, err);
    if (r >= 0 && wait_for_start)
        r = s->start_fifo = make_fifo(s->dirfd, "start", err);
    if (r >= 0 && wait_for_start)
        r = s->result_fifo = make_fifo(s->dirfd, "result", err);
    if (r >= 0)
        r = start_cgroup(s, err);
    return r < 0 ? r : rdt_begin(&s->spec->linux_.intel_rdt, s->dirfd, s->opt->id, err);
}

/* ---- the clone ---- */

static const enum oci_namespace_kind around[] = { OCI_NS_NETWORK, OCI_NS_IPC,  OCI_NS_UTS,
                                                  OCI_NS_CGROUP,  OCI_NS_TIME, OCI_NS_PID };

/* Enters what is to be joined, and a new time namespace for the child; own[] gets descriptors of where we came from. */
static int enter_joined(struct start *s, int own[OCI_NS_KINDS], struct error *err)
{
    for (size_t i = 0; i < ARRAY_LEN(around); i++) {
        enum oci_namespace_kind kind = around[i];
        char path[32];
        bool make = kind == OCI_NS_TIME && s->ns.new_time;
        if (s->ns.join[kind] < 0 && !make)
            continue;
        if (str_format(path, sizeof(path), "self/ns/%s", namespace_file(kind)) < 0)
            return -ENAMETOOLONG;
        own[kind] = file_open(s->proc_fd, path, O_RDONLY, 0, err);
        if (own[kind] < 0)
            return own[kind];
        int r = make ? namespace_new_time(s->spec, s->proc_fd, err) : 0;
        if (r >= 0 && make)
            r = annotation_time_offset(s->spec, s->proc_fd, err);
        if (r < 0)
            return r;
        if (!make && setns(s->ns.join[kind], (int) namespace_flag(kind)) < 0)
            return error_errno(err, -errno, "cannot join the %s namespace", oci_namespace_name(kind));
        cleanup_close(&s->ns.join[kind]);
        s->ns.join[kind] = -1; /* the child has it by inheritance */
    }
    return 0;
}

static int leave_joined(int own[OCI_NS_KINDS], struct error *err)
{
    int r = 0;
    for (size_t i = 0; i < ARRAY_LEN(around); i++) {
        enum oci_namespace_kind kind = around[i];
        if (own[kind] < 0)
            continue;
        if (setns(own[kind], (int) namespace_flag(kind)) < 0)
            r = error_errno(err, -errno, "cannot return to the %s namespace", oci_namespace_name(kind));
        close(own[kind]);
    }
    return r;
}

static struct clone_args clone_arguments(const struct start *s)
{
    struct clone_args args = { .flags = s->ns.create, .exit_signal = SIGCHLD };
    int cgroup_fd = s->cg ? cgroup_clone_fd(s->cg) : -1;
    if (cgroup_fd >= 0) {
        args.flags |= CLONE_INTO_CGROUP;
        args.cgroup = (uint64_t) cgroup_fd;
    }
    return args;
}

static pid_t clone_process(struct start *s, struct clone_args *args)
{
    pid_t pid = sys_clone3(args, sizeof(*args));
    if (pid < 0 && errno == EACCES && s->cg && cgroup_attachable(s->cg)) {
        s->cgroup_late = true;
        args->flags &= ~(uint64_t) CLONE_INTO_CGROUP;
        pid = sys_clone3(args, sizeof(*args));
    }
    return pid;
}

struct clone_answer {
    pid_t pid;
    bool cgroup_late;
    struct error error;
};

/*
 * A user namespace that is joined has to be entered before the others are made, which belong to it then; and there is no way back. So
 * a helper does both and bears the child as its sibling. It cannot be looked into by those who are in the namespace already.
 * And who is no root of the first user namespace could not come back from any namespace that he joins, since those in which he
 * started belong to that one: hooks, and all else of ours, would go on in the container's.
 */
static bool must_clone_by_helper(const struct start *s)
{
    bool any = s->ns.new_time;
    for (size_t i = 0; i < ARRAY_LEN(around); i++)
        any |= s->ns.join[around[i]] >= 0;
    return s->ns.join[OCI_NS_USER] >= 0 || (any && rootless_inside());
}

static int join_user_namespace(struct start *s, struct error *err)
{
    if (setns(s->ns.join[OCI_NS_USER], CLONE_NEWUSER) < 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
        return error_errno(err, -errno, "cannot join the user namespace");
    cleanup_close(&s->ns.join[OCI_NS_USER]);
    return 0;
}

static _noreturn_ void helper_main(struct start *s, struct clone_answer *answer)
{
    int own[OCI_NS_KINDS];
    struct error *err = &answer->error;
    struct clone_args args = clone_arguments(s);
    args.flags |= CLONE_PARENT;
    args.exit_signal = 0; /* the parent's, by CLONE_PARENT */
    bool user = s->ns.join[OCI_NS_USER] >= 0;
    int r = user && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 ? error_errno(err, -errno, "dumpable") : 0;
    memset(own, 0xff, sizeof(own)); /* all -1 */
    if (r >= 0)
        r = enter_joined(s, own, err);
    if (r >= 0)
        r = mounts_prepare_joined(s->mounts, err);
    if (r >= 0 && user)
        r = join_user_namespace(s, err);
    if (r < 0)
        _exit(1);
    pid_t pid = clone_process(s, &args); /* not into the answer: the child has it too, and would write 0 */
    if (pid == 0)
        init_main(s);
    if (pid < 0)
        error_errno(err, -errno, "cannot make the container's process and namespaces");
    answer->cgroup_late = s->cgroup_late;
    answer->pid = pid;
    _exit(pid < 0);
}

static int clone_by_helper(struct start *s, struct error *err)
{
    struct clone_args args = { .exit_signal = SIGCHLD };
    struct clone_answer *answer = mmap(NULL, sizeof(*answer), PROT_READ | PROT_WRITE,
                                       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (answer == MAP_FAILED)
        return error_errno(err, -errno, "cannot share memory");
    pid_t helper = sys_clone3(&args, sizeof(args));
    if (helper == 0)
        helper_main(s, answer);
    int r = helper < 0 ? error_errno(err, -errno, "cannot make a process") : 0;
    while (helper > 0 && waitpid(helper, NULL, 0) < 0 && errno == EINTR)
        ;
    if (r == 0 && answer->pid <= 0) {
        r = error_set(err, -ECHILD, "%s",
                      answer->error.code < 0 ? answer->error.msg : "the helper was killed");
    }
    /* Our own child, which nobody else reaps: its number is its own. */
    s->cgroup_late = answer->cgroup_late;
    s->pid = r == 0 ? answer->pid : 0;
    s->pidfd = r == 0 ? sys_pidfd_open(s->pid, 0) : -1;
    if (r == 0 && s->pidfd < 0) {
        r = error_errno(err, -errno, "cannot hold on to the container's process");
        kill(s->pid, SIGKILL);
    }
    munmap(answer, sizeof(*answer));
    return r;
}

static int clone_child(struct start *s, struct error *err)
{
    int own[OCI_NS_KINDS];
    if (must_clone_by_helper(s))
        return clone_by_helper(s, err);
    memset(own, 0xff, sizeof(own)); /* all -1 */
    struct clone_args args = clone_arguments(s);
    args.flags |= CLONE_PIDFD;
    args.pidfd = (uint64_t) (uintptr_t) &s->pidfd;
    int r = enter_joined(s, own, err);
    if (r >= 0)
        r = mounts_prepare_joined(s->mounts, err);
    if (r >= 0) {
        s->pid = clone_process(s, &args);
        if (s->pid == 0)
            init_main(s);
        if (s->pid < 0)
            r = error_errno(err, -errno, "cannot make the container's process and namespaces");
    }
    int back = leave_joined(own, r < 0 ? NULL : err);
    return r < 0 ? r : back;
}

static int set_oom_score(struct start *s, struct error *err)
{
    char pid[16];
    int r = str_format(pid, sizeof(pid), "%d", (int) s->pid);
    return r < 0 ? r : oom_score_set(s->proc_fd, pid, &s->spec->process.oom_score_adj, err);
}

static int map_ids(struct start *s, struct error *err)
{
    const struct oci_linux *l = &s->spec->linux_;
    if (l->namespaces[OCI_NS_USER].set) {
        int r = pipes_give_outside(s->spec, &s->spec->process, err);
        if (r < 0)
            return r;
    }
    if (s->ns.create & CLONE_NEWUSER) {
        int r = namespace_write_maps(s->proc_fd, s->pid, &l->uid_mappings, &l->gid_mappings, err);
        if (r < 0)
            return r;
    }
    if (!mounts_need_idmap(s->mounts))
        return 0;
    char path[48];
    if (str_format(path, sizeof(path), "%d/ns/user", (int) s->pid) < 0)
        return -ENAMETOOLONG;
    _cleanup_close_ int userns = l->namespaces[OCI_NS_USER].set
                                     ? file_open(s->proc_fd, path, O_RDONLY, 0, err)
                                     : -1;
    if (l->namespaces[OCI_NS_USER].set && userns < 0)
        return userns;
    return mounts_idmap(s->mounts, userns, err);
}

int pid_file_check(const char *path, struct error *err)
{
    const char *slash = path ? strrchr(path, '/') : NULL;
    _cleanup_free_ char *dir = slash ? xstrndup(path, (size_t) (slash - path) + 1) : NULL;
    return path && faccessat(AT_FDCWD, dir ?: ".", W_OK | X_OK, AT_EACCESS) < 0
               ? error_errno(err, -errno, "--pid-file: cannot write %s", path)
               : 0;
}

int start_write_pid_file(struct start *s, struct error *err)
{
    char text[24];
    if (!s->opt->pid_file)
        return 0;
    if (str_format(text, sizeof(text), "%d", (int) s->pid) < 0)
        return -ENAMETOOLONG;
    int r = file_replace(AT_FDCWD, s->opt->pid_file, text, strlen(text), 0644, false, err);
    return r < 0 ? error_context(err, r, "--pid-file") : 0;
}

int start_record_process(struct start *s, struct error *err)
{
    char created[CLOCK_TEXT_MAX], bundle[PATH_MAX], rootfs[2 * PATH_MAX];
    const char *root = s->spec->root_path;
    clock_now_text(created);
    int r = s->opt->bundle[0] == '/' ? str_format(bundle, sizeof(bundle), "%s", s->opt->bundle)
                                     : absolute_path(s->bundle_fd, bundle, sizeof(bundle));
    if (r >= 0)
        r = str_format(rootfs, sizeof(rootfs), "%s%s%s", root[0] == '/' ? "" : bundle,
                       root[0] == '/' ? "" : "/", root);
    if (r < 0)
        return error_errno(err, r, "the bundle's path");
    r = proc_start_and_ignored(s->proc_fd, s->pid, &s->start_time, &s->ignored, err);
    struct record rec = {
        .id = s->opt->id,
        .bundle = bundle,
        .rootfs = rootfs,
        .created = created,
        .oci_version = s->spec->oci_version,
        .cgroup_path = s->cgroup_path,
        .pid = s->pid,
        .start_time = s->start_time,
        .owner_uid = (uint32_t) getauxval(AT_EUID),
        .own_pidns = s->ns.create & CLONE_NEWPID,
        .annotations = s->spec->annotations,
    };
    return r < 0 ? r : state_write(s->dirfd, &rec, err);
}

/* The child's news until it is ready or has executed. */
static int follow_child(struct start *s, bool wait_for_start, bool *ret_exec_failed, struct error *err)
{
    for (;;) {
        struct sync_message m;
        int fd = -1;
        int r = sync_receive(s->parent_sync, &m, &fd, err);
        if (r < 0)
            return r;
        if (r == 0) /* executed, or killed: which of the two, the wait will tell */
            return wait_for_start ? error_set(err, -EPIPE,
                                              "the container's first process was killed before it was ready")
                                  : 0;
        switch (m.kind) {
        case SYNC_CONSOLE:
            s->console_fd = fd;
            r = console_take(s->opt->console_socket, fd, err);
            if (r < 0)
                return r;
            break;
        case SYNC_HOOKS:
            r = hook_point_runtime(s, err);
            if (r < 0)
                return r;
            (void) send(s->parent_sync, "h", 1, MSG_NOSIGNAL); /* a child that has died is noticed above */
            break;
        case SYNC_READY: return 0;
        case SYNC_EXEC_FAILED: *ret_exec_failed = true; __attribute__((fallthrough));
        default:
            if (err)
                *err = m.error;
            return m.error.code < 0 ? m.error.code : -EIO;
        }
    }
}

static int make_process(struct start *s, bool wait_for_start, bool *ret_exec_failed, struct error *err)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        return error_errno(err, -errno, "cannot make a socket pair");
    s->parent_sync = pair[0];
    s->child_sync = s->plan.parent_fd = pair[1];
    int r = clone_child(s, err);
    close(s->child_sync); /* really: the end of the child is seen by the last close of it */
    s->child_sync = -1;
    close_agents(s);
    if (r >= 0)
        r = !s->cg ? 0 : cgroup_settle(s->cg, s->pid, s->cgroup_late, err);
    if (r >= 0)
        r = map_ids(s, err);
    if (r >= 0)
        r = set_oom_score(s, err);
    if (r >= 0)
        r = start_record_process(s, err);
    if (r >= 0)
        r = rdt_join(&s->spec->linux_.intel_rdt, s->opt->id, s->pid, err);
    if (r >= 0)
        r = net_devices_move(&s->spec->linux_, s->proc_fd, s->pid, err);
    if (r >= 0 && s->opt->network != NULL)
        r = s->opt->network(s->opt->network_arg, s->proc_fd, s->pid, err);
    if (r >= 0 && send(s->parent_sync, s->ignored ? GO_AND_RESET_SIGNALS : GO, 1, MSG_NOSIGNAL) < 0)
        r = -errno; /* the child has failed already: its message says why */
    if (r >= 0 || r == -EPIPE || r == -ECONNRESET)
        r = follow_child(s, wait_for_start, ret_exec_failed, err);
    if (r >= 0)
        r = pidfd_give(s->opt->pidfd_socket, s->spec, s->pidfd, err);
    return r < 0 ? r : start_write_pid_file(s, err);
}

void start_undo(struct start *s)
{
    if (s->pid > 0) {
        sys_pidfd_send_signal(s->pidfd, SIGKILL, NULL, 0);
        while (waitpid(s->pid, NULL, 0) < 0 && errno == EINTR)
            ;
        end_leftovers(s);
    }
    struct error err = { 0 };
    if (s->dirfd >= 0 && s->spec->linux_.intel_rdt.set && rdt_forget(s->dirfd, s->opt->id, &err) < 0)
        log_warn("container %s: %s", s->opt->id, err.msg);
    if (s->dirfd >= 0 && container_remove_traces(s->rt, s->opt->id, s->dirfd,
                                                 s->cgroup_made ? s->cgroup_path : NULL, &err) < 0)
        log_warn("of container %s, which could not be started, something is left: %s", s->opt->id, err.msg);
    if (s->hooks_begun)
        hook_point_poststop(s);
}

void start_release(struct start *s)
{
    int *const fds[] = { &s->dirfd,      &s->bundle_fd,    &s->proc_fd,       &s->parent_sync,
                         &s->child_sync, &s->start_fifo,   &s->result_fifo,   &s->console_fd,
                         &s->pidfd,      &s->plan.init_fd, &s->hook_files[0], &s->hook_files[1] };
    for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
        cleanup_close(fds[i]);
        *fds[i] = -1;
    }
    namespaces_close(&s->ns);
    mounts_free(s->mounts);
    cgroup_free(s->cg);
    seccomp_filter_free(&s->filter);
    close_agents(s);
    notify_close(&s->notify);
    free(s->cgroup_path);
    free(s->hook_bundle);
    s->mounts = NULL;
    s->cg = NULL;
    s->cgroup_path = s->hook_bundle = NULL;
}

void start_init(struct start *s, struct runtime *rt, const struct oci_spec *spec,
                const struct container_options *opt)
{
    *s = (struct start) {
        .rt = rt, .spec = spec, .opt = opt, .dirfd = -1, .bundle_fd = -1, .proc_fd = -1, .parent_sync = -1, .child_sync = -1,
        .start_fifo = -1, .result_fifo = -1, .console_fd = -1, .pidfd = -1, .old_mask = s->old_mask,
        .tree = {-1, -1, -1, -1}, .hook_files = {-1, -1}, .notify = NOTIFY_NONE, .agent = SECCOMP_AGENT_NONE,
        .plan = {
            .spec = spec, .process = &spec->process, .proc_fd = -1, .init_fd = -1, .parent_fd = -1, .report_fd = -1,
            .preserve_fds = opt->preserve_fds,
            .make_cwd = true,
            .die_with_parent = opt->die_with_parent, .report_rlimits = opt->warn_only_rlimits, .no_new_keyring = opt->no_new_keyring,
            .keep_groups = annotation_keep_groups(spec),
        },
    };
    memset(s->ns.join, 0xff, sizeof(s->ns.join)); /* all -1 */
}

/* The socket itself is made by who listens: run here, a container that is created by its start. */
static int prepare_notify(struct start *s, bool wait_for_start, struct error *err)
{
    _cleanup_close_ int fd = notify_make(s->dirfd, err);
    const char *label = s->spec->linux_.mount_label;
    int r = fd < 0 ? fd : mounts_add(s->mounts, fd, NOTIFY_DIRECTORY, err);
    if (r >= 0 && !str_empty(label)) /* what is made in it gets the same */
        r = lsm_label_directory(fd, label, err);
    return r < 0 || wait_for_start ? r : notify_listen(&s->notify, s->dirfd, err);
}

int start_container(struct runtime *rt, const struct oci_spec *spec, const struct container_options *opt,
                    bool wait_for_start, struct start *s, bool *ret_exec_failed, struct error *err)
{
    *ret_exec_failed = false;
    start_init(s, rt, spec, opt);
    int r = container_id_check(opt->id, err);
    if (r >= 0)
        r = pid_file_check(opt->pid_file, err);
    if (r >= 0)
        r = check_all(s, err);
    if (r >= 0)
        r = gather(s, err);
    if (r >= 0)
        r = hook_points_prepare(s, err);
    if (r >= 0)
        r = start_record_begin(s, wait_for_start, err);
    if (r >= 0 && opt->notify_socket)
        r = prepare_notify(s, wait_for_start, err);
    if (r >= 0)
        r = make_process(s, wait_for_start, ret_exec_failed, err);
    if (r < 0) {
        start_undo(s);
        start_release(s);
    }
    return r;
}

int container_create(struct runtime *rt, const struct oci_spec *spec, const struct container_options *opt,
                     struct error *err)
{
    struct start s;
    bool exec_failed;
    if (spec->process.terminal && !opt->console_socket)
        return error_set(
            err, -EINVAL,
            "process.terminal: create needs --console-socket: nobody else would hold the terminal");
    if (sigprocmask(SIG_SETMASK, NULL, &s.old_mask) < 0)
        return error_errno(err, -errno, "signals");
    int r = start_container(rt, spec, opt, true, &s, &exec_failed, err);
    if (r >= 0)
        start_release(&s);
    return r;
}
