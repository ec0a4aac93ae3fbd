// SPDX-License-Identifier: Apache-2.0
/*
 * How it works: a straight line of steps, each of which takes something away. The order is forced: rlimits before
 * capabilities (raising needs one), the bounding set before the ids (needs CAP_SETPCAP), ids with kept capabilities before
 * capset (which needs to know what remains), Landlock and seccomp behind no_new_privs, seccomp last, so that a profile only
 * has to allow what the program itself needs. Without no_new_privs the filter is loaded while CAP_SYS_ADMIN is still there,
 * because the kernel asks for one of the two.
 *
 * Threats: a working directory or a program outside the root through a leaked descriptor (CVE-2024-21626): the kernel is asked
 * where we are, and every descriptor of ours that a path could walk through is closed, not just marked, before the exec: while
 * "/proc/self/fd/7/../../bin/sh" is looked up, O_CLOEXEC has not acted yet. A process that becomes traceable by the change of its
 * ids (fs.suid_dumpable): made undumpable again. Supplementary groups of the caller that stay (CVE-2022-2995): always set, also
 * to none, unless the document asks for them (run.oci.keep_original_groups). A parent that dies between fork and PR_SET_PDEATHSIG: the socket it holds tells.
 */
#include "runtime/process.h"

#include <errno.h>
#include <limits.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "confine/keyring.h"
#include "confine/landlock.h"
#include "confine/lsm.h"
#include "confine/memory_policy.h"
#include "confine/personality.h"
#include "confine/rlimits.h"
#include "confine/rootless.h"
#include "confine/scheduler.h"
#include "runtime/environment.h"
#include "sys/file.h"
#include "sys/root.h"

#define NO_ID UINT32_MAX

int process_plan_check(struct process_plan *plan, struct error *err)
{
    const struct oci_process *p = plan->process;
    if (!p->set || p->args.n == 0)
        return error_set(err, -EINVAL, "process.args: there is nothing to run");
    if (p->user.uid == NO_ID || p->user.gid == NO_ID)
        return error_set(err, -EINVAL, "process.user: the id 4294967295 means \"no id\" to the kernel");
    int r = capability_sets_from_spec(&p->capabilities, &plan->caps, err);
    if (r >= 0 && !plan->spec->linux_.namespaces[OCI_NS_USER].set)
        capability_sets_limit(&plan->caps);
    return r;
}

/* As docker and runc do for a directory that the image lacks: root's, 0755, made inside the root whatever links say. */
static int make_directory(const char *cwd, struct error *err)
{
    struct error inner = { 0 };
    _cleanup_close_ int root = dir_open(AT_FDCWD, "/", err);
    if (root < 0)
        return root;
    mode_t mask = umask(0022);
    _cleanup_close_ int fd = root_mkdir_all(root, cwd, 0755, &inner);
    umask(mask);
    if (fd < 0)
        return error_set(err, fd, "process.cwd: %s is not there: %s", cwd, inner.msg);
    return fchdir(fd) < 0 ? error_errno(err, -errno, "process.cwd: cannot enter %s", cwd) : 0;
}

/* Never through a link of procfs: those lead to what we hold open, wherever that is (CVE-2024-21626). */
static int change_directory(const char *cwd)
{
    _cleanup_close_ int fd = sys_openat2(AT_FDCWD, cwd, O_PATH | O_DIRECTORY | O_CLOEXEC, 0,
                                         RESOLVE_NO_MAGICLINKS);
    return fd < 0 || fchdir(fd) < 0 ? -errno : 0;
}

static int check_inside(const char *cwd, struct error *err)
{
    char where[PATH_MAX];
    /* The kernel writes "(unreachable)/…" for a directory outside our root. */
    if (syscall(SYS_getcwd, where, sizeof(where)) < 0 || where[0] != '/')
        return error_set(err, -EPERM, "process.cwd: %s leads out of the container", cwd);
    return 0;
}

/*
 * A directory that only its owner may enter, whatever the capabilities (FUSE, NFS that squashes root, an owner without an id in the user
 * namespace), is tried again when the ids are the user's.
 */
static int enter_directory(struct process_plan *plan, struct error *err)
{
    const char *cwd = plan->process->cwd;
    if (str_eq(cwd, "/")) /* where we are: mounts_enter_root(), or setns() into the mount namespace */
        return 0;
    int r = change_directory(cwd);
    plan->cwd_later = r == -EACCES;
    if (plan->cwd_later)
        return 0;
    if (r == -ENOENT && plan->make_cwd)
        r = make_directory(cwd, err);
    else if (r < 0)
        r = error_errno(err, r, "process.cwd: cannot enter %s", cwd);
    return r < 0 ? r : check_inside(cwd, err);
}

static int enter_directory_later(const struct process_plan *plan, struct error *err)
{
    const char *cwd = plan->process->cwd;
    if (!plan->cwd_later)
        return 0;
    int r = change_directory(cwd);
    if (r < 0)
        return error_errno(err, r, "process.cwd: cannot enter %s", cwd);
    return check_inside(cwd, err);
}

int process_prepare(struct process_plan *plan, struct error *err)
{
    const struct oci_process *p = plan->process;
    int r = rlimits_apply(p, plan->report_rlimits, err);
    if (r >= 0)
        r = scheduler_apply(p, err);
    if (r >= 0)
        r = memory_policy_apply(&plan->spec->linux_, err);
    if (r >= 0)
        r = personality_apply(&plan->spec->linux_, err);
    if (r >= 0 && !plan->no_new_keyring)
        r = lsm_label_keys(p, plan->proc_fd, err);
    if (r >= 0 && !plan->no_new_keyring)
        r = keyring_new_session(err);
    if (r >= 0)
        r = enter_directory(plan, err);
    if (r >= 0 && plan->filter && plan->filter->has_notify)
        r = seccomp_agent_prepare(plan->agent, err);
    if (r >= 0)
        umask(p->user.umask.set ? p->user.umask.v : 0022);
    if (r >= 0)
        plan->envp = environment_make(p);
    return r;
}

static int load_filter(const struct process_plan *plan, struct error *err)
{
    if (!plan->filter)
        return 0;
    if (plan->filter->has_notify)
        return seccomp_agent_load(plan->agent, plan->filter, err);
    int r = seccomp_filter_load(plan->filter, err);
    return r < 0 ? error_context(err, r, "linux.seccomp") : 0;
}

static int change_ids(const struct process_plan *plan, struct error *err)
{
    const struct oci_user *user = &plan->process->user;
    if (plan->is_bare_root && user->uid == 0 && user->gid == 0 && user->n_additional_gids == 0)
        return 0;
    /* Raw calls: libc's would look for other threads to change as well. */
    if (!plan->keep_groups && syscall(SYS_setgroups, user->n_additional_gids, user->additional_gids) < 0 &&
        !(errno == EPERM && user->n_additional_gids == 0 && rootless_groups_denied()))
        return error_errno(err, -errno, "process.user.additionalGids: cannot be set");
    if (syscall(SYS_setresgid, user->gid, user->gid, user->gid) < 0)
        return error_errno(err, -errno, "process.user.gid: %u cannot be taken (is it in linux.gidMappings?)",
                           user->gid);
    if (syscall(SYS_setresuid, user->uid, user->uid, user->uid) < 0)
        return error_errno(err, -errno, "process.user.uid: %u cannot be taken (is it in linux.uidMappings?)",
                           user->uid);
    return 0;
}

/*
 * A container that was given no capability gets securebits that keep uid 0 from bringing any back, now and after every exec; they
 * also let the capabilities survive the change of ids, until capset takes them all. With capabilities asked for, uid 0 keeps its
 * usual meaning: docker's `--cap-add` for root relies on it.
 */
#define SEALED_SECUREBITS                                                                            \
    (SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP | SECBIT_NO_SETUID_FIXUP_LOCKED | \
     SECBIT_KEEP_CAPS_LOCKED | SECBIT_NO_CAP_AMBIENT_RAISE | SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED)

static int drop_privileges(const struct process_plan *plan, struct error *err)
{
    const struct capability_sets *c = &plan->caps;
    bool sealed = (c->bounding | c->permitted | c->effective | c->inheritable | c->ambient) == 0;
    int r = capability_drop_bounding(&plan->caps, err);
    if (r >= 0 &&
        prctl(sealed ? PR_SET_SECUREBITS : PR_SET_KEEPCAPS, sealed ? SEALED_SECUREBITS : 1, 0, 0, 0) < 0)
        r = error_errno(err, -errno, "cannot set the securebits");
    if (r >= 0)
        r = change_ids(plan, err);
    if (r >= 0 && !sealed && prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0) < 0)
        r = error_errno(err, -errno, "cannot clear keepcaps");
    if (r >= 0)
        r = capability_apply(&plan->caps, err);
    /* Both may have made the process dumpable (fs.suid_dumpable 1), with the container's ids and our memory. */
    if (r >= 0 && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
        r = error_errno(err, -errno, "cannot make the process undumpable");
    return r;
}

/* Ids have changed for the last time, so the death signal stays; the parent may have died before it was set. */
static int tie_to_parent(const struct process_plan *plan, struct error *err)
{
    if (!plan->die_with_parent)
        return 0;
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
        return error_errno(err, -errno, "cannot tie the container to its parent");
    struct pollfd p = { .fd = plan->parent_fd };
    return poll(&p, 1, 0) > 0 && (p.revents & POLLHUP) ? -EPIPE : 0;
}

static int agent_fd(const struct process_plan *plan)
{
    return plan->agent ? plan->agent->fd : -1;
}

/* What was declared was not O_CLOEXEC when we were executed; what is, among those numbers, we have opened ourselves. */
static void close_own_among_declared(const struct process_plan *plan)
{
    for (int fd = 3; fd < 3 + (int) plan->preserve_fds; fd++) {
        int flags = fcntl(fd, F_GETFD);
        if (flags >= 0 && (flags & FD_CLOEXEC) && fd != plan->report_fd && fd != plan->init_fd &&
            fd != agent_fd(plan))
            close(fd);
    }
}

static void sort(int *v, size_t n)
{
    for (size_t i = 1; i < n; i++)
        for (size_t k = i; k > 0 && v[k] < v[k - 1]; k--) {
            int lower = v[k];
            v[k] = v[k - 1];
            v[k - 1] = lower;
        }
}

/* All but 0, 1, 2, what was declared, and three that nothing can be reached through: two sockets or FIFOs, and oakum-init's file. */
static int close_others(const struct process_plan *plan, struct error *err)
{
    int kept[] = { plan->report_fd, plan->init_fd, agent_fd(plan) };
    unsigned from = 3 + plan->preserve_fds;
    int r = 0;
    sort(kept, ARRAY_LEN(kept));
    close_own_among_declared(plan);
    for (size_t i = 0; r == 0 && i < ARRAY_LEN(kept); i++) {
        if (kept[i] < (int) from)
            continue;
        if (kept[i] > (int) from)
            r = sys_close_range(from, (unsigned) kept[i] - 1, 0);
        from = (unsigned) kept[i] + 1;
    }
    if (r == 0)
        r = sys_close_range(from, UINT_MAX, 0);
    return r < 0 ? error_errno(err, -errno, "cannot close descriptors") : 0;
}

int process_seal(const struct process_plan *plan, struct error *err)
{
    const struct oci_process *p = plan->process;
    int r = lsm_apply(p, plan->proc_fd, err);
    if (r >= 0)
        r = close_others(plan, err);
    if (r >= 0 && p->no_new_privileges && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        r = error_errno(err, -errno, "cannot set no_new_privs");
    if (r >= 0 && !p->no_new_privileges)
        r = load_filter(plan, err);
    if (r >= 0)
        r = landlock_wanted(plan->spec) && p->no_new_privileges
                ? landlock_apply(plan->spec, plan->init_fd, err)
                : 0;
    if (r >= 0)
        r = drop_privileges(plan, err);
    if (r >= 0)
        r = enter_directory_later(plan, err);
    if (r >= 0)
        r = tie_to_parent(plan, err);
    if (r >= 0 && p->no_new_privileges)
        r = load_filter(plan, err);
    return r;
}

/* ---- exec ---- */

static const char *search_path(const struct oci_process *p)
{
    for (size_t i = p->env.n; i > 0; i--) { /* the last one counts: environment.c */
        const char *v = str_after(p->env.v[i - 1], "PATH=");
        if (v)
            return v;
    }
    return DEFAULT_PATH;
}

struct program {
    char **argv, **envp; /* NULL: only looked for */
};

/* Negative errno; 0 when it was looked for and found. */
static int try_program(const char *file, const struct program *p)
{
    struct stat st;
    if (p->argv) {
        execve(file, p->argv, p->envp);
        return -errno;
    }
    if (fstatat(AT_FDCWD, file, &st, 0) < 0)
        return -errno;
    return S_ISREG(st.st_mode) && faccessat(AT_FDCWD, file, X_OK, AT_EACCESS) == 0 ? 0 : -EACCES;
}

static int try_in_path(const char *name, const struct program *p, const char *path)
{
    int result = -ENOENT;
    while (*path) {
        char file[PATH_MAX];
        int n = (int) strcspn(path, ":");
        if (str_format(file, sizeof(file), "%.*s%s%s", n, path, n ? "/" : "./", name) > 0) {
            int r = try_program(file, p);
            if (r != -ENOENT && r != -ENOTDIR && r != -EACCES)
                return r;
            if (r == -EACCES)
                result = r;
        }
        path += n;
        path += *path == ':';
    }
    return result;
}

static int try_named(const struct oci_process *process, const struct program *p, struct error *err)
{
    const char *name = process->args.v[0];
    int code = strchr(name, '/') ? try_program(name, p)
               : str_empty(name) ? -ENOENT
                                 : try_in_path(name, p, search_path(process));
    if (code == -ENOENT)
        /* Engines look for these words, in lower case, to answer with 127 and 126 as a shell does. */
        return error_set(err, code,
                         "%s: executable file not found in the container: no such file or directory", name);
    if (code == -EACCES)
        return error_set(err, code, "%s: cannot be executed: permission denied", name);
    return code < 0 ? error_errno(err, code, "%s: cannot be executed", name) : 0;
}

#define CAPS_PAST_MODES (1ULL << CAP_DAC_OVERRIDE | 1ULL << CAP_DAC_READ_SEARCH)

int process_find(const struct process_plan *plan, struct error *err)
{
    const struct oci_user *user = &plan->process->user;
    const struct program look = { NULL, NULL };
    const char *name = plan->process->args.v[0];
    if (plan->cwd_later && name[0] != '/' && strchr(name, '/')) /* it is looked for there */
        return 0;
    bool as_user = user->uid != 0 && (plan->caps.effective & CAPS_PAST_MODES) == 0;
    if (as_user) { /* with the ids go, and come back, the capabilities that act on files */
        setfsgid(user->gid);
        setfsuid(user->uid);
    }
    int r = try_named(plan->process, &look, err);
    if (as_user) {
        setfsuid(0);
        setfsgid(0);
    }
    if (r == -EACCES && user->n_additional_gids > 0) { /* one of which may have the right */
        error_clear(err);
        return 0;
    }
    return r;
}

static int exec_init(const struct process_plan *plan, char *const envp[])
{
    const struct oci_strings *args = &plan->process->args;
    char **argv = xcalloc(args->n + 3, sizeof(*argv));
    argv[0] = (char *) "oakum-init";
    argv[1] = (char *) "--";
    for (size_t i = 0; i < args->n; i++)
        argv[i + 2] = (char *) args->v[i];
    sys_execveat(plan->init_fd, "", argv, envp, AT_EMPTY_PATH);
    int code = -errno;
    free(argv);
    return code;
}

static char **null_terminated(const struct oci_strings *l)
{
    char **v = xcalloc(l->n + 1, sizeof(*v));
    for (size_t i = 0; i < l->n; i++)
        v[i] = (char *) l->v[i];
    return v;
}

int process_exec(const struct process_plan *plan, struct error *err)
{
    const struct oci_process *p = plan->process;
    _cleanup_free_ char **argv = null_terminated(&p->args);
    if (plan->init_fd >= 0)
        return error_errno(err, exec_init(plan, plan->envp), "cannot execute oakum-init");
    const struct program run = { argv, plan->envp };
    return try_named(p, &run, err);
}

int process_exec_code(int code)
{
    return code == -ENOENT || code == -ENOTDIR ? 127 : 126;
}
