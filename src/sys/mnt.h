// SPDX-License-Identifier: Apache-2.0
/*
 * sys/mnt.h: the new mount API (5.2; mount_setattr 5.12) as oakum uses it. A mount is made detached, given its attributes while
 * nobody can reach it, and attached to a descriptor: no path is walked twice.
 */
#pragma once

#include <sys/mount.h>

#include "base/error.h"
#include "sys/syscall.h"

#ifndef MOUNT_ATTR_IDMAP
#define MOUNT_ATTR_IDMAP 0x00100000
#endif

/*
 * A new detached mount of file system type. options: NULL-terminated array of "key", "key=value" strings (fsconfig FLAG or
 * STRING); source may be NULL. attr: MOUNT_ATTR_*. Errors carry the kernel's own log line from the fs context where there is one.
 * Descriptor or negative errno.
 */
int mnt_new(const char *type, const char *source, const char *const *options, unsigned attr,
            struct error *err);
/* A detached clone of what is at path below dirfd (path "" = dirfd itself; otherwise a host path, whose links are followed). recursive: with the mounts below it. */
int mnt_clone(int dirfd, const char *path, bool recursive, struct error *err);
/*
 * mnt_clone() and mount_setattr in one: nothing is ever reachable without the attributes. One call where the kernel has
 * open_tree_attr (6.15), two before.
 */
int mnt_clone_attr(int dirfd, const char *path, bool recursive, uint64_t set, uint64_t clear,
                   uint64_t propagation, struct error *err);
/*
 * A detached clone of what a process in another mount namespace has at path, which must be a tmpfs (a memory file system, so that
 * whoever fills it can offer nothing but files). No link is followed. ns_fd: that mount namespace.
 */
int mnt_clone_tmpfs_of(int ns_fd, const char *path, struct error *err);
/* The same of a ramfs. */
int mnt_clone_ramfs_of(int ns_fd, const char *path, struct error *err);
/* mount_setattr on the mount at fd: set and clear are MOUNT_ATTR_* bits (an atime change needs MOUNT_ATTR__ATIME in clear). */
int mnt_setattr(int fd, uint64_t set, uint64_t clear, bool recursive, struct error *err);
/* MS_PRIVATE, MS_SLAVE, MS_SHARED, MS_UNBINDABLE. */
int mnt_propagation(int fd, uint64_t propagation, bool recursive, struct error *err);
/* Id-maps a detached mount with the maps of a user namespace (userns fd). -EINVAL from the kernel means the file system cannot: the message says so. */
int mnt_idmap(int fd, int userns_fd, bool recursive, struct error *err);
/* Attaches the detached mount onto the object of target_fd (directory on directory, file on file). Neither fd is closed. */
int mnt_attach(int mount_fd, int target_fd, struct error *err);
/* Unmounts what is on name in a directory of ours; detach: also what is in use. 0 or a negative errno: -EBUSY. No link is followed. */
int mnt_unmount(int dirfd, const char *name, bool detach);
/*
 * Makes the mount at root_fd, which lies on "/" with stacked - 1 other mounts between, the root of the mount namespace: pivot_root, then
 * everything that was the host's is detached. no_pivot: chroot instead, for a host whose root cannot be pivoted (initramfs); the
 * host's mounts stay underneath, but for /proc and /sys.
 */
int mnt_enter_root(int root_fd, int stacked, bool no_pivot, struct error *err);
