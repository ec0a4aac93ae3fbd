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
#include <limits.h>
#include <stdio.h>
#include <sys/statvfs.h>

#include "base/log.h"
#include "confine/lsm.h"
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
            "this file system cannot be id-mapped: use another one, noidmap for a volume, or --userns host (without private ids)");
    return error_errno(err, code, "cannot set mount attributes");
}

/* The clone of a shared mount is a member of its peer group, which is what "shared" asks for: then nothing is to be set. */
static uint64_t first_propagation(const struct mount_options *opt)
{
    if (opt->propagation == MS_SHARED)
        return 0;
    return opt->propagation == MS_SLAVE ? MS_SLAVE : MS_PRIVATE;
}

/* kept: attributes that are not cleared although the options say so. */
static int clone_keeping(int dirfd, const char *path, const struct mount_options *opt, bool recursive,
                         uint64_t kept, struct error *err)
{
    uint64_t set = opt->rec_set | (recursive ? 0 : opt->set),
             clear = (opt->rec_clear | (recursive ? 0 : opt->clear)) & ~kept;
    _cleanup_close_ int fd = mnt_clone_attr(dirfd, path, recursive, set, clear, first_propagation(opt), err);
    if (fd < 0)
        return fd;
    int r = recursive ? mount_attrs(fd, opt->set, opt->clear & ~kept, 0, -1, false, err) : 0;
    return r < 0 ? error_context(err, r, "%s", path) : TAKE_FD(fd);
}

/* Of those attributes that a user namespace cannot take from a mount of another one's (mount_namespaces(7)), the ones of the source. */
static uint64_t lockable_attrs(int dirfd, const char *path)
{
    static const struct {
        unsigned long flag;
        uint64_t attr;
    } both[] = { { ST_RDONLY, MOUNT_ATTR_RDONLY },
                 { ST_NOSUID, MOUNT_ATTR_NOSUID },
                 { ST_NODEV, MOUNT_ATTR_NODEV },
                 { ST_NOEXEC, MOUNT_ATTR_NOEXEC } };
    struct statvfs fs;
    uint64_t attrs = 0;
    _cleanup_close_ int fd = path[0] ? openat(dirfd, path, O_PATH | O_CLOEXEC)
                                     : fcntl(dirfd, F_DUPFD_CLOEXEC, 3);
    if (fd < 0 || fstatvfs(fd, &fs) < 0)
        return 0;
    for (size_t i = 0; i < ARRAY_LEN(both); i++)
        attrs |= fs.f_flag & both[i].flag ? both[i].attr : 0;
    return attrs;
}

/*
 * What an ordinary user binds keeps what the host's root has locked in it: "rw", which podman writes for every volume, does not make
 * writable what is mounted read-only, and is no error there, as with runc and crun.
 */
int mount_clone(int dirfd, const char *path, const struct mount_options *opt, bool recursive,
                struct error *err)
{
    struct error first = { 0 };
    int fd = clone_keeping(dirfd, path, opt, recursive, 0, &first);
    uint64_t kept = fd == -EPERM ? (opt->clear | opt->rec_clear) & lockable_attrs(dirfd, path) : 0;
    if (kept != 0)
        fd = clone_keeping(dirfd, path, opt, recursive, kept, NULL);
    if (fd >= 0 && kept != 0)
        log_info(
            "the mount of %s keeps what its source has, and only the host's root could take away:%s%s%s%s",
            path, kept & MOUNT_ATTR_RDONLY ? " ro" : "", kept & MOUNT_ATTR_NOSUID ? " nosuid" : "",
            kept & MOUNT_ATTR_NODEV ? " nodev" : "", kept & MOUNT_ATTR_NOEXEC ? " noexec" : "");
    return fd < 0 ? error_set(err, first.code, "%s", first.msg) : fd;
}

/* ---- parent: plan and prepare ---- */

static const char *normal_destination(const struct oci_mount *m)
{
    const char *d = m->destination;
    while (d[0] == '/' && d[1] == '/')
        d++;
    return d;
}

/* One that is relative begins at "/" (runtime-spec 1.3): the same mount, said in full from here on. */
static const struct oci_mount *absolute_mount(struct arena *a, const struct oci_mount *m)
{
    if (m->destination[0] == '/' || str_empty(m->destination))
        return m;
    struct oci_mount *full = arena_alloc(a, sizeof(*full));
    *full = *m;
    full->destination = arena_printf(a, "/%s", m->destination);
    return full;
}

static bool destination_is(const struct oci_mount *m, const char *path)
{
    const char *rest = str_after(normal_destination(m), path);
    return rest && (rest[0] == '\0' || str_eq(rest, "/"));
}

static bool is_type(const struct mount_entry *e, const char *type)
{
    return e->m->type && str_eq(e->m->type, type);
}

static enum mount_kind entry_kind(const struct mount_entry *e)
{
    if (e->opt.ways & MOUNT_WAY_REMOUNT)
        return MOUNT_REMOUNT;
    if (e->opt.bind)
        return MOUNT_BIND;
    if (is_type(e, "cgroup") || is_type(e, "cgroup2"))
        return MOUNT_CGROUP;
    if (is_type(e, "tmpfs") && destination_is(e->m, "/dev"))
        return MOUNT_DEV;
    return MOUNT_FS;
}

/* What the kernel does anyway need not be said to it: a tmpfs has mode 1777. */
static void drop_defaults(struct mount_entry *e)
{
    const char **to = e->opt.data;
    bool tmpfs = is_type(e, "tmpfs");
    for (const char **from = e->opt.data; tmpfs && *from; from++) {
        e->has_mode |= str_after(*from, "mode=") != NULL;
        e->has_owner |= str_after(*from, "uid=") || str_after(*from, "gid=");
        if (!str_eq(*from, "mode=1777"))
            *to++ = *from;
    }
    if (tmpfs)
        *to = NULL;
}

/* Words that say how to mount, and what they have to do with this mount. */
static int check_ways(const struct mount_entry *e, struct error *err)
{
    const struct {
        unsigned way;
        bool fits;
        const char *why;
    } table[] = {
        { MOUNT_WAY_COPY_UP, is_type(e, "tmpfs") && !e->opt.bind,
          "tmpcopyup: only a tmpfs can begin with a copy" },
        { MOUNT_WAY_COPY_LINK, e->opt.bind,
          "copy-symlink: only a bind mount has a source that can be a link" },
        { MOUNT_WAY_SOURCE_LINK, e->opt.bind,
          "src-nofollow: only a bind mount has a source that can be a link" },
        { MOUNT_WAY_REMOUNT, e->opt.bind || !e->opt.data[0],
          "remount: only attributes of the mount can be changed, not options of its file system" },
    };
    for (size_t i = 0; i < ARRAY_LEN(table); i++)
        if ((e->opt.ways & table[i].way) && !table[i].fits)
            return error_set(err, -EINVAL, "mounts[%zu].options (%s): %s", e->index, e->m->destination,
                             table[i].why);
    return 0;
}

int mount_check_idmap(const struct mounts *m, const struct oci_mount *mount, const struct mount_options *opt,
                      size_t index, struct error *err)
{
    bool own = mount->uid_mappings.n > 0 || mount->gid_mappings.n > 0;
    if (own && (mount->uid_mappings.n == 0 || mount->gid_mappings.n == 0))
        return error_set(err, -EINVAL, "mounts[%zu]: of uidMappings and gidMappings there is only one",
                         index);
    if (own && opt->uids.n > 0)
        return error_set(err, -EINVAL, "mounts[%zu]: has uidMappings and an idmap option with maps", index);
    if ((opt->uids_relative || opt->gids_relative) && !m->has_userns)
        return error_set(err, -EINVAL, "mounts[%zu]: idmap with \"@\" needs a user namespace", index);
    if (opt->idmap && !own && opt->uids.n == 0 && !m->has_userns)
        return error_set(err, -EINVAL, "mounts[%zu]: idmap without uidMappings needs a user namespace",
                         index);
    return 0;
}

static int plan_entry(struct mounts *m, size_t index, struct mount_entry *e, struct error *err)
{
    *e = (struct mount_entry){
        .m = absolute_mount(m->arena, &m->spec->mounts[index]), .index = index, .is_dir = true, .fd = -1
    };
    if (str_empty(e->m->destination))
        return error_set(err, -EINVAL, "mounts[%zu].destination: is empty", index);
    int r = mount_options_parse(m->arena, e->m, index, &e->opt, err);
    if (r < 0)
        return r;
    if (!e->opt.bind && !(e->opt.ways & MOUNT_WAY_REMOUNT) && str_empty(e->m->type))
        return error_set(err, -EINVAL, "mounts[%zu].type: is missing, and no bind option is given", index);
    drop_defaults(e);
    r = e->opt.ways ? check_ways(e, err) : 0;
    if (r < 0)
        return r;
    e->kind = entry_kind(e);
    e->needs_idmap = e->opt.idmap || e->m->uid_mappings.n > 0 || e->m->gid_mappings.n > 0;
    if (e->needs_idmap && e->kind != MOUNT_BIND)
        return error_set(err, -ENOTSUP, "mounts[%zu]: only bind mounts can be id-mapped", index);
    r = e->needs_idmap ? mount_check_idmap(m, e->m, &e->opt, index, err) : 0;
    if (r < 0)
        return r;
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
    m->entries = arena_array(m->arena, m->n_entries + 1, sizeof(*m->entries)); /* room for mounts_add()'s */
    for (size_t i = 0; i < m->n_entries; i++) {
        r = plan_entry(m, first + i, &m->entries[i], err);
        if (r < 0)
            return r;
    }
    return 0;
}

/* The source of "copy-symlink", if it is a link: nothing is mounted then. */
static int read_source_link(const struct mounts *m, struct mount_entry *e, int bundle_fd, struct error *err)
{
    char target[PATH_MAX];
    ssize_t n = readlinkat(bundle_fd, e->m->source, target, sizeof(target));
    if (n < 0 && errno == EINVAL)
        return 0;
    if (n < 0 || n == sizeof(target))
        return error_errno(err, n < 0 ? -errno : -ENAMETOOLONG, "mounts[%zu].source: cannot read the link %s",
                           e->index, e->m->source);
    e->kind = MOUNT_LINK;
    e->link = arena_strndup(m->arena, target, (size_t) n);
    return 0;
}

/* The clone of the source; "src-nofollow": of the link itself, if it is one. */
static int clone_source(const struct mount_entry *e, int bundle_fd, struct error *err)
{
    if (!(e->opt.ways & MOUNT_WAY_SOURCE_LINK))
        return mount_clone(bundle_fd, e->m->source, &e->opt, e->opt.bind_rec, err);
    _cleanup_close_ int source = file_open(bundle_fd, e->m->source, O_PATH | O_NOFOLLOW, 0, err);
    return source < 0 ? source : mount_clone(source, "", &e->opt, e->opt.bind_rec, err);
}

static int take_given(const struct mount_entry *e, int given, struct error *err)
{
    _cleanup_close_ int fd = fcntl(given, F_DUPFD_CLOEXEC, 3);
    if (fd < 0)
        return error_errno(err, -errno, "descriptor %d", given);
    int r = mount_attrs(fd, e->opt.set | e->opt.rec_set, e->opt.clear | e->opt.rec_clear, MS_PRIVATE, -1,
                        false, err);
    return r < 0 ? r : TAKE_FD(fd);
}

static const struct mount_given *find_given(const struct mount_given *given, size_t n,
                                            const char *destination)
{
    for (size_t i = 0; i < n; i++)
        if (given[i].destination != NULL && str_eq(given[i].destination, destination))
            return &given[i];
    return NULL;
}

static int prepare_bind(const struct mounts *m, struct mount_entry *e, int bundle_fd,
                        const struct mount_given *given, struct error *err)
{
    if (str_empty(e->m->source))
        return error_set(err, -EINVAL, "mounts[%zu].source: a bind mount needs one", e->index);
    if (e->opt.propagation == MS_SHARED && m->has_userns)
        return error_set(
            err, -EPERM,
            "mounts[%zu].options (%s): shared propagation leads out of the user namespace into the host",
            e->index, e->m->destination);
    if (e->opt.ways & MOUNT_WAY_COPY_LINK) {
        int r = read_source_link(m, e, bundle_fd, err);
        if (r < 0 || e->kind == MOUNT_LINK)
            return r;
    }
    e->fd = given != NULL ? take_given(e, given->fd, err) : clone_source(e, bundle_fd, err);
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
    /* A namespace without a root (a single id that is somebody else): its first id then. */
    if (m->host_root_uid == (uint32_t) -1 && l->uid_mappings.n > 0)
        m->host_root_uid = l->uid_mappings.v[0].host_id;
    if (m->host_root_gid == (uint32_t) -1 && l->gid_mappings.n > 0)
        m->host_root_gid = l->gid_mappings.v[0].host_id;
}

int mounts_prepare(const struct oci_spec *spec, int bundle_fd, const struct mount_given *given,
                   size_t n_given, struct mounts **ret, struct error *err)
{
    struct arena *arena = arena_new();
    struct mounts *m = arena_alloc(arena, sizeof(*m));
    *m = (struct mounts){
        .arena = arena, .spec = spec, .nodes_fd = -1, .outside_fd = -1, .null_fd = -1, .stage_fd = -1
    };
    m->root = (struct root_plan){ .place_fd = -1, .fd = -1, .upper_parent_fd = -1, .layers_fd = -1 };
    container_root_ids(m);
    m->label = lsm_mount_option(spec, arena);
    int r = plan(m, bundle_fd, err);
    if (r >= 0)
        r = rootfs_prepare(m, bundle_fd, err);
    for (size_t i = 0; r >= 0 && i < m->n_entries; i++) {
        struct mount_entry *e = &m->entries[i];
        if (e->kind == MOUNT_BIND)
            r = prepare_bind(m, e, bundle_fd, find_given(given, n_given, e->m->destination), err);
    }
    if (r >= 0)
        r = devices_prepare(m, err);
    if (r < 0) {
        mounts_free(m);
        return r;
    }
    *ret = m;
    return 0;
}

int mounts_add(struct mounts *m, int dirfd, const char *destination, struct error *err)
{
    struct oci_mount *mount = arena_alloc(m->arena, sizeof(*mount));
    *mount = (struct oci_mount){ .destination = arena_strdup(m->arena, destination), .type = "bind" };
    int fd = mnt_clone_attr(dirfd, "", false,
                            MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC, 0,
                            MS_PRIVATE, err);
    if (fd < 0)
        return error_context(err, fd, "%s", destination);
    m->entries[m->n_entries++] = (struct mount_entry){
        .m = mount, .index = m->spec->n_mounts, .kind = MOUNT_BIND, .is_dir = true, .fd = fd
    };
    return 0;
}

bool mounts_have_writable_cgroup(const struct mounts *m)
{
    for (size_t i = 0; i < m->n_entries; i++) {
        const struct mount_entry *e = &m->entries[i];
        if (e->kind == MOUNT_CGROUP && destination_is(e->m, "/sys/fs/cgroup"))
            return !((e->opt.set | e->opt.rec_set) & MOUNT_ATTR_RDONLY);
    }
    return false;
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

/* Host ids that were said as ids of the container, by the container's maps; a run must not cross from one map to the next. */
static int absolute_maps(const struct mounts *m, const struct oci_id_maps *maps,
                         const struct oci_id_maps *container, struct oci_id_maps *ret, struct error *err)
{
    *ret = (struct oci_id_maps){ .v = arena_array(m->arena, maps->n, sizeof(*ret->v)), .n = maps->n };
    for (size_t i = 0; i < maps->n; i++) {
        const struct oci_id_map *from = &maps->v[i];
        uint32_t first = namespace_host_id(container, from->host_id);
        uint32_t last = namespace_host_id(container, from->host_id + from->size - 1);
        if (first == UINT32_MAX || last == UINT32_MAX || last - first != from->size - 1)
            return error_set(err, -EINVAL,
                             "idmap: the ids %u and %u more are not in one of the container's maps",
                             from->host_id, from->size - 1);
        ret->v[i] = (struct oci_id_map){ from->container_id, first, from->size, NULL };
    }
    return 0;
}

/* The container's own user namespace serves every mount that has no maps of its own or the same ones; others get a helper's. */
int mount_userns(const struct mounts *m, const struct oci_mount *mount, const struct mount_options *opt,
                 int userns_fd, int *ret_own, struct error *err)
{
    const struct oci_linux *l = &m->spec->linux_;
    struct oci_id_maps uids = opt->uids.n > 0 ? opt->uids : mount->uid_mappings;
    struct oci_id_maps gids = opt->gids.n > 0 ? opt->gids : mount->gid_mappings;
    int r = opt->uids_relative ? absolute_maps(m, &opt->uids, &l->uid_mappings, &uids, err) : 0;
    if (r >= 0 && opt->gids_relative)
        r = absolute_maps(m, &opt->gids, &l->gid_mappings, &gids, err);
    if (r < 0)
        return r;
    bool own = uids.n > 0 || gids.n > 0;
    if (userns_fd >= 0 &&
        (!own || (same_maps(&uids, &l->uid_mappings) && same_maps(&gids, &l->gid_mappings))))
        return userns_fd;
    return *ret_own = namespace_user_with_maps(&uids, &gids, err);
}

static int idmap_entry(struct mounts *m, struct mount_entry *e, int userns_fd, struct error *err)
{
    _cleanup_close_ int own = -1;
    int ns = mount_userns(m, e->m, &e->opt, userns_fd, &own, err);
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
    cleanup_close(&m->root.layers_fd);
    cleanup_close(&m->root.fd);
    cleanup_close(&m->root.place_fd);
    if (!m->dev)
        cleanup_close(&m->nodes_fd);
    devices_free(m);
    cleanup_close(&m->outside_fd);
    cleanup_close(&m->null_fd);
    cleanup_close(&m->stage_fd);
    arena_free(m->arena);
}

/* ---- child: build the tree ---- */

/* Where e goes, made if it is missing. "dest-nofollow": a link there is the target itself, not what it points to. */
static int open_target(int root_fd, const struct mount_entry *e, struct error *err)
{
    const char *path = e->m->destination;
    if (e->opt.ways & MOUNT_WAY_TARGET_LINK) {
        int fd = root_open(root_fd, path, O_PATH | O_NOFOLLOW, NULL);
        if (fd >= 0)
            return fd;
    }
    return e->is_dir ? root_mkdir_all(root_fd, path, 0755, err) : root_touch(root_fd, path, err);
}

static int attach_at(int mount_fd, int root_fd, const struct mount_entry *e, struct error *err)
{
    _cleanup_close_ int target = open_target(root_fd, e, err);
    if (target < 0)
        return target;
    return mnt_attach(mount_fd, target, err);
}

static int attach_cgroup(const struct mounts *m, struct mount_entry *e, const struct cgroup *cg, int root_fd,
                         struct error *err)
{
    const char *const options[] = { "mode=555", "size=4k", m->label, NULL };
    _cleanup_close_ int target = root_mkdir_all(root_fd, e->m->destination, 0755, err);
    if (target < 0)
        return target;
    if (!cg) { /* a container without a cgroup of its own: nothing is its to be seen */
        _cleanup_close_ int empty = mnt_new(
            "tmpfs", NULL, options,
            MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC, err);
        return empty < 0 ? empty : mnt_attach(empty, target, err);
    }
    int r = cgroup_mount(cg, target, (unsigned) (e->opt.set | e->opt.rec_set), &e->fd, err);
    /* Version 1: the tmpfs that holds the hierarchies. */
    return r >= 0 && m->label && e->fd >= 0 ? lsm_label_directory(e->fd, m->spec->linux_.mount_label, err)
                                            : r;
}

/* "copy-symlink": the link anew. One that is there already must be the same. */
static int make_link(const struct mount_entry *e, int root_fd, struct error *err)
{
    const char *path = e->m->destination, *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    char there[PATH_MAX];
    if (str_empty(name) || str_eq(name, ".") || str_eq(name, ".."))
        return error_set(err, -EINVAL, "copy-symlink: the destination does not end in the name of a link");
    _cleanup_free_ char *dir = xstrndup(path, (size_t) (name - path));
    _cleanup_close_ int parent = root_mkdir_all(root_fd, dir, 0755, err);
    if (parent < 0)
        return parent;
    if (symlinkat(e->link, parent, name) == 0)
        return 0;
    int code = -errno;
    ssize_t n = readlinkat(parent, name, there, sizeof(there));
    if (n == (ssize_t) strlen(e->link) && memcmp(there, e->link, (size_t) n) == 0)
        return 0;
    return error_errno(err, code, "copy-symlink: cannot make the link to %s", e->link);
}

static int remount(const struct mount_entry *e, int root_fd, struct error *err)
{
    _cleanup_close_ int target = root_open(root_fd, e->m->destination, O_PATH, err);
    if (target < 0)
        return target;
    int r = mount_attrs(target, e->opt.set, e->opt.clear, e->opt.propagation_rec ? 0 : e->opt.propagation, -1,
                        false, err);
    uint64_t rec = e->opt.propagation_rec ? e->opt.propagation : 0;
    if (r >= 0)
        r = mount_attrs(target, e->opt.rec_set, e->opt.rec_clear, rec, -1, true, err);
    return r == -EINVAL ? error_context(err, r, "remount: nothing is mounted there") : r;
}

/* sysfs shows the devices of a network namespace, and only the owner of that one may mount it. */
static bool child_may_not_mount(const struct mounts *m, const struct mount_entry *e)
{
    const struct oci_namespace *ns = m->spec->linux_.namespaces;
    bool new_net = ns[OCI_NS_NETWORK].set && !ns[OCI_NS_NETWORK].path;
    return m->has_userns && !new_net && e->kind == MOUNT_FS && str_eq(e->m->type, "sysfs");
}

int mounts_prepare_cgroup(const struct mounts *m, struct cgroup *cg, struct error *err)
{
    for (size_t i = 0; i < m->n_entries; i++)
        if (m->entries[i].kind == MOUNT_CGROUP)
            return cg ? cgroup_prepare_view(
                            cg, (unsigned) (m->entries[i].opt.set | m->entries[i].opt.rec_set), err)
                      : 0;
    return 0;
}

int mounts_prepare_joined(struct mounts *m, struct error *err)
{
    for (size_t i = 0; i < m->n_entries; i++) {
        struct mount_entry *e = &m->entries[i];
        if (!child_may_not_mount(m, e))
            continue;
        e->fd = kernel_fs_new(m, e, 0, MOUNT_ATTR_RDONLY, err);
        if (e->fd < 0)
            return error_context(err, e->fd, "mounts[%zu] (%s on %s)", e->index, e->m->type,
                                 e->m->destination);
    }
    return 0;
}

/*
 * A tmpfs that takes over from the directory that it covers: its mode, where none is given, and all that is in it ("tmpcopyup"). What
 * is not there yet is made, and covered by a tmpfs as the kernel makes them.
 */
static int attach_tmpfs(const struct mounts *m, struct mount_entry *e, int root_fd, struct error *err)
{
    struct stat st;
    char mode[16];
    _cleanup_close_ int there = root_open(root_fd, e->m->destination, O_PATH | O_DIRECTORY, NULL);
    if (there < 0)
        e->fd = kernel_fs_new(m, e, 0, 0, err);
    if (there < 0)
        return e->fd < 0 ? e->fd : attach_at(e->fd, root_fd, e, err);
    if (fstat(there, &st) < 0 || str_format(mode, sizeof(mode), "mode=%o", st.st_mode & 07777) < 0)
        return error_errno(err, -errno, "cannot look at the directory");
    size_t n = 0;
    while (e->opt.data[n])
        n++;
    e->opt.data[n] = e->has_mode ? NULL : mode; /* room is left for it */
    e->fd = kernel_fs_new(m, e, MOUNT_ATTR_RDONLY, 0, err);
    e->opt.data[n] = NULL;
    int r = e->fd;
    if (r >= 0 && (e->opt.ways & MOUNT_WAY_COPY_UP))
        r = mount_copy_up(there, e->fd, false, !e->has_owner, err);
    if (r >= 0)
        r = mount_attrs(e->fd, (e->opt.set | e->opt.rec_set) & MOUNT_ATTR_RDONLY, 0, 0, -1, false, err);
    return r < 0 ? r : mnt_attach(e->fd, there, err);
}

/* The tmpfs on /dev holds the devices already; what the root has there beside them comes in addition. */
static int attach_dev(const struct mount_entry *e, int root_fd, struct error *err)
{
    if (e->opt.ways & MOUNT_WAY_COPY_UP) {
        _cleanup_close_ int there = root_open(root_fd, e->m->destination, O_PATH | O_DIRECTORY, NULL);
        int r = there < 0 ? 0 : mount_copy_up(there, e->fd, true, false, err);
        if (r < 0)
            return r;
    }
    return attach_at(e->fd, root_fd, e, err);
}

/* A file system of the child's own namespaces. The descriptors of proc and devpts are kept: they are known to be what they are. */
static int attach_fs(const struct mounts *m, struct mount_entry *e, int root_fd, struct error *err)
{
    if (is_type(e, "tmpfs") && (!e->has_mode || (e->opt.ways & MOUNT_WAY_COPY_UP)))
        return attach_tmpfs(m, e, root_fd, err);
    if (e->fd < 0)
        e->fd = kernel_fs_new(m, e, 0, 0, err);
    return e->fd < 0 ? e->fd : attach_at(e->fd, root_fd, e, err);
}

static int attach_entry(struct mounts *m, struct mount_entry *e, const struct cgroup *cg, int root_fd,
                        struct error *err)
{
    int r;
    switch (e->kind) {
    case MOUNT_CGROUP: return attach_cgroup(m, e, cg, root_fd, err);
    case MOUNT_LINK: return make_link(e, root_fd, err);
    case MOUNT_REMOUNT: return remount(e, root_fd, err);
    case MOUNT_DEV:
        r = attach_dev(e, root_fd, err);
        r = r < 0 ? r : devices_attach(m, err);
        break;
    case MOUNT_FS: r = attach_fs(m, e, root_fd, err); break;
    default: r = attach_at(e->fd, root_fd, e, err); break;
    }
    if (r >= 0 && e->opt.propagation && e->fd >= 0)
        r = mnt_propagation(e->fd, e->opt.propagation, e->opt.propagation_rec, err);
    return r;
}

/* The tmpfs that holds the hierarchies: later entries may have put more on it (podman: systemd's own). */
static int seal_cgroups(const struct mounts *m, struct error *err)
{
    int r = 0;
    for (size_t i = 0; r >= 0 && i < m->n_entries; i++)
        if (m->entries[i].kind == MOUNT_CGROUP && m->entries[i].fd >= 0)
            r = mnt_setattr(m->entries[i].fd, MOUNT_ATTR_RDONLY, 0, false, err);
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
    bool staged = !m->dev || m->outside_fd >= 0 || m->root.kind == ROOT_OVERLAY;
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
    if (r >= 0 && m->outside_fd >= 0)
        r = mount_stage(m, m->outside_fd, "outside", err);
    if (r >= 0 && !m->dev)
        r = mount_stage(m, m->nodes_fd, "nodes", err);
    return r < 0 || m->dev ? r : devices_attach(m, err);
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
        r = attach_entry(m, &m->entries[i], cg, res.root_fd, err);
        if (r < 0)
            return error_context(err, r, "mounts[%zu] (%s on %s)", m->entries[i].index,
                                 m->entries[i].m->type ?: "bind", m->entries[i].m->destination);
    }
    r = seal_cgroups(m, err);
    if (r >= 0)
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
