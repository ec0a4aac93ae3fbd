// SPDX-License-Identifier: Apache-2.0
/*
 * How it works: what is masked is covered: a directory by a clone of one empty read-only tmpfs, anything else by a clone of the
 * null device that the parent made. What is read-only is covered by a read-only clone of itself.
 *
 * Threat: the thing laid over a path is not what it should be. CVE-2025-31133: the container's /dev/null was swapped for a link
 * to the file that should be hidden. Here the cover is a node of our own making, checked to be character device 1:3. And the thing
 * that is covered: somebody who shares the root may rename /proc between its mount and the masks, so that they miss. So what lies in
 * procfs or sysfs is looked up from that mount, by descriptor, and not through the root. Names in the top directory of those two
 * are the kernel's own (its links there, such as mounts and net, stay in procfs), so they are used as they are, without a walk.
 */
#include <errno.h>
#include <sys/sysmacros.h>

#include "confine/mounts_internal.h"
#include "sys/mnt.h"
#include "sys/root.h"

/* What follows directory in path, NULL when path does not lie in it. Trailing slashes of directory do not count. */
static const char *path_within(const char *path, const char *directory)
{
    size_t n = strlen(directory);
    while (n > 0 && directory[n - 1] == '/')
        n--;
    return strncmp(path, directory, n) == 0 && (path[n] == '/' || path[n] == '\0') ? path + n : NULL;
}

static bool climbs(const char *path)
{
    for (const char *dots = strstr(path, "/.."); dots; dots = strstr(dots + 1, "/.."))
        if (dots[3] == '/' || dots[3] == '\0')
            return true;
    return false;
}

/*
 * The procfs or sysfs on which path lies, -1 if it lies on another mount; of mounts on one place the last is on top. Changes path
 * to what is left of it from there.
 */
static int kernel_mount_of(const struct mounts *m, const char **path)
{
    const char *p = *path;
    while (p[0] == '/' && p[1] == '/')
        p++;
    for (size_t i = climbs(p) ? 0 : m->n_entries; i-- > 0;) {
        const struct mount_entry *e = &m->entries[i];
        const char *rest = path_within(p, e->m->destination);
        if (!rest)
            continue;
        if (e->kind != MOUNT_FS || (!str_eq(e->m->type, "proc") && !str_eq(e->m->type, "sysfs")))
            return -1;
        *path = rest;
        return e->fd;
    }
    return -1;
}

/* What is to be covered: the object of fd if name is empty, the entry name of that directory otherwise. */
struct place {
    int fd;
    const char *name;
    int own; /* fd, if it is to be closed; -1 otherwise */
};

static void place_done(struct place *p)
{
    cleanup_close(&p->own);
}
#define _cleanup_place_ __attribute__((cleanup(place_done)))

/* -ENOENT when there is nothing to be covered. */
static int find_place(const struct mounts *m, int root_fd, const char *path, struct place *ret,
                      struct error *err)
{
    const char *rest = path;
    int from = kernel_mount_of(m, &rest);
    const char *name = rest + strspn(rest, "/");
    if (from >= 0 && name[0] != '\0' && !strchr(name, '/')) {
        *ret = (struct place){ from, name, -1 };
        return 0;
    }
    int fd = root_open(from < 0 ? root_fd : from, rest, O_PATH, NULL);
    if (fd == -ENOENT || fd == -ENOTDIR)
        return -ENOENT;
    if (fd < 0)
        return error_errno(err, fd, "cannot open %s in the root", path);
    *ret = (struct place){ fd, "", fd };
    return 0;
}

static int cover(int mount_fd, const struct place *p, struct error *err)
{
    if (p->own >= 0)
        return mnt_attach(mount_fd, p->fd, err);
    if (sys_move_mount(mount_fd, "", p->fd, p->name, MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_SYMLINKS) < 0)
        return error_errno(err, -errno, "cannot cover it");
    return 0;
}

static int empty_directory(const struct mounts *m, struct error *err)
{
    const char *const options[] = { "mode=555", "nr_inodes=2", m->label, NULL };
    return mnt_new("tmpfs", NULL, options,
                   MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC, err);
}

static int check_null(int fd, struct error *err)
{
    struct stat st;
    if (fstat(fd, &st) < 0 || !S_ISCHR(st.st_mode) || st.st_rdev != makedev(1, 3))
        return error_set(err, -EPERM, "the null device is not character device 1:3");
    return 0;
}

/* The first directory gets the tmpfs itself; the others get clones of it, which works once it is attached somewhere in this namespace. */
static int cover_directory(const struct mounts *m, const struct place *p, int *empty, struct error *err)
{
    if (*empty < 0) {
        *empty = empty_directory(m, err);
        return *empty < 0 ? *empty : cover(*empty, p, err);
    }
    _cleanup_close_ int clone = mnt_clone(*empty, "", false, err);
    return clone < 0 ? clone : cover(clone, p, err);
}

static int cover_file(const struct place *p, int null_fd, struct error *err)
{
    _cleanup_close_ int clone = mnt_clone(null_fd, "", false, err);
    return clone < 0 ? clone : cover(clone, p, err);
}

static int mask(const struct mounts *m, int root_fd, const char *path, int *empty, struct error *err)
{
    _cleanup_place_ struct place p = { .name = "", .own = -1 };
    struct stat st;
    int r = find_place(m, root_fd, path, &p, err);
    if (r < 0)
        return r == -ENOENT ? 0 : r;
    if (fstatat(p.fd, p.name, &st, AT_EMPTY_PATH) < 0)
        return errno == ENOENT ? 0 : error_errno(err, -errno, "cannot look at it");
    return S_ISDIR(st.st_mode) ? cover_directory(m, &p, empty, err) : cover_file(&p, m->null_fd, err);
}

static int make_readonly(const struct mounts *m, int root_fd, const char *path, struct error *err)
{
    const char *rest = path;
    int whole = kernel_mount_of(m, &rest);
    if (whole >= 0 &&
        rest[strspn(rest, "/")] == '\0') /* itself: a cover would hide it from the masks that follow */
        return mount_attrs(whole, MOUNT_ATTR_RDONLY, 0, 0, -1, true, err);
    _cleanup_place_ struct place p = { .name = "", .own = -1 };
    int r = find_place(m, root_fd, path, &p, err);
    if (r < 0)
        return r == -ENOENT ? 0 : r;
    _cleanup_close_ int clone = mnt_clone_attr(p.fd, p.name, true, MOUNT_ATTR_RDONLY, 0, 0, err);
    if (clone < 0)
        return clone == -ENOENT ? 0 : clone;
    return cover(clone, &p, err);
}

int mounts_seal(struct mounts *m, int root_fd, struct error *err)
{
    const struct oci_linux *l = &m->spec->linux_;
    _cleanup_close_ int empty = -1;
    int r = l->masked_paths.n > 0 ? check_null(m->null_fd, err) : 0;
    for (size_t i = 0; r >= 0 && i < l->readonly_paths.n; i++) {
        r = make_readonly(m, root_fd, l->readonly_paths.v[i], err);
        if (r < 0)
            return error_context(err, r, "linux.readonlyPaths[%zu] (%s)", i, l->readonly_paths.v[i]);
    }
    for (size_t i = 0; r >= 0 && i < l->masked_paths.n; i++) {
        r = mask(m, root_fd, l->masked_paths.v[i], &empty, err);
        if (r < 0)
            return error_context(err, r, "linux.maskedPaths[%zu] (%s)", i, l->masked_paths.v[i]);
    }
    if (r >= 0 && m->spec->root_readonly)
        r = mount_attrs(root_fd, MOUNT_ATTR_RDONLY, 0, 0, -1, false, err);
    return r;
}
