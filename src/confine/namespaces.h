// SPDX-License-Identifier: Apache-2.0
/*
 * confine/namespaces.h: which namespaces the container's process gets (linux.namespaces): new ones come with clone3(2),
 * ones that exist are joined by descriptor.
 *
 * Failure mode: fail closed. A namespace that the kernel does not have, a path that is not a namespace of the named kind, or
 * combinations that would leave a hole (id maps without a user namespace, a host name or sysctls of a namespace that is the
 * host's, also when it is named by path) are errors. Joining a user namespace is not in this version.
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
};

/* CLONE_NEW* of a kind. */
uint64_t namespace_flag(enum oci_namespace_kind kind);
/* Its file in /proc/PID/ns: "pid", "net", "mnt", … */
const char *namespace_file(enum oci_namespace_kind kind);
/* Reads linux.namespaces: opens and checks what is to be joined. A namespace that is absent from the list is the caller's own. */
int namespaces_open(const struct oci_spec *spec, struct namespaces *ret, struct error *err);
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
/* The host's id for an id of the container; (uint32_t) -1 when it is not mapped. No maps: the id itself. */
uint32_t namespace_host_id(const struct oci_id_maps *maps, uint32_t container_id);
/* Brings the loopback interface of the caller's network namespace up. */
int namespace_loopback_up(struct error *err);
