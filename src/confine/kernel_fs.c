// SPDX-License-Identifier: Apache-2.0
/*
 * How it works: the kernel lets a new instance of proc, sysfs or mqueue be mounted by who has rights in the user namespace that
 * owns the pid, network or ipc namespace it shows. Where a container shares such a namespace with the host and was made by an
 * ordinary user, the answer is EPERM, and the host's own mount is shown instead, as the other runtimes do.
 *
 * Threat: showing more than was asked for. The host's mount shows the host's namespace; so it stands in only where the container
 * has no new namespace of that kind, sysfs always read-only with all that is mounted below it.
 */
#include <errno.h>

#include "confine/lsm.h"
#include "confine/mounts_internal.h"
#include "confine/namespaces.h"
#include "confine/rootless.h"
#include "sys/mnt.h"

static const struct stand_in {
    const char *type, *path;
    enum oci_namespace_kind ns;
    uint64_t attr;
} stand_ins[] = {
    { "proc", "/proc", OCI_NS_PID, 0 },
    { "sysfs", "/sys", OCI_NS_NETWORK, MOUNT_ATTR_RDONLY },
    { "mqueue", "/dev/mqueue", OCI_NS_IPC, 0 },
};

/* The group of terminals has no number in a user namespace of few ids: then they belong to the user's own. */
static const char *const *devpts_options(const struct mounts *m, const char *const *from)
{
    size_t n = 0;
    while (from[n])
        n++;
    const char **list = arena_array(m->arena, n + 1, sizeof(*list));
    n = 0;
    for (; *from; from++)
        if (!str_after(*from, "gid="))
            list[n++] = *from;
    return list;
}

/* As crun and runc label them: proc and sysfs have labels of their own, mqueue takes no option for it. */
static bool is_labelled(const struct mount_entry *e)
{
    static const char *const not [] = { "proc", "sysfs", "mqueue" };
    for (size_t i = 0; i < ARRAY_LEN(not ); i++)
        if (str_eq(e->m->type, not [i]))
            return false;
    return true;
}

static const char *const *with_label(const struct mounts *m, const char *const *from)
{
    size_t n = 0;
    while (from && from[n])
        n++;
    const char **list = arena_array(m->arena, n + 2, sizeof(*list));
    for (size_t i = 0; i < n; i++)
        list[i] = from[i];
    list[n] = m->label;
    return list;
}

static int new_instance(const struct mounts *m, const struct mount_entry *e, const char *const *options,
                        uint64_t less, uint64_t more, struct error *err)
{
    /* Programs read it from mountinfo (df, findmnt), also where it only repeats the type. */
    const char *source = str_empty(e->m->source) ? NULL : e->m->source;
    if (m->label && is_labelled(e))
        options = with_label(m, options);
    _cleanup_close_ int fd = mnt_new(e->m->type, source, options,
                                     (unsigned) (((e->opt.set | e->opt.rec_set) & ~less) | more), err);
    int r = fd >= 0 && m->label && str_eq(e->m->type, "mqueue")
                ? lsm_label_directory(fd, m->spec->linux_.mount_label, err)
                : 0;
    return r < 0 ? r : TAKE_FD(fd);
}

static int stand_in(const struct mounts *m, const struct mount_entry *e, uint64_t more, struct error *err)
{
    for (size_t i = 0; i < ARRAY_LEN(stand_ins); i++) {
        const struct stand_in *s = &stand_ins[i];
        const struct oci_namespace *ns = &m->spec->linux_.namespaces[s->ns];
        if (!str_eq(e->m->type, s->type) || (ns->set && !ns->path))
            continue;
        /* A joined namespace may be another than the host's: of that one nothing but sysfs, which is read-only, may be shown. */
        if (ns->path && s->ns != OCI_NS_NETWORK)
            continue;
        error_clear(err);
        return mnt_clone_attr(AT_FDCWD, s->path, true, e->opt.set | e->opt.rec_set | more | s->attr, 0,
                              MS_PRIVATE, err);
    }
    return -EPERM;
}

int kernel_fs_new(const struct mounts *m, const struct mount_entry *e, uint64_t less, uint64_t more,
                  struct error *err)
{
    int fd = new_instance(m, e, e->opt.data, less, more, err);
    if (fd == -EPERM && rootless_lenient())
        return stand_in(m, e, more, err);
    if (fd == -EINVAL && str_eq(e->m->type, "devpts") && e->opt.data &&
        (m->has_userns || rootless_lenient())) {
        error_clear(err);
        return new_instance(m, e, devpts_options(m, e->opt.data), less, more, err);
    }
    return fd;
}
