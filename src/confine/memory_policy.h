// SPDX-License-Identifier: Apache-2.0
/*
 * confine/memory_policy.h: linux.memoryPolicy (runtime-spec 1.3) by set_mempolicy(2): from which NUMA nodes the container's
 * processes get their memory. Inherited by children, kept over exec; a process may change its own policy unless its seccomp
 * profile forbids that (linux.resources.cpu.mems is the control that binds).
 *
 * Failure mode: fail closed. A mode that the kernel lacks (MPOL_PREFERRED_MANY 5.15, MPOL_WEIGHTED_INTERLEAVE 6.9, the flag
 * MPOL_F_NUMA_BALANCING 5.12), nodes that do not exist or that the cpuset does not have, a kernel without NUMA: errors.
 */
#pragma once

#include "oci/spec.h"

#define MEMORY_POLICY_NODES 1024 /* MAX_NUMNODES at most */

struct memory_policy {
    int mode; /* MPOL_* with MPOL_F_* */
    bool has_nodes;
    unsigned long nodes[MEMORY_POLICY_NODES / (8 * sizeof(unsigned long))];
};

/* linux.memoryPolicy as numbers; memory_policy_mode must be set. -EINVAL: the document contradicts itself. No system call. */
int memory_policy_read(const struct oci_linux *l, struct memory_policy *ret, struct error *err) _warn_unused_;
/* As memory_policy_read(), when there is one. */
int memory_policy_check(const struct oci_linux *l, struct error *err);
/* The names that can be enforced, in a fixed order; NULL beyond the last. */
const char *memory_policy_mode_name(size_t i);
const char *memory_policy_flag_name(size_t i);
/* For the calling process. No call when linux.memoryPolicy is absent. */
int memory_policy_apply(const struct oci_linux *l, struct error *err);
