// SPDX-License-Identifier: Apache-2.0
/*
 * How: each view has a tmpfs of 64 KiB as its stage, where older kernels need a place to mount an overlay on. A container's own changes
 * are one more layer on top of its image's; those of a container with a user namespace have the ids of its range, the image's do not.
 *
 * A mount for people is a directory mounts/ID with "root" in it that is mounted on. Which of them are is asked of the kernel, so a
 * process that was killed anywhere, and a reboot, leave at most an empty directory, which the next one removes.
 *
 * Threat: files of containers, in whose names and links nobody may be trusted: only the directories of our own store are opened here, and
 * whoever reads a view does it below its descriptor. nosuid and nodev: a set-user-ID program of an image that is mounted for people is
 * none of the host's.
 */
#include "engine/view.h"

#include <errno.h>
#include <sched.h>

#include "confine/rootless.h"
#include "engine/engine_internal.h"
#include "oci/digest.h"
#include "sys/file.h"
#include "sys/mnt.h"
#include "sys/overlay.h"

#define VIEW_ATTR (MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV)

struct layers {
    int *v; /* top first */
    size_t n;
};

static void layers_close(struct layers *l)
{
    for (size_t i = 0; i < l->n; i++)
        close(l->v[i]);
    free(l->v);
}
#define _cleanup_layers_ __attribute__((cleanup(layers_close)))

static int layers_add(struct layers *l, const char *path, struct error *err)
{
    int fd = dir_open(AT_FDCWD, path, err);
    if (fd < 0)
        return fd;
    l->v = xreallocarray(l->v, l->n + 1, sizeof(*l->v));
    l->v[l->n++] = fd;
    return 0;
}

/* Mounts them on "root" of the directory stage, which is in the caller's mount namespace. */
static int mount_on(const struct layers *l, bool userxattr, int stage, struct error *err)
{
    const struct overlay o = {
        .layers = l->v, .n_layers = l->n, .userxattr = userxattr, .attr = VIEW_ATTR, .stage = stage
    };
    if (l->n == 0)
        return error_set(err, -EINVAL, "there is no layer in it, so there is nothing to see");
    if (mkdirat(stage, "root", 0755) < 0 && errno != EEXIST)
        return error_errno(err, -errno, "cannot make the place of the mount");
    _cleanup_close_ int fd = l->n == 1 ? mnt_clone_attr(l->v[0], "", false, VIEW_ATTR, 0, MS_PRIVATE, err)
                                       : overlay_mount(&o, err);
    if (fd < 0)
        return fd;
    if (sys_is_mount_root(stage, "root") == 1) /* the older way */
        return 0;
    _cleanup_close_ int place = file_open(stage, "root", O_PATH | O_DIRECTORY | O_NOFOLLOW, 0, err);
    return place < 0 ? place : mnt_attach(fd, place, err);
}

/* --- views of this process --- */

static int own_namespace(struct error *err)
{
    static bool done;
    struct mount_attr attr = { .propagation = MS_PRIVATE };
    if (done)
        return 0;
    if (unshare(CLONE_NEWNS) < 0)
        return error_errno(err, -errno, "cannot make a mount namespace");
    if (sys_mount_setattr(AT_FDCWD, "/", AT_RECURSIVE, &attr, sizeof(attr)) < 0)
        return error_errno(err, -errno, "cannot make the mount namespace private");
    done = true;
    return 0;
}

static int view(struct engine *e, const struct layers *l, bool userxattr, int *ret_fd, struct error *err)
{
    static const char *const options[] = { "mode=700", "size=64k", NULL };
    /* By its path, since it must be of this mount namespace; a directory of the store that no view needs. */
    _cleanup_free_ char *unused = xasprintf("%s/tmp", e->root);
    _cleanup_close_ int at = file_open(AT_FDCWD, unused, O_PATH | O_DIRECTORY, 0, err);
    _cleanup_close_ int stage = at < 0 ? -1
                                       : mnt_new("tmpfs", NULL, options, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV,
                                                 err);
    int r = at < 0 ? at : stage < 0 ? stage : mnt_attach(stage, at, err);
    if (r >= 0)
        r = mount_on(l, userxattr || rootless_inside(), stage, err);
    if (r >= 0)
        r = *ret_fd = dir_open(stage, "root", err);
    return MIN_OF(r, 0);
}

/* below: without the container's own changes. */
static int add_root(struct layers *l, const struct oci_spec *spec, bool below, struct error *err)
{
    const struct oci_mount *m = spec->n_mounts > 0 && str_eq(spec->mounts[0].destination, "/")
                                    ? &spec->mounts[0]
                                    : NULL;
    const char *lower = NULL, *upper = NULL;
    if (m == NULL)
        return error_set(err, -EINVAL, "its specification has no root of an image");
    if (str_eq(m->type != NULL ? m->type : "", "bind"))
        return layers_add(l, m->source, err);
    for (size_t i = 0; i < m->options.n; i++) {
        const char *v;
        if ((v = str_after(m->options.v[i], "lowerdir=")) != NULL)
            lower = v;
        if ((v = str_after(m->options.v[i], "upperdir=")) != NULL)
            upper = v;
    }
    int r = upper != NULL && !below ? layers_add(l, upper, err) : 0;
    _cleanup_free_ char *copy = xstrdup(lower != NULL ? lower : "");
    char *rest = copy, *one;
    while (r == 0 && lower != NULL && (one = strsep(&rest, ":")) != NULL)
        r = layers_add(l, one, err);
    return r;
}

static int view_container(struct engine *e, const char *name_or_id, bool below, struct engine_view *ret,
                          bool *ret_userxattr, struct error *err)
{
    _cleanup_layers_ struct layers l = { 0 };
    _cleanup_oci_spec_ struct oci_spec *spec = NULL;
    struct engine_container c;
    int r = engine_get(e, name_or_id, &c, err);
    if (r < 0)
        return r;
    ret->ids_first = c.record->range_first;
    r = engine_spec(e, c.record->id, &spec, err);
    engine_container_clear(&c);
    if (r == 0)
        r = own_namespace(err); /* before its directories are opened: they must be of it */
    if (r == 0)
        r = add_root(&l, spec, below, err);
    bool userns = r == 0 && spec->linux_.namespaces[OCI_NS_USER].set;
    if (r == 0)
        r = view(e, &l, userns && !below, &ret->fd, err);
    if (r < 0)
        return error_context(err, r, "container %s", name_or_id);
    *ret_userxattr = userns || rootless_inside();
    return 0;
}

int engine_view_container(struct engine *e, const char *name_or_id, struct engine_view *ret,
                          struct error *err)
{
    bool userxattr;
    return view_container(e, name_or_id, false, ret, &userxattr, err);
}

int engine_view_below(struct engine *e, const char *name_or_id, struct engine_view *ret, bool *ret_userxattr,
                      struct error *err)
{
    return view_container(e, name_or_id, true, ret, ret_userxattr, err);
}

static int open_layers(struct engine *e, const char *name_or_id, struct layers *l,
                       struct store_image **ret_image, struct error *err)
{
    _cleanup_store_ struct store *s = NULL;
    _cleanup_store_image_ struct store_image *image = NULL;
    const char **paths = NULL;
    size_t n = 0;
    int r = store_open(e->root, false, &s, err);
    if (r == 0)
        r = store_find(s, name_or_id, &image, err);
    if (r == 0)
        r = store_layers(s, image, &paths, &n, err);
    for (size_t i = n; i > 0 && r == 0; i--)
        r = layers_add(l, paths[i - 1], err);
    free(paths);
    if (r != 0)
        return r < 0 ? r : -EIO;
    *ret_image = TAKE_PTR(image);
    return 0;
}

int engine_view_image(struct engine *e, const char *name_or_id, struct engine_view *ret,
                      struct store_image **ret_image, struct error *err)
{
    _cleanup_layers_ struct layers l = { 0 };
    _cleanup_store_image_ struct store_image *image = NULL;
    int r = own_namespace(err);
    if (r == 0)
        r = open_layers(e, name_or_id, &l, &image, err);
    if (r == 0)
        r = view(e, &l, false, &ret->fd, err);
    if (r < 0)
        return error_context(err, r, "image %s", name_or_id);
    ret->ids_first = 0;
    *ret_image = TAKE_PTR(image);
    return 0;
}

/* --- mounts for people --- */

/* mounts/, locked; *ret_lock ends it. -ENOENT when there is none and it is not to be made. */
static int open_mounts(struct engine *e, bool create, int *ret_lock, struct error *err)
{
    if (e->root_fd < 0)
        return error_set(err, -ENOENT, "there is no image store at %s", e->root);
    if (create && mkdirat(e->root_fd, "mounts", 0700) < 0 && errno != EEXIST)
        return error_errno(err, -errno, "cannot make %s/mounts", e->root);
    _cleanup_close_ int dir = dir_open(e->root_fd, "mounts", err);
    if (dir < 0)
        return dir;
    _cleanup_close_ int lock = file_open(dir, "lock", O_RDWR | O_CREAT | O_NOFOLLOW, 0600, err);
    int r = lock < 0 ? lock : file_lock(lock, LOCK_EX, "the mounts of images", err);
    if (r < 0)
        return r;
    *ret_lock = TAKE_FD(lock);
    return TAKE_FD(dir);
}

static bool is_mounted(int mounts, const char *id)
{
    _cleanup_close_ int dir = dir_open(mounts, id, NULL);
    return dir >= 0 && sys_is_mount_root(dir, "root") == 1;
}

/* Empty directories; what is mounted there stays, since the mount point cannot be removed. */
static void forget(int mounts, const char *id)
{
    _cleanup_close_ int dir = dir_open(mounts, id, NULL);
    if (dir >= 0)
        unlinkat(dir, "root", AT_REMOVEDIR);
    unlinkat(mounts, id, AT_REMOVEDIR);
}

static int unmount(int mounts, const char *id, bool force, struct error *err)
{
    _cleanup_close_ int dir = dir_open(mounts, id, err);
    if (dir < 0)
        return dir;
    while (sys_is_mount_root(dir, "root") == 1) {
        int r = mnt_unmount(dir, "root", force);
        if (r == -EBUSY)
            return error_set(err, r, "somebody works in the mount of image %.12s: leave it, or use --force",
                             id);
        if (r < 0)
            return error_errno(err, r, "cannot unmount image %.12s", id);
    }
    return 0;
}

/* In between somebody could have removed it. */
static int still_there(struct engine *e, const char *id, struct error *err)
{
    _cleanup_layers_ struct layers l = { 0 };
    _cleanup_store_image_ struct store_image *image = NULL;
    int r = store_settle(e->root, err);
    return r < 0 ? r : open_layers(e, id, &l, &image, err);
}

int engine_image_mount(struct engine *e, const char *name_or_id, char **ret_path, struct error *err)
{
    _cleanup_layers_ struct layers l = { 0 };
    _cleanup_store_image_ struct store_image *image = NULL;
    _cleanup_close_ int lock = -1;
    if (rootless_inside())
        return error_set(err, -EPERM,
                         "an image is mounted by the host's root only: nobody else would see the mount");
    int r = open_layers(e, name_or_id, &l, &image, err);
    if (r < 0)
        return r;
    _cleanup_close_ int mounts = open_mounts(e, true, &lock, err);
    if (mounts < 0)
        return mounts;
    if (!is_mounted(mounts, image->id)) {
        if (mkdirat(mounts, image->id, 0700) < 0 && errno != EEXIST)
            return error_errno(err, -errno, "cannot make a directory for the mount");
        _cleanup_close_ int dir = dir_open(mounts, image->id, err);
        r = dir < 0 ? dir : mount_on(&l, false, dir, err);
        if (r == 0)
            r = still_there(e, image->id, err);
        if (r < 0) {
            (void) !unmount(mounts, image->id, true, NULL);
            forget(mounts, image->id);
            return r;
        }
    }
    *ret_path = xasprintf("%s/mounts/%s/root", e->root, image->id);
    return 0;
}

int engine_image_umount(struct engine *e, const char *name_or_id, bool force, struct error *err)
{
    _cleanup_store_ struct store *s = NULL;
    _cleanup_store_image_ struct store_image *image = NULL;
    _cleanup_close_ int lock = -1;
    const char *id = name_or_id;
    int r = hex64_valid(id) ? 0 : store_open(e->root, false, &s, err);
    if (r == 0 && s != NULL)
        r = store_find(s, name_or_id, &image, err);
    if (r != 0)
        return r < 0 ? r : -EIO;
    if (image != NULL)
        id = image->id;
    _cleanup_close_ int mounts = open_mounts(e, false, &lock, NULL);
    if (mounts < 0 || !is_mounted(mounts, id))
        return error_set(err, -ENOENT, "image %s is not mounted", name_or_id);
    r = unmount(mounts, id, force, err);
    if (r == 0)
        forget(mounts, id);
    return r;
}

struct listing {
    struct engine *e;
    int (*fn)(void *arg, const char *id, const char *path);
    void *arg;
};

static int list_one(int dirfd, const char *name, unsigned char type _unused_, void *arg)
{
    struct listing *l = arg;
    if (!hex64_valid(name))
        return 0;
    if (!is_mounted(dirfd, name)) {
        forget(dirfd, name);
        return 0;
    }
    _cleanup_free_ char *path = xasprintf("%s/mounts/%s/root", l->e->root, name);
    return l->fn(l->arg, name, path);
}

int engine_image_mounts(struct engine *e, int (*fn)(void *arg, const char *id, const char *path), void *arg,
                        struct error *err)
{
    struct listing l = { e, fn, arg };
    _cleanup_close_ int lock = -1, mounts = open_mounts(e, false, &lock, NULL);
    if (mounts == -ENOENT)
        return 0;
    return mounts < 0 ? error_errno(err, mounts, "cannot look at %s/mounts", e->root)
                      : dir_each(mounts, ".", list_one, &l, err);
}

bool engine_image_mounted(struct engine *e, const char *id)
{
    _cleanup_close_ int mounts = e->root_fd < 0 ? -1 : dir_open(e->root_fd, "mounts", NULL);
    return mounts >= 0 && is_mounted(mounts, id);
}
