// SPDX-License-Identifier: Apache-2.0
/*
 * How: each side's path becomes a descriptor of a directory and, where it is no directory itself, one name in it; from there on nothing is
 * looked up by path any more. image/copy.h does the rest with these.
 *
 * Threat: a container that changes its names while they are walked. On its side each step is openat2(RESOLVE_IN_ROOT) from its root, links
 * too, so the worst that it can reach is that another of its own files is copied.
 */
#include "engine/copy.h"

#include <errno.h>
#include <limits.h>
#include <linux/magic.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>

#include "engine/engine_internal.h"
#include "engine/files.h"
#include "sys/file.h"
#include "sys/root.h"

#define LINKS_MAX 40

/* One side: the container's root, or the host (-1). */
struct side {
    int root;
    const char *where; /* "NAME:" before a path in messages, "" */
};

/* What a path says by its form alone. */
struct form {
    char dir[PATH_MAX], name[NAME_MAX + 1]; /* name "": the root, or a path that ends in "." or ".." */
    bool slash;                             /* it ends in one */
};

/* A path, found: fd is the directory itself, or the one in which name is. */
struct spot {
    int fd;
    char name[NAME_MAX + 1];
    bool exists, is_dir;
    struct stat st;
};
#define SPOT_NONE \
    {             \
        .fd = -1  \
    }
static void spot_close(struct spot *s)
{
    if (s->fd >= 0)
        close(s->fd);
}
#define _cleanup_spot_ __attribute__((cleanup(spot_close)))

static int too_long(const char *path, struct error *err)
{
    return error_set(err, -ENAMETOOLONG, "the path %.100s... is too long", path);
}

static int read_form(const char *path, struct form *ret, struct error *err)
{
    size_t end = strlen(path);
    *ret = (struct form){ .slash = end > 0 && path[end - 1] == '/' };
    while (end > 0 && path[end - 1] == '/')
        end--;
    size_t start = end;
    while (start > 0 && path[start - 1] != '/')
        start--;
    const char *name = path + start;
    size_t n = end - start;
    bool dots = (n == 1 && name[0] == '.') || (n == 2 && name[0] == '.' && name[1] == '.');
    if (n == 0 || dots)
        return str_format(ret->dir, sizeof(ret->dir), "%s", *path == '\0' ? "." : path) < 0
                   ? too_long(path, err)
                   : 0;
    if (str_format(ret->name, sizeof(ret->name), "%.*s", (int) n, name) < 0 ||
        str_format(ret->dir, sizeof(ret->dir), "%.*s", start > 0 ? (int) start : 1, start > 0 ? path : ".") <
            0)
        return too_long(path, err);
    return 0;
}

static int open_dir(const struct side *s, const char *path, struct error *err)
{
    struct error why = { 0 };
    int fd = s->root >= 0 ? root_open(s->root, path, O_RDONLY | O_DIRECTORY, &why)
                          : file_open(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, 0, &why);
    if (fd == -ENOENT)
        return error_set(err, fd, "there is no %s%s", s->where, path);
    if (fd == -ENOTDIR)
        return error_set(err, fd, "%s%s is not a directory", s->where, path);
    return fd < 0 ? error_set(err, fd, "%s", why.msg) : fd;
}

/* path itself, or, where it is a link and follow says so, what it leads to. Not to exist is no error if its parent does. */
static int find(const struct side *s, const char *path, bool follow, struct spot *ret, struct error *err)
{
    char now[PATH_MAX], target[PATH_MAX];
    struct form f;
    if (str_format(now, sizeof(now), "%s", path) < 0)
        return too_long(path, err);
    for (int links = 0; links <= LINKS_MAX; links++) {
        int r = read_form(now, &f, err);
        if (r < 0)
            return r;
        _cleanup_close_ int fd = open_dir(s, f.dir, err);
        if (fd < 0)
            return fd;
        if (f.name[0] == '\0') {
            *ret = (struct spot){ .fd = TAKE_FD(fd), .exists = true, .is_dir = true };
            return 0;
        }
        struct spot spot = { .fd = fd };
        memcpy(spot.name, f.name, sizeof(spot.name));
        spot.exists = fstatat(fd, f.name, &spot.st, AT_SYMLINK_NOFOLLOW) == 0;
        if (!spot.exists && errno != ENOENT)
            return error_errno(err, -errno, "cannot look at %s%s", s->where, path);
        if (!spot.exists || !S_ISLNK(spot.st.st_mode) || !(follow || f.slash)) {
            if (spot.exists && S_ISDIR(spot.st.st_mode)) {
                spot.fd = s->root >= 0 ? root_open(fd, f.name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, err)
                                       : dir_open(fd, f.name, err);
                spot.is_dir = true;
                if (spot.fd < 0)
                    return spot.fd;
            } else {
                if (spot.exists && f.slash)
                    return error_set(err, -ENOTDIR, "%s%s is not a directory", s->where, path);
                spot.fd = TAKE_FD(fd);
            }
            *ret = spot;
            return 0;
        }
        ssize_t n = readlinkat(fd, f.name, target, sizeof(target) - 1);
        if (n <= 0)
            return error_errno(err, n < 0 ? -errno : -EINVAL, "cannot read the link %s%s", s->where, path);
        target[n] = '\0';
        if (str_format(now, sizeof(now), "%s%s%s%s", target[0] == '/' ? "" : f.dir,
                       target[0] == '/' ? "" : "/", target, f.slash ? "/" : "") < 0)
            return too_long(path, err);
    }
    return error_set(err, -ELOOP, "%s%s: too many links", s->where, path);
}

/* What is in the kernel's own file systems has no size and no end. */
static int refuse_kernels(const struct side *s, const char *path, int fd, struct error *err)
{
    static const long kinds[] = { PROC_SUPER_MAGIC, SYSFS_MAGIC, CGROUP_SUPER_MAGIC, CGROUP2_SUPER_MAGIC };
    struct statfs fs;
    if (fstatfs(fd, &fs) < 0)
        return error_errno(err, -errno, "cannot look at %s%s", s->where, path);
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        if (fs.f_type == kinds[i])
            return error_set(err, -EINVAL,
                             "%s%s is the kernel's and no file of the container; \"oakum exec\" can read it",
                             s->where, path);
    return 0;
}

/* The source's own name in a directory that it is copied into; "." when its contents are meant. */
static int find_source(const struct side *s, const char *path, bool follow, struct spot *ret,
                       const char **ret_as, struct form *form, struct error *err)
{
    int r = read_form(path, form, err);
    if (r == 0)
        r = find(s, path, follow, ret, err);
    if (r == 0 && !ret->exists)
        r = error_set(err, -ENOENT, "there is no %s%s", s->where, path);
    *ret_as = form->name[0] == '\0' ? NULL : form->name;
    if (r == 0 && !ret->is_dir && S_ISSOCK(ret->st.st_mode))
        r = error_set(err, -EINVAL, "%s%s is a socket, which cannot be copied", s->where, path);
    if (r == 0 && !ret->is_dir && (S_ISCHR(ret->st.st_mode) || S_ISBLK(ret->st.st_mode)))
        r = error_set(err, -EINVAL, "%s%s is a device, which cannot be copied", s->where, path);
    return r < 0 || s->root < 0 ? r : refuse_kernels(s, path, ret->fd, err);
}

static int check_writable(const struct side *s, const struct engine_files *f, const char *path, int fd,
                          struct error *err)
{
    struct statvfs v;
    int r = refuse_kernels(s, path, fd, err);
    if (r < 0)
        return r;
    if (fstatvfs(fd, &v) < 0)
        return error_errno(err, -errno, "cannot look at %s%s", s->where, path);
    if (!(v.f_flag & ST_RDONLY))
        return 0;
    struct stat root, st;
    bool is_root = fstat(f->root, &root) == 0 && fstat(fd, &st) == 0 && root.st_dev == st.st_dev;
    if (is_root)
        return error_set(
            err, -EROFS,
            "the root of container %s is read-only: run it with --read-only=false, or copy into a volume with :rw",
            f->name);
    return error_set(err, -EROFS, "%s%s lies in a mount that is read-only: give the volume with :rw",
                     s->where, path);
}

/* Docker's table: where it goes, and under which name (NULL: its contents go into the directory). */
static int find_target(const struct side *s, const char *path, bool source_is_dir, const char **as,
                       struct spot *ret, struct error *err)
{
    struct form f;
    int r = read_form(path, &f, err);
    if (r == 0)
        r = find(s, path, true, ret, err);
    if (r < 0)
        return r;
    if (ret->exists && ret->is_dir)
        return 0;
    if (ret->exists && !S_ISREG(ret->st.st_mode))
        return error_set(err, -EINVAL, "%s%s is neither a directory nor a regular file", s->where, path);
    if (ret->exists && source_is_dir)
        return error_set(err, -ENOTDIR, "a directory cannot be copied onto the file %s%s", s->where, path);
    if (!ret->exists && f.slash && !source_is_dir)
        return error_set(err, -ENOENT,
                         "there is no directory %s%s; make it first, or leave the / at the end out", s->where,
                         path);
    *as = ret->name;
    return 0;
}

static int copy_between(const struct side *from, const struct side *to, const struct engine_files *f,
                        const struct copy_request *req, struct copy_report *ret, struct error *err)
{
    const char *source_path = req->to_container ? req->host : req->inside,
               *target_path = req->to_container ? req->inside : req->host, *as;
    _cleanup_spot_ struct spot source = SPOT_NONE, target = SPOT_NONE;
    struct form form;
    struct stat root, st;
    int r = find_source(from, source_path, req->follow, &source, &as, &form, err);
    if (r == 0)
        r = find_target(to, target_path, source.is_dir, &as, &target, err);
    if (r == 0 && req->to_container)
        r = check_writable(to, f, target_path, target.fd, err);
    if (r < 0)
        return r;
    const struct copy_source source_side = { .dir = source.fd,
                                             .only = source.is_dir ? NULL : source.name,
                                             .as = as,
                                             .userns = req->to_container ? 0 : f->userns };
    const struct copy_target target_side = {
        .dir = target.fd,
        .userns = req->to_container ? f->userns : 0,
        .keep_owners = req->keep_owners,
        .root = req->to_container && fstat(f->root, &root) == 0 && fstat(target.fd, &st) == 0 &&
                root.st_dev == st.st_dev && root.st_ino == st.st_ino,
        .plain_modes = !req->to_container,
    };
    return copy_files(&source_side, &target_side, ret, err);
}

static int copy_to_stream(const struct side *from, const struct engine_files *f,
                          const struct copy_request *req, struct copy_report *ret, struct error *err)
{
    _cleanup_spot_ struct spot source = SPOT_NONE;
    struct form form;
    const char *as;
    int r = find_source(from, req->inside, req->follow, &source, &as, &form, err);
    const struct copy_source side = {
        .dir = source.fd, .only = source.is_dir ? NULL : source.name, .as = as, .userns = f->userns
    };
    return r < 0 ? r : copy_out(&side, req->stream, ret, err);
}

static int copy_from_stream(const struct side *to, const struct engine_files *f,
                            const struct copy_request *req, struct copy_report *ret, struct error *err)
{
    _cleanup_spot_ struct spot target = SPOT_NONE;
    struct stat root;
    int r = find(to, req->inside, true, &target, err);
    if (r == 0 && !target.is_dir)
        r = error_set(err, -ENOTDIR, "%s%s must be a directory: an archive is unpacked into it", to->where,
                      req->inside);
    if (r == 0)
        r = check_writable(to, f, req->inside, target.fd, err);
    if (r == 0 && fstat(target.fd, &target.st) < 0)
        r = error_errno(err, -errno, "cannot look at %s%s", to->where, req->inside);
    if (r < 0)
        return r;
    const struct copy_target side = { .dir = target.fd,
                                      .userns = f->userns,
                                      .keep_owners = req->keep_owners,
                                      .root = fstat(f->root, &root) == 0 && root.st_dev == target.st.st_dev &&
                                              root.st_ino == target.st.st_ino };
    return copy_in(req->stream, &side, ret, err);
}

int engine_copy(struct engine *e, const struct copy_request *asked, struct copy_report *ret,
                struct error *err)
{
    _cleanup_engine_files_ struct engine_files f = ENGINE_FILES_NONE;
    struct copy_request req = *asked;
    _cleanup_free_ char *inside = xasprintf("%s%s", req.inside[0] == '/' ? "" : "/", req.inside);
    _cleanup_free_ char *where = xasprintf("%s:", req.container);
    req.inside = inside;
    int r = engine_files_open(e, req.container, &f, err);
    if (r < 0)
        return r;
    const struct side container = { f.root, where }, host = { -1, "" };
    if (req.host == NULL)
        return req.to_container ? copy_from_stream(&container, &f, &req, ret, err)
                                : copy_to_stream(&container, &f, &req, ret, err);
    return req.to_container ? copy_between(&host, &container, &f, &req, ret, err)
                            : copy_between(&container, &host, &f, &req, ret, err);
}
