// SPDX-License-Identifier: Apache-2.0
/*
 * How: of a container that runs, /proc/PID/root of the process that has its number and start time; nothing is entered, so what is there can
 * neither be executed nor loaded by us. Of one that does not run, a helper process gets the container's user namespace and a mount namespace
 * of its own, builds the root in it from the specification, less what a start makes anew (tmpfs, /dev, the kernel's file systems), sends
 * a descriptor of it, and keeps the mounts until we let go.
 *
 * Threat: everything in the files. Here nothing of them is read.
 */
#include "engine/files.h"

#include <errno.h>
#include <grp.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "confine/mounts.h"
#include "confine/namespaces.h"
#include "engine/engine_internal.h"
#include "sys/fd_pass.h"
#include "sys/file.h"
#include "sys/proc.h"

#define LOCK_WAIT_MS 1000

void engine_files_close(struct engine_files *f)
{
    if (f->hold >= 0)
        close(f->hold);
    if (f->holder > 0)
        while (waitpid(f->holder, NULL, 0) < 0 && errno == EINTR) {}
    if (f->root >= 0)
        close(f->root);
    if (f->userns > 0)
        close(f->userns);
    if (f->lock >= 0)
        close(f->lock);
    *f = (struct engine_files) ENGINE_FILES_NONE;
}

/* --- one that runs --- */

static int open_running(const struct engine_container *c, bool own_ids, struct engine_files *f,
                        struct error *err)
{
    static const char *const user[] = { "user" };
    _cleanup_close_ int proc = proc_open(err);
    int r = proc < 0 ? proc : proc_open_root(proc, c->pid, c->start_time, err);
    if (r < 0)
        return r;
    f->root = r;
    f->runs = true;
    return own_ids ? proc_open_namespaces(proc, c->pid, c->start_time, user, 1, &f->userns, err) : 0;
}

/* --- one that does not --- */

/* What is on the disk. The rest of the specification's mounts is made anew at each start, or another container's. */
static bool is_kept(const struct oci_mount *m)
{
    static const char *const systems[] = { "/proc", "/sys", "/dev" };
    bool bind = m->type != NULL && str_eq(m->type, "bind");
    if (str_eq(m->destination, "/dev"))
        return true; /* else its nodes would be made in the root */
    for (size_t i = 0; i < m->options.n; i++)
        bind = bind || str_eq(m->options.v[i], "bind") || str_eq(m->options.v[i], "rbind");
    for (size_t i = 0; i < ARRAY_LEN(systems); i++) {
        const char *rest = str_after(m->destination, systems[i]);
        if (rest != NULL && (*rest == '\0' || *rest == '/'))
            return false;
    }
    return bind && m->source != NULL && str_after(m->source, "/proc/") == NULL;
}

static struct oci_spec files_of(const struct oci_spec *spec)
{
    struct oci_spec s = *spec;
    s.mounts = arena_array(spec->arena, MAX_OF(spec->n_mounts, 1), sizeof(*s.mounts));
    s.n_mounts = 0;
    for (size_t i = 0; i < spec->n_mounts; i++)
        if (i == 0 || is_kept(&spec->mounts[i]))
            s.mounts[s.n_mounts++] = spec->mounts[i];
    s.linux_.masked_paths = s.linux_.readonly_paths = (struct oci_strings){ 0 };
    s.linux_.devices = NULL;
    s.linux_.n_devices = 0;
    return s;
}

/* What the helper says: how it went, with the descriptor when it went well. */
struct files_word {
    int result;
    struct error error;
};

static int build(struct mounts *m, int userns, int *ret_root, struct error *err)
{
    struct mounts_result made;
    if (userns > 0 && setns(userns, CLONE_NEWUSER) < 0)
        return error_errno(err, -errno, "cannot enter the container's user namespace");
    if (userns > 0 &&
        ((setgroups(0, NULL) < 0 && errno != EPERM) || setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0))
        return error_errno(err, -errno, "cannot become root of the container's user namespace");
    if (unshare(CLONE_NEWNS) < 0)
        return error_errno(err, -errno, "cannot make a mount namespace");
    int r = mounts_apply(m, NULL, false, &made, err);
    if (r == 0)
        r = mounts_seal(m, made.root_fd, err);
    if (r == 0)
        *ret_root = made.root_fd;
    return r;
}

static _noreturn_ void holder(struct mounts *m, int userns, int talk)
{
    struct files_word w = { 0 };
    int root = -1;
    char byte;
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    w.result = build(m, userns, &root, &w.error);
    (void) !fd_send(talk, &w, sizeof(w), w.result < 0 ? -1 : root);
    while (w.result == 0 && read(talk, &byte, 1) < 0 && errno == EINTR) {}
    _exit(0);
}

static int hear(int from, int *ret_root, struct error *err)
{
    struct files_word w = { 0 };
    ssize_t n = fd_receive(from, &w, sizeof(w), ret_root);
    if (n != (ssize_t) sizeof(w))
        return error_set(err, -EIO, "the process that mounts the container's files was killed");
    if (w.result < 0)
        return error_set(err, w.result, "%s", w.error.msg);
    if (*ret_root < 0)
        return error_set(err, -EIO, "the container's files could not be handed over");
    return 0;
}

static int start_holder(struct mounts *m, struct engine_files *f, struct error *err)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        return error_errno(err, -errno, "cannot make a socket pair");
    pid_t pid = fork();
    if (pid == 0) {
        close(pair[0]);
        holder(m, f->userns, pair[1]);
    }
    close(pair[1]);
    f->hold = pair[0];
    if (pid < 0)
        return error_errno(err, -errno, "cannot make a process");
    f->holder = pid;
    return hear(pair[0], &f->root, err);
}

static int open_stopped(const struct oci_spec *spec, struct engine_files *f, struct error *err)
{
    const struct oci_linux *l = &spec->linux_;
    const struct oci_spec files = files_of(spec);
    struct mounts *m = NULL;
    int r = 0;
    if (l->namespaces[OCI_NS_USER].set) {
        r = namespace_user_with_maps(&l->uid_mappings, &l->gid_mappings, err);
        if (r < 0)
            return r;
        f->userns = r;
    }
    r = mounts_prepare(&files, f->lock, NULL, 0, &m, err);
    if (r == 0 && mounts_need_idmap(m))
        r = mounts_idmap(m, f->userns > 0 ? f->userns : -1, err);
    if (r == 0)
        r = start_holder(m, f, err);
    mounts_free(m);
    return r;
}

static int open_one(struct engine *e, const struct engine_container *c, struct engine_files *f,
                    struct error *err)
{
    _cleanup_oci_spec_ struct oci_spec *spec = NULL;
    int r = engine_spec(e, c->record->id, &spec, err);
    if (r < 0)
        return r;
    bool runs = c->pid > 0 && (c->status == ENGINE_RUNNING || c->status == ENGINE_PAUSED);
    return runs ? open_running(c, spec->linux_.namespaces[OCI_NS_USER].set, f, err)
                : open_stopped(spec, f, err);
}

/* Its lock first, unless it runs: that one is looked at once more when the lock is not to be had. */
static int look(struct engine *e, const char *name_or_id, struct engine_container *c, struct engine_files *f,
                struct error *err)
{
    int r = engine_get(e, name_or_id, c, err);
    if (r < 0 || c->pid > 0)
        return r;
    if (c->status == ENGINE_DAMAGED)
        return error_set(err, -EINVAL, "container %s is damaged: %s", name_or_id, c->record->error);
    f->lock = engine_open_container(e, c->record->id, LOCK_WAIT_MS, err);
    if (f->lock < 0 && f->lock != -EBUSY)
        return f->lock;
    engine_container_clear(c);
    r = engine_get(e, name_or_id, c, err);
    if (r == 0 && f->lock < 0 && c->pid <= 0)
        return -EBUSY;
    error_clear(err);
    return r;
}

int engine_files_open(struct engine *e, const char *name_or_id, struct engine_files *ret, struct error *err)
{
    struct engine_files f = ENGINE_FILES_NONE;
    struct engine_container c = { 0 };
    int r = look(e, name_or_id, &c, &f, err);
    if (r == 0 && str_format(f.name, sizeof(f.name), "%s", c.record->name) < 0)
        r = -ENAMETOOLONG;
    if (r == 0)
        r = open_one(e, &c, &f, err);
    engine_container_clear(&c);
    if (r < 0) {
        engine_files_close(&f);
        return r;
    }
    *ret = f;
    return 0;
}
