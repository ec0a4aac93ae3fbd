// SPDX-License-Identifier: Apache-2.0
/*
 * How it works: the parent makes one tmpfs with the device nodes and links while it is detached; it becomes /dev, or, where the
 * specification mounts no tmpfs there, the source of bind mounts. mknod needs no rights inside the container this way, and
 * the nodes work in a user namespace, where nodes made inside would not. Where the kernel lets us make none (mknod is root's in
 * the first user namespace), the host's own nodes are bound: the parent opens and checks them, the child binds them onto empty files.
 *
 * Threats: a /dev that is a symbolic link, or a /dev/null or /dev/console that is one, in the image (crun CVE-2026-47766 and
 * relatives): nothing of the image's is opened for writing or made a device; targets are resolved in-root. A console on a pty
 * that is not ours (CVE-2025-52565): the pty comes from the devpts instance that we have just mounted, by descriptor.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>
#include <termios.h>

#include "confine/mounts_internal.h"
#include "confine/namespaces.h"
#include "sys/mnt.h"
#include "sys/root.h"

/* Devices that every container has (runtime-spec config-linux.md "Default Devices"). */
static const struct {
    const char *name;
    unsigned major, minor;
} default_nodes[] = { { "null", 1, 3 },   { "zero", 1, 5 },    { "full", 1, 7 },
                      { "random", 1, 8 }, { "urandom", 1, 9 }, { "tty", 5, 0 } };

static const struct {
    const char *name, *target;
} links[] = {
    { "fd", "/proc/self/fd" },       { "stdin", "/proc/self/fd/0" }, { "stdout", "/proc/self/fd/1" },
    { "stderr", "/proc/self/fd/2" }, { "ptmx", "pts/ptmx" },
};
static const char *const directories[] = { "pts", "shm", "mqueue" };

/* The part of a device's path below /dev, or NULL when it lies elsewhere. */
static const char *below_dev(const char *path)
{
    const char *rest = str_after(path, "/dev/");
    return str_empty(rest) ? NULL : rest;
}

static int node_mode(const struct oci_device *d, mode_t *ret)
{
    static const struct {
        const char *type;
        mode_t mode;
    } types[] = { { "c", S_IFCHR }, { "u", S_IFCHR }, { "b", S_IFBLK }, { "p", S_IFIFO } };
    for (size_t i = 0; i < ARRAY_LEN(types); i++)
        if (str_eq(d->type, types[i].type)) {
            *ret = types[i].mode | (d->file_mode.set ? d->file_mode.v & 07777 : 0666);
            return 0;
        }
    return -EINVAL;
}

struct node {
    mode_t type; /* S_IFCHR, S_IFBLK */
    unsigned major, minor;
};

/* The descriptor goes to the list; the same name again takes the place of the first. */
static int add_bind(struct mounts *m, const char *name, int fd, struct error *err)
{
    for (size_t i = 0; i < m->n_binds; i++)
        if (str_eq(m->binds[i].name, name)) {
            cleanup_close(&m->binds[i].fd);
            m->binds[i].fd = fd;
            return 0;
        }
    int file = openat(m->nodes_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0444);
    if (file < 0) {
        int code = -errno;
        close(fd);
        return error_errno(err, code, "cannot make a file to bind the node to");
    }
    close(file);
    m->binds = arena_grow(m->arena, m->binds, m->n_binds, m->n_binds + 1, sizeof(*m->binds));
    m->binds[m->n_binds++] = (struct device_bind){ arena_strdup(m->arena, name), fd };
    return 0;
}

static int bind_host_node(struct mounts *m, const char *name, struct node node, struct error *err)
{
    char path[PATH_MAX];
    struct stat st;
    if (str_format(path, sizeof(path), "/dev/%s", name) < 0)
        return error_set(err, -ENAMETOOLONG, "the name is too long");
    int fd = mnt_clone_attr(AT_FDCWD, path, false, 0, 0, MS_PRIVATE, err);
    if (fd < 0)
        return error_context(err, fd, "cannot make the node (needs CAP_MKNOD) nor bind the host's");
    if (fstat(fd, &st) < 0 || (st.st_mode & S_IFMT) != node.type ||
        st.st_rdev != makedev(node.major, node.minor)) {
        close(fd);
        return error_set(err, -EPERM,
                         "cannot make the node (needs CAP_MKNOD), and the host's %s is not device %u:%u",
                         path, node.major, node.minor);
    }
    return add_bind(m, name, fd, err);
}

int devices_attach(struct mounts *m, struct error *err)
{
    for (size_t i = 0; i < m->n_binds; i++) {
        _cleanup_close_ int target = openat(m->nodes_fd, m->binds[i].name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
        int r = target < 0 ? error_errno(err, -errno, "cannot open it")
                           : mnt_attach(m->binds[i].fd, target, err);
        if (r < 0)
            return error_context(err, r, "/dev/%s", m->binds[i].name);
    }
    return 0;
}

void devices_free(struct mounts *m)
{
    for (size_t i = 0; i < m->n_binds; i++)
        cleanup_close(&m->binds[i].fd);
}

static int make_node(struct mounts *m, const struct oci_device *d, const char *name, struct error *err)
{
    const struct oci_linux *l = &m->spec->linux_;
    mode_t mode;
    const char *slash = strrchr(name, '/');
    if (node_mode(d, &mode) < 0)
        return error_set(err, -EINVAL, "unknown device type \"%s\"", d->type);
    _cleanup_free_ char *parent = slash ? xstrndup(name, (size_t) (slash - name)) : NULL;
    _cleanup_close_ int dir = parent ? root_mkdir_all(m->nodes_fd, parent, 0755, err)
                                     : fcntl(m->nodes_fd, F_DUPFD_CLOEXEC, 3);
    if (dir < 0)
        return dir;
    const char *base = slash ? slash + 1 : name;
    struct node node = { mode & S_IFMT, (unsigned) d->major, (unsigned) d->minor };
    if (m->n_binds > 0 && node.type != S_IFIFO)
        return bind_host_node(m, name, node, err);
    if (mknodat(dir, base, mode, makedev((unsigned) d->major, (unsigned) d->minor)) < 0) {
        if (errno != EEXIST)
            return error_errno(err, -errno, "cannot make the node (needs CAP_MKNOD)");
        if (unlinkat(dir, base, 0) < 0 ||
            mknodat(dir, base, mode, makedev((unsigned) d->major, (unsigned) d->minor)) < 0)
            return error_errno(err, -errno, "cannot replace the node");
    }
    uint32_t uid = namespace_host_id(&l->uid_mappings, d->uid.v),
             gid = namespace_host_id(&l->gid_mappings, d->gid.v);
    if ((uid != 0 || gid != 0) && fchownat(dir, base, uid, gid, AT_SYMLINK_NOFOLLOW) < 0)
        return error_errno(err, -errno, "cannot give the node its owner");
    return 0;
}

static int make_default_nodes(struct mounts *m, struct error *err)
{
    for (size_t i = 0; i < ARRAY_LEN(default_nodes); i++) {
        const char *name = default_nodes[i].name;
        struct node node = { S_IFCHR, default_nodes[i].major, default_nodes[i].minor };
        int r = 0;
        if (m->n_binds > 0)
            r = bind_host_node(m, name, node, err);
        else if (mknodat(m->nodes_fd, name, S_IFCHR | 0666, makedev(node.major, node.minor)) < 0)
            r = errno == EPERM ? bind_host_node(m, name, node, err)
                               : error_errno(err, -errno, "cannot make the node (needs CAP_MKNOD)");
        if (r < 0)
            return error_context(err, r, "/dev/%s", name);
    }
    return 0;
}

/* The parent's descriptor of null: the node, or, bound, the mount that will lie on its place. */
static int open_null(const struct mounts *m)
{
    for (size_t i = 0; i < m->n_binds; i++)
        if (str_eq(m->binds[i].name, "null"))
            return fcntl(m->binds[i].fd, F_DUPFD_CLOEXEC, 3);
    return openat(m->nodes_fd, "null", O_PATH | O_NOFOLLOW | O_CLOEXEC);
}

/* A device outside of /dev waits on a tmpfs of its own to be bound where it belongs. */
static int make_outside(struct mounts *m, size_t index, struct error *err)
{
    const struct oci_linux *l = &m->spec->linux_;
    const struct oci_device *d = &l->devices[index];
    char name[24];
    mode_t mode;
    const char *const options[] = { m->label, NULL };
    if (m->outside_fd < 0)
        m->outside_fd = mnt_new("tmpfs", NULL, options, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, err);
    if (m->outside_fd < 0)
        return m->outside_fd;
    if (node_mode(d, &mode) < 0 || str_format(name, sizeof(name), "%zu", index) < 0)
        return error_set(err, -EINVAL, "unknown device type \"%s\"", d->type);
    if (mknodat(m->outside_fd, name, mode, makedev((unsigned) d->major, (unsigned) d->minor)) < 0)
        return error_errno(err, -errno, "cannot make the node (needs CAP_MKNOD)");
    uint32_t uid = namespace_host_id(&l->uid_mappings, d->uid.v),
             gid = namespace_host_id(&l->gid_mappings, d->gid.v);
    if ((uid != 0 || gid != 0) && fchownat(m->outside_fd, name, uid, gid, AT_SYMLINK_NOFOLLOW) < 0)
        return error_errno(err, -errno, "cannot give the node its owner");
    return 0;
}

/*
 * docker and containerd list every device of the host for a privileged container. /dev/ptmx is the link to the container's own devpts all
 * the same (config-linux.md, "Default Devices"): the host's node would be another way to the same instance at best.
 */
static bool is_ptmx(const struct mounts *m, const struct oci_device *d)
{
    return m->dev && str_eq(d->path, "/dev/ptmx") && (str_eq(d->type, "c") || str_eq(d->type, "u")) &&
           d->major == 5 && d->minor == 2;
}

static int fill(struct mounts *m, struct error *err)
{
    int r = make_default_nodes(m, err);
    if (r < 0)
        return r;
    for (size_t i = 0; i < m->spec->linux_.n_devices; i++) {
        const struct oci_device *d = &m->spec->linux_.devices[i];
        const char *name = below_dev(d->path);
        if (is_ptmx(m, d))
            continue;
        r = name ? make_node(m, d, name, err) : make_outside(m, i, err);
        if (r < 0)
            return error_context(err, r, "linux.devices[%zu] (%s)", i, d->path);
    }
    if (!m->dev)
        return 0;
    for (size_t i = 0; i < ARRAY_LEN(links); i++)
        if (symlinkat(links[i].target, m->nodes_fd, links[i].name) < 0)
            return error_errno(err, -errno, "/dev/%s", links[i].name);
    for (size_t i = 0; i < ARRAY_LEN(directories); i++)
        if (mkdirat(m->nodes_fd, directories[i], 0755) < 0)
            return error_errno(err, -errno, "/dev/%s", directories[i]);
    return 0;
}

/* Options of the tmpfs: the specification's, with the owner that the container knows as root. */
static const char **tmpfs_options(struct mounts *m)
{
    size_t n = 0;
    for (const char **o = m->dev ? m->dev->opt.data : NULL; o && o[n]; n++)
        ;
    const char **list = arena_array(m->arena, n + 4, sizeof(*list));
    if (n > 0)
        memcpy(list, m->dev->opt.data, n * sizeof(*list));
    if (m->host_root_uid != 0)
        list[n++] = arena_printf(m->arena, "uid=%u", m->host_root_uid);
    if (m->host_root_gid != 0)
        list[n++] = arena_printf(m->arena, "gid=%u", m->host_root_gid);
    list[n] = m->label;
    return list;
}

int devices_prepare(struct mounts *m, struct error *err)
{
    uint64_t set = m->dev ? m->dev->opt.set | m->dev->opt.rec_set : MOUNT_ATTR_NOEXEC;
    if (set & MOUNT_ATTR_NODEV)
        return error_set(err, -EINVAL, "mounts[%zu].options: nodev on /dev would make its devices useless",
                         m->dev->index);
    /* ro comes at the end of the child's work: it has to be filled, and mount points below it may have to be made. */
    set = (set | MOUNT_ATTR_NOSUID) & ~(uint64_t) MOUNT_ATTR_RDONLY;
    if (m->dev)
        set &= ~m->dev->opt.clear;
    const char *source = m->dev && !str_empty(m->dev->m->source) ? m->dev->m->source : NULL;
    m->nodes_fd = mnt_new("tmpfs", source, tmpfs_options(m), (unsigned) set, err);
    if (m->nodes_fd < 0)
        return error_context(err, m->nodes_fd, "/dev");
    mode_t old = umask(0);
    int r = fill(m, err);
    umask(old);
    if (r < 0)
        return r;
    m->null_fd = open_null(m);
    if (m->null_fd < 0)
        return error_errno(err, -errno, "/dev/null");
    if (m->dev)
        m->dev->fd = m->nodes_fd;
    return 0;
}

static int bind_node(struct mounts *m, int root_fd, const char *name, struct error *err)
{
    char path[PATH_MAX];
    int r = str_format(path, sizeof(path), "/dev/%s", name);
    if (r < 0)
        return error_errno(err, r, "/dev/%s", name);
    _cleanup_close_ int target = root_touch(root_fd, path, err);
    if (target < 0)
        return target;
    _cleanup_close_ int clone = mnt_clone(m->nodes_fd, name, false, err);
    return clone < 0 ? clone : mnt_attach(clone, target, err);
}

/* A bind mount on /dev brings its own devices: nothing is added then (as runc does). */
static bool dev_is_bound(const struct mounts *m)
{
    for (size_t i = 0; i < m->n_entries; i++)
        if (m->entries[i].kind == MOUNT_BIND &&
            (str_eq(m->entries[i].m->destination, "/dev") || str_eq(m->entries[i].m->destination, "/dev/")))
            return true;
    return false;
}

/* What is at the place of a device already must be that device (config-linux.md, "Devices"). */
static int check_place(int root_fd, const struct oci_device *d, struct error *err)
{
    struct stat st;
    mode_t mode;
    _cleanup_close_ int fd = root_open(root_fd, d->path, O_PATH, NULL);
    if (fd == -ENOENT)
        return 0;
    if (fd < 0 || fstat(fd, &st) < 0)
        return error_errno(err, fd < 0 ? fd : -errno, "cannot look at it");
    bool same = node_mode(d, &mode) == 0 && (st.st_mode & S_IFMT) == (mode & S_IFMT);
    if (same && !S_ISFIFO(mode))
        same = st.st_rdev == makedev((unsigned) d->major, (unsigned) d->minor);
    return same ? 0 : error_set(err, -EEXIST, "there is another file already");
}

static int bind_outside(struct mounts *m, int root_fd, size_t index, struct error *err)
{
    char name[24];
    int r = str_format(name, sizeof(name), "%zu", index);
    if (r < 0)
        return r;
    _cleanup_close_ int target = root_touch(root_fd, m->spec->linux_.devices[index].path, err);
    if (target < 0)
        return target;
    _cleanup_close_ int clone = mnt_clone(m->outside_fd, name, false, err);
    return clone < 0 ? clone : mnt_attach(clone, target, err);
}

static int bind_device(struct mounts *m, int root_fd, size_t index, bool has_own_dev, struct error *err)
{
    const struct oci_device *d = &m->spec->linux_.devices[index];
    const char *name = below_dev(d->path);
    if (name && has_own_dev)
        return 0;
    int r = check_place(root_fd, d, err);
    if (r >= 0)
        r = name ? bind_node(m, root_fd, name, err) : bind_outside(m, root_fd, index, err);
    return r < 0 ? error_context(err, r, "linux.devices[%zu] (%s)", index, d->path) : 0;
}

int devices_bind(struct mounts *m, int root_fd, struct error *err)
{
    bool has_own_dev = m->dev || dev_is_bound(m);
    int r = 0;
    for (size_t i = 0; r >= 0 && !has_own_dev && i < ARRAY_LEN(default_nodes); i++)
        r = bind_node(m, root_fd, default_nodes[i].name, err);
    if (r < 0)
        return error_context(err, r, "devices");
    if (has_own_dev && m->outside_fd < 0)
        return 0;
    for (size_t i = 0; r >= 0 && i < m->spec->linux_.n_devices; i++)
        r = bind_device(m, root_fd, i, has_own_dev, err);
    return r;
}

static int open_pty(int devpts_fd, struct mounts_result *ret, struct error *err)
{
    int zero = 0;
    _cleanup_close_ int master = openat(devpts_fd, "ptmx", O_RDWR | O_NOCTTY | O_NOFOLLOW | O_CLOEXEC);
    if (master < 0 || ioctl(master, TIOCSPTLCK, &zero) < 0)
        return error_errno(err, -errno, "cannot open a pseudo-terminal");
    int slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (slave < 0)
        return error_errno(err, -errno, "cannot open the pseudo-terminal's other end");
    ret->pty_master = TAKE_FD(master);
    ret->pty_slave = slave;
    return 0;
}

int devices_console(struct mounts *m, int root_fd, int devpts_fd, struct mounts_result *ret,
                    struct error *err)
{
    (void) m;
    if (devpts_fd < 0)
        return error_set(err, -EINVAL, "process.terminal: the specification mounts no devpts on /dev/pts");
    int r = open_pty(devpts_fd, ret, err);
    if (r < 0)
        return r;
    _cleanup_close_ int target = root_touch(root_fd, "/dev/console", err);
    if (target < 0)
        return target;
    _cleanup_close_ int clone = mnt_clone(ret->pty_slave, "", false, err);
    return clone < 0 ? clone : mnt_attach(clone, target, err);
}
