// SPDX-License-Identifier: Apache-2.0
/* confine/mounts_internal.h: what the files behind confine/mounts.h share. Nobody else includes it. */
#pragma once

#include "confine/mount_options.h"
#include "confine/mounts.h"

enum mount_kind {
    MOUNT_BIND,   /* a clone of something of the host */
    MOUNT_DEV,    /* the tmpfs on /dev, made by the parent */
    MOUNT_FS,     /* a file system made by the child: proc, sysfs, tmpfs, devpts, mqueue, … */
    MOUNT_CGROUP, /* confine/cgroup.h */
    MOUNT_LINK,   /* "copy-symlink" with a source that is a link */
    MOUNT_REMOUNT /* attributes of a mount that is there */
};

struct mount_entry {
    const struct oci_mount *m;
    size_t index; /* in spec->mounts */
    enum mount_kind kind;
    struct mount_options opt;
    bool needs_idmap;
    bool is_dir;
    bool has_mode, has_owner; /* tmpfs: mode=; uid= or gid= is given */
    const char *link;         /* MOUNT_LINK: its target */
    int fd; /* detached mount made by the parent (bind, dev), the child's own (file systems, cgroup); -1 */
};

enum root_kind { ROOT_DIR, ROOT_BIND, ROOT_OVERLAY };

struct root_plan {
    enum root_kind kind;
    const struct oci_mount *m; /* NULL for ROOT_DIR */
    struct mount_options opt;
    bool needs_idmap;
    int place_fd; /* parent: O_PATH on root.path; child: where the root is attached before the pivot */
    const char *
        place_path; /* hooks look for the root there before the pivot; NULL: there are none, and it goes onto "/" at once */
    int fd;             /* the detached root; -1 until it is made */
    const char **lower; /* overlay: lower directories, top first */
    size_t n_lower;
    const char *upper, *work; /* overlay: NULL = none */
    int *layer_fds;           /* overlay: detached clones of lower, same order */
    bool *together;           /* overlay: those that are no clone, but O_PATH within layers_fd */
    int layers_fd;       /* overlay: detached clone of the directory that these lie in; -1: there are none */
    int upper_parent_fd; /* overlay: detached clone of the directory that holds upper and work; -1 */
};

struct device_bind {
    const char *name; /* below /dev */
    int fd;           /* detached clone */
};

struct mounts {
    struct arena *arena;
    const struct oci_spec *spec;
    struct root_plan root;
    struct mount_entry *entries;
    size_t n_entries;
    struct mount_entry *dev; /* the entry of /dev, NULL if there is none */
    struct device_bind
        *binds; /* where nodes may not be made: the host's, to be bound onto files of the tmpfs */
    size_t n_binds;
    int nodes_fd; /* detached tmpfs with the device nodes: the one on /dev, or one of its own */
    int outside_fd; /* the same for devices outside of /dev, by their number in linux.devices; -1: there are none */
    int null_fd;       /* O_PATH of its "null", opened by the parent */
    int stage_fd;      /* child: tmpfs between the host's root and the new one, -1 if none was needed */
    const char *label; /* linux.mountLabel as an option (lsm_mount_option()), NULL: none */
    bool has_userns;
    uint32_t host_root_uid, host_root_gid; /* container id 0 as the host sees it */
};

/* One mount_setattr for all that is to be changed; nothing to change is no call. userns_fd < 0: no id map. */
int mount_attrs(int fd, uint64_t set, uint64_t clear, uint64_t propagation, int userns_fd, bool recursive,
                struct error *err);
/* The user namespace whose maps a mount shall have: userns_fd itself, or a new one that *ret_own then owns. */
int mount_userns(const struct mounts *m, const struct oci_mount *mount, const struct mount_options *opt,
                 int userns_fd, int *ret_own, struct error *err);
/* That what is said about ids fits together: for a mount that is to be id-mapped. */
int mount_check_idmap(const struct mounts *m, const struct oci_mount *mount, const struct mount_options *opt,
                      size_t index, struct error *err);
/* A detached clone of path with the attributes and the propagation of opt; private when it says nothing. */
int mount_clone(int dirfd, const char *path, const struct mount_options *opt, bool recursive,
                struct error *err);

/*
 * mount_copyup.c: copies what is in the directory target_fd (O_PATH) into the detached tmpfs mount_fd: files, directories, links, FIFOs
 * with owners, modes, times and attributes; not devices, sockets and other mounts. At most 1,000,000 entries, 64 deep: more is
 * an error. merge: names that are there stay. top: the tmpfs itself gets the directory's owner.
 */
int mount_copy_up(int target_fd, int mount_fd, bool merge, bool top, struct error *err);

/* Child: attaches fd as a directory name of the stage. */
int mount_stage(struct mounts *m, int fd, const char *name, struct error *err);

/* rootfs.c */
int rootfs_plan(struct mounts *m, int bundle_fd, struct error *err);
int rootfs_prepare(struct mounts *m, int bundle_fd,
                   struct error *err); /* parent, before the child exists; all that needs no id map */
int rootfs_idmap(struct mounts *m, int userns_fd, struct error *err); /* parent, when the maps are written */
int rootfs_attach(struct mounts *m,
                  struct error *err); /* child: the root's descriptor, attached at place_fd */

/* devices.c */
int devices_prepare(
    struct mounts *m,
    struct error *err); /* parent: the tmpfs with nodes and links, in m->nodes_fd (and m->dev->fd) */
int devices_bind(struct mounts *m, int root_fd,
                 struct error *err); /* child: nodes that do not lie on the tmpfs of /dev */
int devices_attach(struct mounts *m,
                   struct error *err); /* child, when the tmpfs is attached: the nodes that are bound */
void devices_free(struct mounts *m);
int devices_console(struct mounts *m, int root_fd, int devpts_fd, struct mounts_result *ret,
                    struct error *err);

/*
 * kernel_fs.c: a new proc, sysfs, mqueue, devpts or tmpfs of the caller's namespaces; where the kernel refuses it because they belong
 * to another user namespace, what may stand for it. less, more: of the attributes that the specification names, those that are not set
 * yet, and others.
 */
int kernel_fs_new(const struct mounts *m, const struct mount_entry *e, uint64_t less, uint64_t more,
                  struct error *err);
