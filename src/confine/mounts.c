// SPDX-License-Identifier: Apache-2.0
/*
 * How it works: mounts_prepare() turns mounts[] into a list of entries, each with its parsed options and, where the host's
 * view is needed (bind sources, /dev), a detached mount that already carries its attributes. The child walks the list:
 * resolve the target inside the root, make the file system if it is one of its own namespaces, attach.
 *
 * Threats: a target that is a symbolic link out of the root (CVE-2021-30465 and its many sisters): targets are descriptors from
 * openat2(RESOLVE_IN_ROOT). A bind source that changes between check and use: it is opened once, its attributes are set while
 * nobody can reach it. A clone that shares propagation with the host: every clone is made private before it is attached, or
 * what the container mounts below it would appear on the host; only the words slave (from the host in) and shared (both ways)
 * leave it that, and shared not for a container in a user namespace, whose root has no business in the host's mount table.
 */
#include "confine/mounts_internal.h"

#include <errno.h>

#include "confine/namespaces.h"

#include "sys/file.h"
#include "sys/mnt.h"
#include "sys/root.h"

int mount_attrs(int fd, uint64_t set, uint64_t clear, uint64_t propagation, int userns_fd, bool recursive,
                struct error *err)
{
    struct mount_attr attr = { .attr_set = set, .attr_clr = clear, .propagation = propagation };
    if (userns_fd >= 0) {
        attr.attr_set |= MOUNT_ATTR_IDMAP;
        attr.userns_fd = (uint64_t) userns_fd;
    }
    if (attr.attr_set == 0 && attr.attr_clr == 0 && propagation == 0)
        return 0;
    if (sys_mount_setattr(fd, "", AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0), &attr, sizeof(attr)) == 0)
        return 0;
    int code = -errno;
    if (userns_fd >= 0 && code == -EINVAL)
        return error_set(
            err, code,
            "this file system cannot be id-mapped: use another one, or --userns host (without private ids)");
    return error_errno(err, code, "cannot set mount attributes");
}

/* The clone of a shared mount is a member of its peer group, which is what "shared" asks for: then nothing is to be set. */
static uint64_t first_propagation(const struct mount_options *opt)
{
    if (opt->propagation == MS_SHARED)
        return 0;
    return opt->propagation == MS_SLAVE ? MS_SLAVE : MS_PRIVATE;
}

int mount_clone(int dirfd, const char *path, const struct mount_options *opt, bool recursive,
                struct error *err)
{
    uint64_t set = opt->rec_set | (recursive ? 0 : opt->set),
             clear = opt->rec_clear | (recursive ? 0 : opt->clear);
    _cleanup_close_ int fd = mnt_clone_attr(dirfd, path, recursive, set, clear, first_propagation(opt), err);
    if (fd < 0)
        return fd;
    int r = recursive ? mount_attrs(fd, opt->set, opt->clear, 0, -1, false, err) : 0;
    return r < 0 ? error_context(err, r, "%s", path) : TAKE_FD(fd);
}

/* ---- parent: plan and prepare ---- */

static const char *normal_destination(const struct oci_mount *m)
{
    const char *d = m->destination;
    while (d[0] == '/' && d[1] == '/')
        d++;
    return d;
}

static bool destination_is(const struct oci_mount *m, const char *path)
{
    const char *rest = str_after(normal_destination(m), path);
    return rest && (rest[0] == '\0' || str_eq(rest, "/"));
}

static enum mount_kind entry_kind(const struct mount_entry *e)
{
    if (e->opt.bind)
        return MOUNT_BIND;
    if (str_eq(e->m->type, "cgroup") || str_eq(e->m->type, "cgroup2"))
        return MOUNT_CGROUP;
    if (str_eq(e->m->type, "tmpfs") && destination_is(e->m, "/dev"))
        return MOUNT_DEV;
    return MOUNT_FS;
}

/* What the kernel does anyway need not be said to it: a tmpfs has mode 1777. */
static void drop_defaults(struct mount_entry *e)
{
    const char **to = e->opt.data;
    bool tmpfs = e->m->type && str_eq(e->m->type, "tmpfs");
    for (const char **from = e->opt.data; tmpfs && *from; from++)
        if (!str_eq(*from, "mode=1777"))
            *to++ = *from;
    if (tmpfs)
        *to = NULL;
}

static int plan_entry(struct mounts *m, size_t index, struct mount_entry *e, struct error *err)
{
    *e = (struct mount_entry){ .m = &m->spec->mounts[index], .index = index, .is_dir = true, .fd = -1 };
    int r = mount_options_parse(m->arena, e->m, index, &e->opt, err);
    if (r < 0)
        return r;
    if (!e->opt.bind && str_empty(e->m->type))
        return error_set(err, -EINVAL, "mounts[%zu].type: is missing, and no bind option is given", index);
    drop_defaults(e);
    e->kind = entry_kind(e);
    e->needs_idmap = e->opt.idmap || e->m->uid_mappings.n > 0 || e->m->gid_mappings.n > 0;
    if (e->needs_idmap && e->kind != MOUNT_BIND)
        return error_set(err, -ENOTSUP, "mounts[%zu]: only bind mounts can be id-mapped", index);
    if (e->needs_idmap && e->m->uid_mappings.n == 0 && !m->has_userns)
        return error_set(err, -EINVAL, "mounts[%zu]: idmap without uidMappings needs a user namespace",
                         index);
    if (e->kind == MOUNT_DEV) {
        if (m->dev)
            return error_set(err, -EINVAL, "mounts[%zu]: a second tmpfs on /dev", index);
        m->dev = e;
    }
    return 0;
}

static int plan(struct mounts *m, int bundle_fd, struct error *err)
{
    int r = rootfs_plan(m, bundle_fd, err);
    if (r < 0)
        return r;
    size_t first = m->root.kind == ROOT_DIR ? 0 : 1;
    m->n_entries = m->spec->n_mounts - first;
    m->entries = arena_array(m->arena, m->n_entries + 1, sizeof(*m->entries));
    for (size_t i = 0; i < m->n_entries; i++) {
        r = plan_entry(m, first + i, &m->entries[i], err);
        if (r < 0)
            return r;
    }
    return 0;
}

static int prepare_bind(const struct mounts *m, struct mount_entry *e, int bundle_fd, struct error *err)
{
    if (str_empty(e->m->source))
        return error_set(err, -EINVAL, "mounts[%zu].source: a bind mount needs one", e->index);
    if (e->opt.propagation == MS_SHARED && m->has_userns)
        return error_set(
            err, -EPERM,
            "mounts[%zu].options (%s): shared propagation leads out of the user namespace into the host",
            e->index, e->m->destination);
    e->fd = mount_clone(bundle_fd, e->m->source, &e->opt, e->opt.bind_rec, err);
    if (e->fd < 0)
        return error_context(err, e->fd, "mounts[%zu] (%s)", e->index, e->m->destination);
    struct stat st;
    if (fstat(e->fd, &st) < 0)
        return error_errno(err, -errno, "mounts[%zu].source: cannot look at %s", e->index, e->m->source);
    e->is_dir = S_ISDIR(st.st_mode);
    return 0;
}

static void container_root_ids(struct mounts *m)
{
    const struct oci_linux *l = &m->spec->linux_;
    m->has_userns = l->namespaces[OCI_NS_USER].set;
    if (!m->has_userns)
        return;
    m->host_root_uid = namespace_host_id(&l->uid_mappings, 0);
    m->host_root_gid = namespace_host_id(&l->gid_mappings, 0);
}

int mounts_prepare(const struct oci_spec *spec, int bundle_fd, struct mounts **ret, struct error *err)
{
    struct arena *arena = arena_new();
    struct mounts *m = arena_alloc(arena, sizeof(*m));
    *m = (struct mounts){ .arena = arena, .spec = spec, .nodes_fd = -1, .null_fd = -1, .stage_fd = -1 };
    m->root = (struct root_plan){ .place_fd = -1, .fd = -1, .upper_parent_fd = -1 };
    container_root_ids(m);
    int r = plan(m, bundle_fd, err);
    if (r >= 0)
        r = rootfs_prepare(m, bundle_fd, err);
    for (size_t i = 0; r >= 0 && i < m->n_entries; i++)
        if (m->entries[i].kind == MOUNT_BIND)
            r = prepare_bind(m, &m->entries[i], bundle_fd, err);
    if (r >= 0)
        r = devices_prepare(m, err);
    if (r < 0) {
        mounts_free(m);
        return r;
    }
    *ret = m;
    return 0;
}

bool mounts_need_idmap(const struct mounts *m)
{
    if (m->root.needs_idmap)
        return true;
    for (size_t i = 0; i < m->n_entries; i++)
        if (m->entries[i].needs_idmap)
            return true;
    return false;
}

static bool same_maps(const struct oci_id_maps *a, const struct oci_id_maps *b)
{
    if (a->n != b->n)
        return false;
    for (size_t i = 0; i < a->n; i++)
        if (a->v[i].container_id != b->v[i].container_id || a->v[i].host_id != b->v[i].host_id ||
            a->v[i].size != b->v[i].size)
            return false;
    return true;
}

/* The container's own user namespace serves every mount that has no maps of its own or the same ones; others get a helper's. */
int mount_userns(const struct mounts *m, const struct oci_mount *mount, int userns_fd, int *ret_own,
                 struct error *err)
{
    const struct oci_linux *l = &m->spec->linux_;
    bool own = mount->uid_mappings.n > 0 || mount->gid_mappings.n > 0;
    if (userns_fd >= 0 && (!own || (same_maps(&mount->uid_mappings, &l->uid_mappings) &&
                                    same_maps(&mount->gid_mappings, &l->gid_mappings))))
        return userns_fd;
    return *ret_own = namespace_user_with_maps(&mount->uid_mappings, &mount->gid_mappings, err);
}

static int idmap_entry(struct mounts *m, struct mount_entry *e, int userns_fd, struct error *err)
{
    _cleanup_close_ int own = -1;
    int ns = mount_userns(m, e->m, userns_fd, &own, err);
    if (ns < 0)
        return ns;
    return mount_attrs(e->fd, 0, 0, 0, ns, e->opt.idmap_rec, err);
}

int mounts_idmap(struct mounts *m, int userns_fd, struct error *err)
{
    if (m->root.needs_idmap) {
        int r = rootfs_idmap(m, userns_fd, err);
        if (r < 0)
            return error_context(err, r, "mounts[0] (the root)");
    }
    for (size_t i = 0; i < m->n_entries; i++) {
        struct mount_entry *e = &m->entries[i];
        if (!e->needs_idmap)
            continue;
        int r = idmap_entry(m, e, userns_fd, err);
        if (r < 0)
            return error_context(err, r, "mounts[%zu] (%s from %s)", e->index, e->m->destination,
                                 e->m->source);
    }
    return 0;
}

void mounts_free(struct mounts *m)
{
    if (!m)
        return;
    for (size_t i = 0; i < m->n_entries; i++)
        cleanup_close(&m->entries[i].fd);
    for (size_t i = 0; m->root.layer_fds && i < m->root.n_lower; i++)
        cleanup_close(&m->root.layer_fds[i]);
    cleanup_close(&m->root.upper_parent_fd);
    cleanup_close(&m->root.fd);
    cleanup_close(&m->root.place_fd);
    if (!m->dev)
        cleanup_close(&m->nodes_fd);
    cleanup_close(&m->null_fd);
    cleanup_close(&m->stage_fd);
    arena_free(m->arena);
}

/* ---- child: build the tree ---- */

static int attach_at(int mount_fd, int root_fd, const struct mount_entry *e, struct error *err)
{
    const char *path = e->m->destination;
    _cleanup_close_ int target = e->is_dir ? root_mkdir_all(root_fd, path, 0755, err)
                                           : root_touch(root_fd, path, err);
    if (target < 0)
        return target;
    return mnt_attach(mount_fd, target, err);
}

static int attach_cgroup(struct mount_entry *e, const struct cgroup *cg, int root_fd, struct error *err)
{
    if (!cg)
        return error_set(err, -EINVAL, "there is no cgroup to be mounted");
    _cleanup_close_ int target = root_mkdir_all(root_fd, e->m->destination, 0755, err);
    if (target < 0)
        return target;
    return cgroup_mount(cg, target, (unsigned) (e->opt.set | e->opt.rec_set), err);
}

static int new_fs(const struct mount_entry *e, uint64_t more, struct error *err)
{
    /* A source that only repeats the type says nothing: the kernel's own "none" will do. */
    const char *source = str_empty(e->m->source) || str_eq(e->m->source, e->m->type) ? NULL : e->m->source;
    return mnt_new(e->m->type, source, e->opt.data, (unsigned) (e->opt.set | e->opt.rec_set | more), err);
}

/* sysfs shows the devices of a network namespace, and only the owner of that one may mount it. */
static bool child_may_not_mount(const struct mounts *m, const struct mount_entry *e)
{
    const struct oci_namespace *ns = m->spec->linux_.namespaces;
    bool new_net = ns[OCI_NS_NETWORK].set && !ns[OCI_NS_NETWORK].path;
    return m->has_userns && !new_net && e->kind == MOUNT_FS && str_eq(e->m->type, "sysfs");
}

int mounts_prepare_joined(struct mounts *m, struct error *err)
{
    for (size_t i = 0; i < m->n_entries; i++) {
        struct mount_entry *e = &m->entries[i];
        if (!child_may_not_mount(m, e))
            continue;
        e->fd = new_fs(e, MOUNT_ATTR_RDONLY, err);
        if (e->fd < 0)
            return error_context(err, e->fd, "mounts[%zu] (%s on %s)", e->index, e->m->type,
                                 e->m->destination);
    }
    return 0;
}

/* A file system of the child's own namespaces. The descriptors of proc and devpts are kept: they are known to be what they are. */
static int attach_fs(struct mount_entry *e, int root_fd, struct error *err)
{
    if (e->fd < 0)
        e->fd = new_fs(e, 0, err);
    return e->fd < 0 ? e->fd : attach_at(e->fd, root_fd, e, err);
}

static int attach_entry(struct mount_entry *e, const struct cgroup *cg, int root_fd, struct error *err)
{
    int r;
    switch (e->kind) {
    case MOUNT_CGROUP: return attach_cgroup(e, cg, root_fd, err);
    case MOUNT_FS: r = attach_fs(e, root_fd, err); break;
    default: r = attach_at(e->fd, root_fd, e, err); break;
    }
    if (r >= 0 && e->opt.propagation && e->fd >= 0)
        r = mnt_propagation(e->fd, e->opt.propagation, e->opt.propagation_rec, err);
    return r;
}

static int entry_fd_of_type(const struct mounts *m, const char *type, const char *destination)
{
    for (size_t i = 0; i < m->n_entries; i++)
        if (m->entries[i].kind == MOUNT_FS && str_eq(m->entries[i].m->type, type) &&
            destination_is(m->entries[i].m, destination))
            return m->entries[i].fd;
    return -1;
}

/*
 * The new root is stacked on "/": the one directory of the host that the child can open whatever its ids are, and by a descriptor of
 * its own mount namespace. What has to be attached somewhere to be used (layers, device nodes that are no /dev themselves) goes
 * onto a small tmpfs between the two, which the pivot leaves behind with the host. With hooks, all of that is on root.path first.
 */
static int take_place(struct mounts *m, struct error *err)
{
    static const char *const options[] = { "mode=700", "size=64k", NULL };
    bool staged = !m->dev || m->root.kind == ROOT_OVERLAY;
    cleanup_close(&m->root.place_fd);
    m->root.place_fd = -1;
    if (!staged && !m->root.place_path)
        return 0; /* rootfs_attach() takes "/" by its name: nothing of ours hides it */
    m->root.place_fd = file_open(AT_FDCWD, m->root.place_path ?: "/", O_PATH | O_DIRECTORY, 0, err);
    if (m->root.place_fd < 0)
        return error_context(err, m->root.place_fd, "where to attach the root");
    if (!staged)
        return 0;
    m->stage_fd = mnt_new("tmpfs", NULL, options, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, err);
    if (m->stage_fd < 0)
        return m->stage_fd;
    int r = mnt_attach(m->stage_fd, m->root.place_fd, err);
    return r < 0 || m->dev ? r : mount_stage(m, m->nodes_fd, "nodes", err);
}

int mount_stage(struct mounts *m, int fd, const char *name, struct error *err)
{
    if (mkdirat(m->stage_fd, name, 0700) < 0 ||
        sys_move_mount(fd, "", m->stage_fd, name, MOVE_MOUNT_F_EMPTY_PATH) < 0)
        return error_errno(err, -errno, "cannot attach %s", name);
    return 0;
}

int mounts_apply(struct mounts *m, const struct cgroup *cg, bool tty, struct mounts_result *ret,
                 struct error *err)
{
    struct mounts_result res = { -1, -1, -1, -1 };
    /* Nothing that is mounted or unmounted from here on may reach the host, nor the other way. */
    struct mount_attr attr = { .propagation = MS_PRIVATE };
    if (sys_mount_setattr(AT_FDCWD, "/", AT_RECURSIVE, &attr, sizeof(attr)) < 0)
        return error_errno(err, -errno, "cannot make the mount namespace private");
    int r = take_place(m, err);
    if (r < 0)
        return r;
    res.root_fd = rootfs_attach(m, err);
    if (res.root_fd < 0)
        return error_context(err, res.root_fd, "the root file system");
    for (size_t i = 0; i < m->n_entries; i++) {
        r = attach_entry(&m->entries[i], cg, res.root_fd, err);
        if (r < 0)
            return error_context(err, r, "mounts[%zu] (%s on %s)", m->entries[i].index,
                                 m->entries[i].m->type ?: "bind", m->entries[i].m->destination);
    }
    r = devices_bind(m, res.root_fd, err);
    if (r < 0)
        return r;
    res.proc_fd = entry_fd_of_type(m, "proc", "/proc");
    if (tty)
        r = devices_console(m, res.root_fd, entry_fd_of_type(m, "devpts", "/dev/pts"), &res, err);
    if (r >= 0)
        *ret = res;
    return r;
}

int mounts_enter_root(const struct mounts *m, int root_fd, bool no_pivot, struct error *err)
{
    /* Hooks have seen it where they expect it; what lies beneath it there goes with the host. */
    if (m->root.place_path && sys_move_mount(root_fd, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH) < 0)
        return error_errno(err, -errno, "cannot move the root to \"/\"");
    return mnt_enter_root(root_fd, m->stage_fd >= 0 && !m->root.place_path ? 2 : 1, no_pivot, err);
}
