// SPDX-License-Identifier: Apache-2.0
/*
 * How it works: the root is a clone of root.path, a clone of one layer, or an overlay of several. Layers are cloned by the
 * parent (the store is closed to everybody else), id-mapped with the container's user namespace and inherited by the child.
 * The child attaches them to the stage (mounts.c), since overlayfs wants its lower mounts in the mount namespace of the
 * one who mounts it; the pivot leaves them behind.
 *
 * Layers of a store lie in one directory. That is cloned, id-mapped and attached once, and each layer is a descriptor in the
 * clone: a mount more costs 0.3 ms, a directory nothing. The overlay's own clones of them begin at the layer, so that nothing of its
 * neighbours can be reached through it; the mount itself is left behind at the pivot with the rest of the stage.
 *
 * Threat: a layer that is written to changes every container that shares it. Layers and the single-layer root are made
 * read-only before they are attached, so even the creation of a missing mount point cannot reach them.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <sys/statvfs.h>

#include "confine/mounts_internal.h"
#include "confine/rootless.h"
#include "sys/file.h"
#include "sys/mnt.h"
#include "sys/overlay.h"

#define LAYERS_MAX 500 /* overlayfs's own limit on lower directories */
#define TOGETHER_MIN 3 /* fewer layers cost less as mounts of their own */

static int split_lower(struct mounts *m, const char *list, struct error *err)
{
    size_t n = 1;
    for (const char *c = list; *c; c++)
        n += *c == ':';
    if (n > LAYERS_MAX)
        return error_set(err, -E2BIG,
                         "mounts[0].options: lowerdir has %zu layers, the kernel takes at most %d", n,
                         LAYERS_MAX);
    m->root.lower = arena_array(m->arena, n, sizeof(*m->root.lower));
    char *copy = arena_strdup(m->arena, list), *save = NULL;
    for (char *part = strtok_r(copy, ":", &save); part; part = strtok_r(NULL, ":", &save))
        m->root.lower[m->root.n_lower++] = part;
    return m->root.n_lower == n ? 0
                                : error_set(err, -EINVAL, "mounts[0].options: lowerdir has an empty part");
}

static int overlay_option(struct mounts *m, const char *option, struct error *err)
{
    const char *v;
    if ((v = str_after(option, "lowerdir=")))
        return split_lower(m, v, err);
    if ((v = str_after(option, "upperdir=")))
        m->root.upper = v;
    else if ((v = str_after(option, "workdir=")))
        m->root.work = v;
    else
        return error_set(
            err, -EINVAL,
            "mounts[0].options: \"%s\" is not an option of the root overlay (lowerdir, upperdir, workdir)",
            option);
    return 0;
}

/* The last component of path, and the length of what is before it. */
static const char *base_name(const char *path, int *ret_parent_len)
{
    const char *slash = strrchr(path, '/');
    *ret_parent_len = slash ? (int) (slash - path) : 0;
    return slash ? slash + 1 : path;
}

static int check_upper(const struct root_plan *p, struct error *err)
{
    if (!p->upper && !p->work)
        return 0;
    if (!p->upper || !p->work)
        return error_set(err, -EINVAL, "mounts[0].options: upperdir and workdir go together");
    int a, b;
    const char *upper = base_name(p->upper, &a), *work = base_name(p->work, &b);
    if (a == 0 || a != b || strncmp(p->upper, p->work, (size_t) a) != 0 || str_empty(upper) ||
        str_empty(work))
        return error_set(err, -EINVAL,
                         "mounts[0].options: upperdir and workdir must be absolute and lie in one directory");
    return 0;
}

static int plan_overlay(struct mounts *m, struct error *err)
{
    struct root_plan *p = &m->root;
    for (size_t i = 0; p->opt.data[i]; i++) {
        int r = overlay_option(m, p->opt.data[i], err);
        if (r < 0)
            return r;
    }
    if (p->n_lower == 0)
        return error_set(err, -EINVAL, "mounts[0].options: the root overlay needs lowerdir");
    if (p->n_lower == 1 && !p->upper)
        return error_set(
            err, -EINVAL,
            "mounts[0].options: one lower directory without upperdir is a bind mount, not an overlay");
    return check_upper(p, err);
}

/*
 * Hooks that run before the pivot expect the root at root.path, in a mount namespace that still is like the host's (a GPU's hook
 * mounts its libraries there). The parent finds the path out, since the descriptor means nothing to the child.
 */
static int plan_place(struct mounts *m, struct error *err)
{
    const struct oci_hooks *hooks = m->spec->hooks;
    char link[40], path[PATH_MAX];
    if (hooks[OCI_HOOK_PRESTART].n + hooks[OCI_HOOK_CREATE_RUNTIME].n + hooks[OCI_HOOK_CREATE_CONTAINER].n ==
        0)
        return 0;
    if (str_format(link, sizeof(link), "/proc/self/fd/%d", m->root.place_fd) < 0)
        return -ENAMETOOLONG;
    ssize_t n = readlinkat(AT_FDCWD, link, path, sizeof(path));
    if (n < 0 || n == sizeof(path))
        return error_errno(err, n < 0 ? -errno : -ENAMETOOLONG, "root.path");
    m->root.place_path = arena_strndup(m->arena, path, (size_t) n);
    return 0;
}

int rootfs_plan(struct mounts *m, int bundle_fd, struct error *err)
{
    const struct oci_spec *spec = m->spec;
    struct root_plan *p = &m->root;
    if (!spec->root_path)
        return error_set(err, -EINVAL, "root: is missing");
    p->place_fd = file_open(bundle_fd, spec->root_path, O_PATH | O_DIRECTORY, 0, err);
    if (p->place_fd < 0)
        return error_context(err, p->place_fd, "root.path");
    int r = plan_place(m, err);
    if (r < 0)
        return r;
    if (spec->n_mounts == 0 || !str_eq(spec->mounts[0].destination, "/"))
        return 0;
    p->m = &spec->mounts[0];
    r = mount_options_parse(m->arena, p->m, 0, &p->opt, err);
    if (r < 0)
        return r;
    if (p->opt.propagation && p->opt.propagation != MS_PRIVATE)
        return error_set(err, -EINVAL,
                         "mounts[0].options: the root is private; linux.rootfsPropagation says otherwise");
    if (p->opt.ways)
        return error_set(
            err, -EINVAL,
            "mounts[0].options: tmpcopyup, remount, copy-symlink, src-nofollow and dest-nofollow "
            "are not for the root");
    p->needs_idmap = p->opt.idmap || p->m->uid_mappings.n > 0 || p->m->gid_mappings.n > 0;
    r = p->needs_idmap ? mount_check_idmap(m, p->m, &p->opt, 0, err) : 0;
    if (r < 0)
        return r;
    if (p->opt.bind) {
        p->kind = ROOT_BIND;
        return str_empty(p->m->source) ? error_set(err, -EINVAL, "mounts[0].source: a bind mount needs one")
                                       : 0;
    }
    if (!p->m->type || !str_eq(p->m->type, "overlay"))
        return error_set(err, -EINVAL, "mounts[0].type: the root can be a bind or an overlay mount");
    p->kind = ROOT_OVERLAY;
    return plan_overlay(m, err);
}

static const struct mount_options layer_options = { .set = MOUNT_ATTR_RDONLY };

/* The directory that most layers lie in by their paths (that of the middle one), NULL when there are too few. */
static const char *common_parent(struct mounts *m)
{
    struct root_plan *p = &m->root;
    const char *middle = p->lower[p->n_lower / 2];
    int len, own;
    size_t n = 0;
    base_name(middle, &len);
    for (size_t i = 0; i < p->n_lower; i++) {
        const char *base = base_name(p->lower[i], &own);
        p->together[i] = own == len && len > 0 && strncmp(p->lower[i], middle, (size_t) len) == 0 &&
                         !str_empty(base) && !str_eq(base, ".") && !str_eq(base, "..");
        n += p->together[i];
    }
    return n < TOGETHER_MIN ? NULL : arena_strndup(m->arena, middle, (size_t) len);
}

/* What is a mount of its own there is not what the clone would show: left to clone_apart(), as is a link. */
static int open_layer(int host_fd, int clone_fd, const char *name)
{
    if (sys_is_mount_root(host_fd, name) != 0)
        return -1;
    return openat(clone_fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* Those that could not be opened so are left to clone_apart(), which says what is wrong. */
static void clone_together(struct mounts *m, int bundle_fd)
{
    struct root_plan *p = &m->root;
    const char *parent = common_parent(m);
    if (!parent)
        return;
    _cleanup_close_ int host = openat(bundle_fd, parent, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (host >= 0)
        p->layers_fd = mount_clone(host, "", &layer_options, false, NULL);
    for (size_t i = 0; i < p->n_lower && p->layers_fd >= 0; i++) {
        int len;
        if (p->together[i])
            p->layer_fds[i] = open_layer(host, p->layers_fd, base_name(p->lower[i], &len));
    }
}

static int clone_apart(struct mounts *m, int bundle_fd, struct error *err)
{
    struct root_plan *p = &m->root;
    for (size_t i = 0; i < p->n_lower; i++) {
        if (p->layer_fds[i] >= 0)
            continue;
        p->together[i] = false;
        p->layer_fds[i] = mount_clone(bundle_fd, p->lower[i], &layer_options, false, err);
        if (p->layer_fds[i] < 0)
            return error_context(err, p->layer_fds[i], "mounts[0]: layer %zu of the root", i);
    }
    return 0;
}

static int prepare_overlay(struct mounts *m, int bundle_fd, struct error *err)
{
    struct root_plan *p = &m->root;
    static const struct mount_options writable = { 0 };
    p->layer_fds = arena_array(m->arena, p->n_lower, sizeof(*p->layer_fds));
    memset(p->layer_fds, 0xff, p->n_lower * sizeof(*p->layer_fds)); /* all -1 */
    p->together = arena_array(m->arena, p->n_lower, sizeof(*p->together));
    clone_together(m, bundle_fd);
    int r = clone_apart(m, bundle_fd, err);
    if (r < 0 || !p->upper)
        return r;
    int len;
    base_name(p->upper, &len);
    char *parent = arena_strndup(m->arena, p->upper, (size_t) len);
    p->upper_parent_fd = mount_clone(AT_FDCWD, parent, &writable, false, err);
    return p->upper_parent_fd < 0 ? p->upper_parent_fd : 0;
}

int rootfs_prepare(struct mounts *m, int bundle_fd, struct error *err)
{
    struct root_plan *p = &m->root;
    if (p->kind == ROOT_OVERLAY)
        return prepare_overlay(m, bundle_fd, err);
    bool recursive = p->kind == ROOT_DIR || p->opt.bind_rec;
    int from = p->kind == ROOT_DIR ? p->place_fd : bundle_fd;
    if (p->kind == ROOT_DIR) {
        /* Only who asks for it sees what the host mounts there later. */
        const char *propagation = m->spec->linux_.rootfs_propagation ?: "";
        bool slave = str_eq(propagation, "slave") || str_eq(propagation, "rslave");
        p->fd = mnt_clone_attr(from, "", true, 0, 0, slave ? MS_SLAVE : MS_PRIVATE, err);
        return p->fd < 0 ? error_context(err, p->fd, "root.path (%s)", m->spec->root_path) : 0;
    }
    if (m->spec->root_readonly)
        p->opt.set |= MOUNT_ATTR_RDONLY;
    p->fd = mount_clone(from, p->m->source, &p->opt, recursive, err);
    return p->fd < 0 ? error_context(err, p->fd, "mounts[0] (/)") : 0;
}

int rootfs_idmap(struct mounts *m, int userns_fd, struct error *err)
{
    struct root_plan *p = &m->root;
    _cleanup_close_ int own = -1;
    int ns = mount_userns(m, p->m, &p->opt, userns_fd, &own, err);
    if (ns < 0)
        return ns;
    if (p->kind == ROOT_BIND)
        return mount_attrs(p->fd, 0, 0, 0, ns, p->opt.idmap_rec, err);
    int r = p->layers_fd < 0 ? 0 : mount_attrs(p->layers_fd, 0, 0, 0, ns, false, err);
    if (r < 0)
        return error_context(err, r, "the layers' directory");
    for (size_t i = 0; i < p->n_lower; i++) {
        if (p->together[i])
            continue;
        r = mount_attrs(p->layer_fds[i], 0, 0, 0, ns, false, err);
        if (r < 0)
            return error_context(err, r, "layer %s", p->lower[i]);
    }
    return 0;
}

/* ---- child ---- */

static int make_overlay(const struct mounts *m, struct error *err)
{
    const struct root_plan *p = &m->root;
    int len;
    const struct overlay o = {
        .layers = p->layer_fds,
        .n_layers = p->n_lower,
        .upper_parent = p->upper_parent_fd,
        .upper = p->upper ? base_name(p->upper, &len) : NULL,
        .work = p->work ? base_name(p->work, &len) : NULL,
        /* In a user namespace overlayfs may only use user.* attributes; the store writes opaque marks in both forms. */
        .userxattr = m->has_userns || rootless_inside(),
        .label = m->label,
        .attr = p->opt.set | p->opt.rec_set,
        .stage = m->stage_fd,
    };
    return overlay_mount(&o, err);
}

static int stage_layers(struct mounts *m, struct error *err)
{
    struct root_plan *p = &m->root;
    int r = p->layers_fd < 0 ? 0 : mount_stage(m, p->layers_fd, "layers", err);
    for (size_t i = 0; i < p->n_lower && r >= 0; i++) {
        char name[24];
        if (p->together[i])
            continue;
        r = str_format(name, sizeof(name), "%zu", i);
        if (r >= 0)
            r = mount_stage(m, p->layer_fds[i], name, err);
    }
    return r < 0 || p->upper_parent_fd < 0 ? r : mount_stage(m, p->upper_parent_fd, "upper", err);
}

/* overlayfs falls back to read-only when it cannot use the upper directory; whoever asked for a writable root must hear of it. */
static int check_writable(const struct root_plan *p, struct error *err)
{
    struct statvfs st;
    if (!p->upper)
        return 0;
    if (fstatvfs(p->fd, &st) < 0)
        return error_errno(err, -errno, "cannot look at the overlay");
    if (st.f_flag & ST_RDONLY)
        return error_set(
            err, -EROFS,
            "overlayfs refuses the upper directory (%s): it and workdir must belong to the container's root",
            p->upper);
    return 0;
}

int rootfs_attach(struct mounts *m, struct error *err)
{
    struct root_plan *p = &m->root;
    int r = 0;
    if (p->kind == ROOT_OVERLAY) {
        r = stage_layers(m, err);
        if (r >= 0)
            r = p->fd = make_overlay(m, err);
        if (r >= 0)
            r = check_writable(p, err);
    }
    if (r < 0)
        return r;
    if (p->place_fd >= 0)
        r = mnt_attach(p->fd, p->place_fd, err);
    else if (sys_move_mount(p->fd, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH) < 0)
        r = error_errno(err, -errno, "cannot attach the root to \"/\"");
    return r < 0 ? r : p->fd;
}
