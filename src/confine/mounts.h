// SPDX-License-Identifier: Apache-2.0
/*
 * confine/mounts.h: everything that the container sees as its file system. Built with the new mount API only; every target
 * is resolved inside the root by descriptor (sys/root.h) and created there only.
 *
 * How a specification is read
 *   root.path          the root, cloned; or, when mounts[0].destination is "/", a place holder (any directory) and mounts[0]
 *                      is the root itself:
 *                        type "bind": the directory source (one layer), id-mapped when the mount has uidMappings
 *                        type "overlay": options lowerdir=TOP:…:BOTTOM[,upperdir=,workdir=]; with uidMappings every lower
 *                        directory is id-mapped first, so that layers keep the owners their archive gave them
 *   root.readonly      the root mount is read-only once everything below it is attached
 *   mounts[]           in order. Bind mounts ("bind"/"rbind" option or type "bind"): source relative to the bundle, opened by
 *                      the parent, so the container's user needs no right on the way to it. Options ro rw nosuid suid nodev dev
 *                      noexec exec noatime … apply to the top mount, rro rnosuid rnodev rnoexec … to the whole tree; propagation
 *                      (none said: private); "idmap"/"ridmap" (also with maps, as crun: idmap=uids=0-1000-10;gids=0-1000-10, '@' in front
 *                      of them: relative to the container's) or uidMappings id-map the source. "bind-create" is not done: the source must
 *                      exist. "copy-symlink": a source that is a link is made anew as a link. "src-nofollow", "dest-nofollow": a link is
 *                      itself mounted, itself covered. "remount": attributes of the mount that is there. A relative destination begins at "/".
 *                      proc sysfs tmpfs devpts mqueue: new instances in the container's namespaces. cgroup: confine/cgroup.h.
 *                      sysfs in a new user namespace over a network namespace that is not new: made by the parent, as the kernel
 *                      lets only the network namespace's owner do it, and always read-only.
 *                      tmpfs: without mode= it has that of the directory that it covers; "tmpcopyup": and all that is in it.
 *                      tmpfs on /dev: filled with the default devices, linux.devices, links (fd stdin stdout stderr ptmx).
 *   linux.maskedPaths, linux.readonlyPaths   covered by an empty read-only directory or /dev/null; a path that is not there is skipped
 *
 * Failure mode: fail closed. An unknown option, a source that cannot be opened, a file system that cannot be id-mapped, a mask
 * that cannot be laid is an error that names the mounts[] entry. A path to be masked that does not exist is not an error.
 *
 * Two processes take part. mounts_prepare() runs in the parent before the child exists, with the host's rights and file system:
 * it opens sources and makes /dev; the child inherits the descriptors of these detached mounts. mounts_idmap() runs in the
 * parent once the child's user namespace has its maps: it changes the same mounts through the same descriptors.
 * mounts_apply() runs in the child, in its new namespaces, where a path of the host means nothing any more.
 */
#pragma once

#include "confine/cgroup.h"
#include "oci/spec.h"

struct mounts;

/* A detached mount that the caller has already: taken for the bind mount on destination in place of its source. It stays the caller's. */
struct mount_given {
    const char *destination; /* NULL: there is none */
    int fd;
};
/* bundle_fd: directory of the bundle. */
int mounts_prepare(const struct oci_spec *spec, int bundle_fd, const struct mount_given *given,
                   size_t n_given, struct mounts **ret, struct error *err);
/* In the parent, after mounts_prepare(), at most once: the directory dirfd on destination, behind all of mounts[]: read-only, nosuid, nodev, noexec. */
int mounts_add(struct mounts *m, int dirfd, const char *destination, struct error *err);
/* In the parent, when the cgroup is made, for a container whose cgroup namespace is the caller's: its view of it (cgroup.h). */
int mounts_prepare_cgroup(const struct mounts *m, struct cgroup *cg, struct error *err);
/* In the parent, in the namespaces that the child joins: file systems of these that the child may not mount. */
int mounts_prepare_joined(struct mounts *m, struct error *err);
/* Does the container see its cgroup writable: a mount of type cgroup on /sys/fs/cgroup without "ro"? */
bool mounts_have_writable_cgroup(const struct mounts *m);
bool mounts_need_idmap(const struct mounts *m);
/* userns_fd: the container's user namespace (maps written), or -1. Mounts with maps of their own get a namespace of their own. */
int mounts_idmap(struct mounts *m, int userns_fd, struct error *err);
/*
 * In the child: builds the whole tree and leaves it attached; root_fd is a descriptor of the new root, proc_fd one of the
 * container's own procfs (for sysctls and labels; -1 when the specification mounts none). cg may be NULL (no cgroup mount).
 * With tty: a pty is allocated on the container's devpts, its two ends are returned and the slave is bound to /dev/console.
 */
struct mounts_result {
    int root_fd, proc_fd, pty_master, pty_slave;
};
int mounts_apply(struct mounts *m, const struct cgroup *cg, bool tty, struct mounts_result *ret,
                 struct error *err);
/* Makes root_fd "/", detaches everything of the host. */
int mounts_enter_root(const struct mounts *m, int root_fd, bool no_pivot, struct error *err);
/* The masks, read-only paths and read-only root: after sysctls have been written through proc_fd. */
int mounts_seal(struct mounts *m, int root_fd, struct error *err);
void mounts_free(struct mounts *m);
