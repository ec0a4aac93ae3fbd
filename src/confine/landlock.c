// SPDX-License-Identifier: Apache-2.0
/*
 * How it works: handled are all file system rights that the kernel's ABI knows. The root gets reading and executing; every mount
 * of the specification that is writable gets writing too, and a mount that is noexec cannot be taken out of the root's right
 * to execute (Landlock only adds), so where a mount is noexec, execution is granted not to "/" but to what is beside the way
 * to that mount: directory by directory, down to it. That lists what is there now, so it is done for what is read-only; what is
 * made later beside the way in a writable root (or mount) could not be executed otherwise, and there the mounts stand alone.
 *
 * Threat: a later change of the mount table (a remount by a capability that was granted, a kernel bug in mount code) that opens
 * what the mounts had closed.
 */
#include "confine/landlock.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/syscall.h>

#include "base/log.h"
#include "confine/mount_options.h"
#include "sys/file.h"
#include "sys/mnt.h"
#include "sys/root.h"

/* Rights that the 6.1 headers lack, with the ABI that brought them. */
#ifndef LANDLOCK_ACCESS_FS_REFER
#define LANDLOCK_ACCESS_FS_REFER (1ULL << 13) /* ABI 2 */
#endif
#define FS_TRUNCATE (1ULL << 14)  /* ABI 3 */
#define FS_IOCTL_DEV (1ULL << 15) /* ABI 5 */

#define FS_READ (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define FS_EXECUTE LANDLOCK_ACCESS_FS_EXECUTE
#define FS_WRITE_ABI1                                                                                 \
    (LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE | \
     LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |       \
     LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK |    \
     LANDLOCK_ACCESS_FS_MAKE_SYM)
/* Rights that a rule on a file (not a directory) may carry. */
#define FS_OF_FILE                                                                               \
    (LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_READ_FILE | \
     FS_TRUNCATE | FS_IOCTL_DEV)

struct ruleset {
    int fd, root_fd;
    uint64_t handled, write;
    const char **noexec; /* destinations of the mounts that are */
    size_t n_noexec;
};

int landlock_abi(void)
{
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    return abi < 0 ? 0 : (int) abi;
}

bool landlock_wanted(const struct oci_spec *spec)
{
    const char *v = oci_pairs_get(&spec->annotations, ANNOTATION_LANDLOCK);
    return v && str_eq(v, "on");
}

static int add_fd(const struct ruleset *rs, int fd, uint64_t access, struct error *err)
{
    struct stat st;
    if (fstat(fd, &st) < 0)
        return error_errno(err, -errno, "Landlock");
    if (!S_ISDIR(st.st_mode))
        access &= FS_OF_FILE;
    struct landlock_path_beneath_attr rule = { .allowed_access = access & rs->handled, .parent_fd = fd };
    if (rule.allowed_access &&
        syscall(SYS_landlock_add_rule, rs->fd, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) < 0)
        return error_errno(err, -errno, "Landlock refuses a rule");
    return 0;
}

static int add_path(const struct ruleset *rs, const char *path, uint64_t access, struct error *err)
{
    _cleanup_close_ int fd = root_open(rs->root_fd, path, O_PATH, err);
    return fd < 0 ? fd : add_fd(rs, fd, access, err);
}

static bool noexec(const struct mount_options *o)
{
    return (o->set | o->rec_set) & MOUNT_ATTR_NOEXEC;
}

static bool readonly(const struct mount_options *o)
{
    return (o->set | o->rec_set) & MOUNT_ATTR_RDONLY;
}

static int each_mount(const struct oci_spec *spec, struct arena *a,
                      int (*fn)(const struct oci_spec *, size_t, const struct mount_options *, void *),
                      void *arg, struct error *err)
{
    for (size_t i = 0; i < spec->n_mounts; i++) {
        struct mount_options o;
        int r = mount_options_parse(a, &spec->mounts[i], i, &o, err);
        if (r >= 0)
            r = fn(spec, i, &o, arg);
        if (r < 0)
            return r;
    }
    return 0;
}

static int find_noexec(const struct oci_spec *spec, size_t i, const struct mount_options *o, void *arg)
{
    struct ruleset *rs = arg;
    if (noexec(o) && !str_eq(spec->mounts[i].destination, "/"))
        rs->noexec[rs->n_noexec++] = spec->mounts[i].destination;
    return 0;
}

/* Is a noexec mount somewhere below path ("" is the root)? */
static bool leads_to_noexec(const struct ruleset *rs, const char *path)
{
    for (size_t i = 0; i < rs->n_noexec; i++) {
        const char *rest = str_after(rs->noexec[i], path);
        if (rest && rest[0] == '/' && rest[1] != '\0')
            return true;
    }
    return false;
}

struct grant {
    const struct ruleset *rs;
    struct error *err;
};

/* Is path the place of a mount of the specification? Those are granted by themselves. */
static bool is_mount_point(const struct oci_spec *spec, const char *path)
{
    for (size_t i = 0; i < spec->n_mounts; i++)
        if (str_eq(spec->mounts[i].destination, path))
            return true;
    return false;
}

struct level {
    const struct oci_spec *spec;
    struct grant g;
    const char *path; /* "" for the root */
};

/* Execution for one entry of a directory on the way to a noexec mount; on with the way, if it is the next step of that. */
static int grant_beside(int dirfd, const char *name, unsigned char type, void *arg)
{
    const struct level *l = arg;
    _cleanup_free_ char *path = xasprintf("%s/%s", l->path, name);
    if (type == DT_LNK || is_mount_point(l->spec, path))
        return 0;
    if (leads_to_noexec(l->g.rs, path)) {
        struct level next = { l->spec, l->g, path };
        return dir_each(dirfd, name, grant_beside, &next, l->g.err);
    }
    _cleanup_close_ int fd = openat(dirfd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    return fd < 0 ? -errno : add_fd(l->g.rs, fd, FS_READ | FS_EXECUTE, l->g.err);
}

static int grant_mount(const struct oci_spec *spec, size_t i, const struct mount_options *o, void *arg)
{
    const struct grant *g = arg;
    const char *path = spec->mounts[i].destination;
    if (str_eq(path, "/"))
        return 0;
    bool split = (readonly(o) || str_eq(path, "/dev")) && !noexec(o) && leads_to_noexec(g->rs, path);
    uint64_t access = FS_READ | FS_IOCTL_DEV;
    if (!noexec(o) && !split)
        access |= FS_EXECUTE;
    if (!readonly(o) || str_eq(path, "/dev")) /* nodes stay writable on a read-only /dev */
        access |= g->rs->write;
    int r = add_path(g->rs, path, access, g->err);
    if (r < 0 || !split)
        return r;
    struct level l = { spec, *g, path };
    _cleanup_close_ int fd = root_open(g->rs->root_fd, path, O_RDONLY | O_DIRECTORY, g->err);
    return fd < 0 ? fd : dir_each(fd, ".", grant_beside, &l, g->err);
}

static int grant_root(const struct oci_spec *spec, const struct ruleset *rs, struct error *err)
{
    uint64_t access = FS_READ | FS_IOCTL_DEV;
    if (!spec->root_readonly)
        access |= rs->write;
    if (rs->n_noexec == 0 || !spec->root_readonly)
        return add_fd(rs, rs->root_fd, access | FS_EXECUTE, err);
    int r = add_fd(rs, rs->root_fd, access, err);
    struct level l = { spec, { rs, err }, "" };
    return r < 0 ? r : dir_each(rs->root_fd, ".", grant_beside, &l, err);
}

static int make_ruleset(int abi, struct ruleset *rs, struct error *err)
{
    rs->write = FS_WRITE_ABI1 | (abi >= 2 ? LANDLOCK_ACCESS_FS_REFER : 0) | (abi >= 3 ? FS_TRUNCATE : 0);
    rs->handled = FS_READ | FS_EXECUTE | rs->write | (abi >= 5 ? FS_IOCTL_DEV : 0);
    struct landlock_ruleset_attr attr = { .handled_access_fs = rs->handled };
    rs->fd = (int) syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr.handled_access_fs), 0);
    return rs->fd < 0 ? error_errno(err, -errno, "cannot make a Landlock ruleset") : 0;
}

static int fill_ruleset(const struct oci_spec *spec, struct ruleset *rs, struct error *err)
{
    _cleanup_arena_ struct arena *a = arena_new();
    rs->noexec = arena_array(a, spec->n_mounts + 1, sizeof(*rs->noexec));
    int r = each_mount(spec, a, find_noexec, rs, err);
    if (r >= 0)
        r = grant_root(spec, rs, err);
    struct grant g = { rs, err };
    return r < 0 ? r : each_mount(spec, a, grant_mount, &g, err);
}

int landlock_apply(const struct oci_spec *spec, int exec_fd, struct error *err)
{
    int abi = landlock_wanted(spec) ? landlock_abi() : 0;
    if (abi == 0) {
        if (landlock_wanted(spec))
            log_debug("this kernel has no Landlock: the mounts stand alone");
        return 0;
    }
    if (!spec->process.no_new_privileges)
        return error_set(err, -EINVAL, "annotations." ANNOTATION_LANDLOCK ": needs process.noNewPrivileges");
    _cleanup_close_ int root_fd = dir_open(AT_FDCWD, "/", err);
    if (root_fd < 0)
        return root_fd;
    struct ruleset rs = { .fd = -1, .root_fd = root_fd };
    int r = make_ruleset(abi, &rs, err);
    if (r >= 0)
        r = fill_ruleset(spec, &rs, err);
    if (r >= 0 && exec_fd >= 0)
        r = add_fd(&rs, exec_fd, FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE, err);
    if (r >= 0 && syscall(SYS_landlock_restrict_self, rs.fd, 0) < 0)
        r = error_errno(err, -errno, "cannot apply the Landlock rules");
    cleanup_close(&rs.fd);
    return r;
}
