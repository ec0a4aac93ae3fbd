// SPDX-License-Identifier: Apache-2.0
/*
 * engine/joins.c: --network, --pid, --ipc and --uts container:X.
 *
 * A pid or ipc namespace belongs to the user namespace that it was made in, and its /proc or message queues can be mounted from
 * within that one only. So who joins one of the two joins that user namespace as well, with its id range; the two containers are
 * one to the host's file permissions then, and to each other. The range is shared in confine/idmap.h, so that it is nobody else's
 * until the last of them is removed. A network or uts namespace is joined without that: the ids stay apart.
 *
 * Threats. A process number that belongs to somebody else by now: the files in /proc/PID/ns are opened once, under a pidfd that was
 * compared with the start time, and go to the runtime as descriptors; no path is looked up again. A user namespace that the
 * container has made itself, to be master of who joins: the one taken is that which the kernel says owns the namespace, it must be
 * a child of our own, and the runtime compares its maps with the range. Ids that were given back in between: sharing the range
 * fails if X does not hold it any more. A namespace of the host through a container that has it: refused, the host's is asked for
 * by its name. A link or a device in the place of X's /dev/shm: no link is followed, and it must be a tmpfs (sys/mnt.h).
 */
#include <errno.h>

#include "confine/namespaces.h"
#include "engine/engine_internal.h"
#include "sys/mnt.h"
#include "sys/proc.h"

struct join {
    const char *flag, *mode;
    enum oci_namespace_kind kind;
    bool with_user;
    const char **path;
};

static int check_running(const struct join *j, const char *name, const struct engine_container *c,
                         struct error *err)
{
    if (c->status == ENGINE_DAMAGED)
        return error_set(err, -EINVAL, "--%s: container %s is damaged (%s), so nothing of it can be shared",
                         j->flag, name, c->record->error);
    if ((c->status != ENGINE_RUNNING && c->status != ENGINE_PAUSED) || c->pid <= 0)
        return error_set(err, -ESRCH, "--%s: container %s is not running, so it has nothing to share",
                         j->flag, name);
    return 0;
}

/* Both in a user namespace, which will be one, or both in the host's. theirs: X is in one. */
static int check_users(const struct launch *l, const struct join *j, const char *name, bool theirs,
                       struct error *err)
{
    bool ours = options_userns(l->opt);
    if (theirs && !ours)
        return error_set(
            err, -EINVAL,
            "--%s: container %s has a user namespace of its own, and who joins it is in that one; this cannot be together with %s",
            j->flag, name,
            l->opt->userns != NULL  ? "--userns host"
            : l->opt->compat_docker ? "--compat docker (say --userns private)"
                                    : "--privileged (say --userns private)");
    if (!theirs && ours)
        return error_set(
            err, -EINVAL,
            "--%s: container %s is in the host's user namespace, so who joins it must be too; if that is meant, add --userns host",
            j->flag, name);
    return 0;
}

static int join_user(struct launch *l, const struct join *j, const char *name,
                     const struct engine_container *c, struct error *err)
{
    _cleanup_close_ int user = namespace_owner(l->namespaces[j->kind], err);
    if (user < 0)
        return error_context(err, user, "--%s: the %s namespace of container %s", j->flag,
                             oci_namespace_name(j->kind), name);
    bool theirs = !namespace_is_callers(user, OCI_NS_USER);
    int r = check_users(l, j, name, theirs, err);
    if (r < 0 || !theirs)
        return r;
    /* All containers of an ordinary user have the same ids. */
    if (c->record->range_first == 0 && l->rootless_ids == 0)
        return error_set(err, -EPERM,
                         "--%s: the %s namespace of container %s belongs to a user namespace that is not one "
                         "that oakum has made",
                         j->flag, oci_namespace_name(j->kind), name);
    if (l->ids_of != NULL)
        return namespace_same(user, l->namespaces[OCI_NS_USER])
                   ? 0
                   : error_set(
                         err, -EINVAL,
                         "--%s: container %s has another user namespace than container %.12s, which is joined too",
                         j->flag, name, l->ids_of);
    l->namespaces[OCI_NS_USER] = TAKE_FD(user);
    l->range_first = c->record->range_first;
    l->ids_of = arena_strdup(l->a, c->record->id);
    l->joins.user = arena_printf(l->a, "/proc/%d/ns/user", (int) c->pid);
    l->joins.user_source = arena_printf(l->a, "--%s %s", j->flag, j->mode);
    oci_pairs_set(l->a, &l->joined, "userns", l->ids_of);
    return 0;
}

/* Docker's rule: who shares the memory segments shares the files in memory as well, unless a mount of his own stands there. */
static int join_shm(struct launch *l, const struct join *j, const char *name,
                    const struct engine_container *c, struct error *err)
{
    static const char *const mnt = "mnt";
    for (size_t i = 0; i < l->opt->n_mounts; i++) {
        if (str_eq(l->opt->mounts[i].target, "/dev/shm"))
            return 0;
    }
    _cleanup_close_ int proc = proc_open(err);
    _cleanup_close_ int ns = -1;
    int r = proc < 0 ? proc : proc_open_namespaces(proc, c->pid, c->start_time, &mnt, 1, &ns, err);
    if (r == 0)
        r = l->given[LAUNCH_SHM].fd = mnt_clone_tmpfs_of(ns, "/dev/shm", err);
    if (r < 0)
        return error_context(err, r, "--%s: container %s", j->flag, name);
    l->given[LAUNCH_SHM].destination = "/dev/shm";
    l->joins.shm = arena_printf(l->a, "/proc/%d/root/dev/shm", (int) c->pid);
    return 0;
}

static int open_joined(struct launch *l, const struct join *j, const char *name,
                       const struct engine_container *c, struct error *err)
{
    const char *file = namespace_file(j->kind);
    int *fd = &l->namespaces[j->kind];
    _cleanup_close_ int proc = proc_open(err);
    if (proc < 0)
        return proc;
    int r = proc_open_namespaces(proc, c->pid, c->start_time, &file, 1, fd, err);
    if (r < 0)
        return error_context(err, r, "--%s: container %s", j->flag, name);
    if (namespace_is_callers(*fd, j->kind))
        return error_set(err, -EINVAL,
                         "--%s: container %s shares the host's %s namespace; if that is meant, say --%s host",
                         j->flag, name, oci_namespace_name(j->kind), j->flag);
    *j->path = arena_printf(l->a, "/proc/%d/ns/%s", (int) c->pid, file);
    oci_pairs_set(l->a, &l->joined, j->flag, c->record->id);
    return 0;
}

/* One "container:X". */
static int resolve_join(struct launch *l, const struct join *j, struct error *err)
{
    const char *name = j->mode != NULL ? str_after(j->mode, "container:") : NULL;
    struct engine_container c;
    if (name == NULL)
        return 0;
    int r = engine_get(l->e, name, &c, err);
    if (r < 0)
        return error_context(err, r, "--%s", j->flag);
    r = check_running(j, name, &c, err);
    if (r == 0)
        r = open_joined(l, j, name, &c, err);
    if (r == 0 && j->with_user)
        r = join_user(l, j, name, &c, err);
    if (r == 0 && j->kind == OCI_NS_IPC)
        r = join_shm(l, j, name, &c, err);
    engine_container_clear(&c);
    return r;
}

int launch_resolve_joins(struct launch *l, struct error *err)
{
    const struct run_options *o = l->opt;
    const struct join table[] = {
        { "network", o->network, OCI_NS_NETWORK, false, &l->joins.network },
        { "uts", o->uts, OCI_NS_UTS, false, &l->joins.uts },
        { "pid", o->pid, OCI_NS_PID, true, &l->joins.pid },
        { "ipc", o->ipc, OCI_NS_IPC, true, &l->joins.ipc },
    };
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        int r = resolve_join(l, &table[i], err);
        if (r < 0)
            return r;
    }
    return 0;
}

void launch_close_joins(struct launch *l)
{
    for (int kind = 0; kind < OCI_NS_KINDS; kind++) {
        if (l->namespaces[kind] >= 0)
            close(l->namespaces[kind]);
        l->namespaces[kind] = -1;
    }
    for (size_t i = 0; i < LAUNCH_GIVEN; i++) {
        if (l->given[i].fd >= 0)
            close(l->given[i].fd);
        l->given[i].fd = -1;
    }
}
