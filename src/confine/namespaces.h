// SPDX-License-Identifier: Apache-2.0
/*
 * confine/namespaces.h: which namespaces the container's process gets (linux.namespaces): new ones come with clone3(2),
 * ones that exist are joined by descriptor.
 *
 * Failure mode: fail closed. A namespace that the kernel does not have, a path that is not a namespace of the named kind, or
 * combinations that would leave a hole (id maps without a user namespace, a host name or sysctls of a namespace that is the
 * host's, also when it is named by path; a user namespace by path that is the caller's own) are errors.
 *
 * A user namespace that is joined has its maps already: they are read, and linux.uidMappings may be left out or must be the same.
 */
#pragma once

#include "oci/spec.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080 /* 5.6; not with clone(2), whose flag it shares: clone3 and unshare only */
#endif

struct namespaces {
    uint64_t create;        /* CLONE_NEW* for clone3 (without cgroup and time: see below) */
    bool new_cgroup;        /* by unshare(2) in the child, after it has joined its cgroup */
    bool new_time;          /* by namespace_new_time() in the parent, before the clone */
    int join[OCI_NS_KINDS]; /* descriptor of a namespace to be joined, -1 = none */
    uint64_t
        callers; /* CLONE_NEW* of those of join[] that are the caller's own: joining them isolates nothing */
    struct oci_id_maps uids,
        gids; /* of the user namespace that is joined, as the caller sees them; freed with the rest */
};

/* CLONE_NEW* of a kind. */
uint64_t namespace_flag(enum oci_namespace_kind kind);
/* Whether the container would see the host's cgroups by mounting cgroup: its cgroup namespace is the caller's. */
bool namespaces_share_cgroup(const struct namespaces *ns);
/* Its file in /proc/PID/ns: "pid", "net", "mnt", … */
const char *namespace_file(enum oci_namespace_kind kind);
/*
 * Reads linux.namespaces: opens and checks what is to be joined. A namespace that is absent from the list is the caller's own.
 * given: NULL, or by kind a descriptor that the caller has opened already in place of the path (-1: none); it stays the caller's.
 */
int namespaces_open(const struct oci_spec *spec, const int *given, struct namespaces *ret, struct error *err);
void namespaces_close(struct namespaces *ns);
/*
 * A time namespace (5.6) for the next child, with linux.timeOffsets. The kernel takes offsets only until the first process is in
 * it, so the parent makes it before the clone; setns() with its own one afterwards takes it back for itself.
 */
int namespace_new_time(const struct oci_spec *spec, int proc_fd, struct error *err);

/* Writes uid_map and gid_map of pid through a checked procfs. setgroups stays allowed: the maps are a privileged parent's. */
int namespace_write_maps(int proc_fd, pid_t pid, const struct oci_id_maps *uids,
                         const struct oci_id_maps *gids, struct error *err);
/* Descriptor of a new user namespace that has these maps (made by a helper process that ends at once). */
int namespace_user_with_maps(const struct oci_id_maps *uids, const struct oci_id_maps *gids,
                             struct error *err);
/* The maps of an existing one, in ids of the caller; v is the caller's to free. A helper process joins it for a moment. */
int namespace_read_maps(int userns_fd, struct oci_id_maps *ret_uids, struct oci_id_maps *ret_gids,
                        struct error *err);
/* The host's id for an id of the container; (uint32_t) -1 when it is not mapped. No maps: the id itself. */
uint32_t namespace_host_id(const struct oci_id_maps *maps, uint32_t container_id);
/* The same of a user of the specification; the id itself without a user namespace. */
uint32_t namespace_host_uid(const struct oci_spec *spec, uint32_t uid);
/*
 * Descriptor of the user namespace that fd's namespace belongs to (4.9). -EPERM, with message, unless that or its parent is the
 * caller's own user namespace: one that a container has made itself would have somebody of that container for its master.
 */
int namespace_owner(int fd, struct error *err);
/* Are the two descriptors one namespace? */
bool namespace_same(int a, int b);
/* Is it the caller's own? Also when that cannot be told. */
bool namespace_is_callers(int fd, enum oci_namespace_kind kind);
/* Brings the loopback interface of the caller's network namespace up. */
int namespace_loopback_up(struct error *err);
