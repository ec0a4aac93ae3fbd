// SPDX-License-Identifier: Apache-2.0
/*
 * confine/scheduler.h: how the kernel shares out CPU and disk time among processes: process.scheduler by sched_setattr(2)
 * (3.14), process.ioPriority by ioprio_set(2), process.execCPUAffinity by sched_setaffinity(2). All are inherited by children
 * and kept over exec (unless SCHED_FLAG_RESET_ON_FORK asks for less).
 *
 * Failure mode: fail closed. What the kernel refuses is an error that names the field: a real-time policy or a negative nice
 * value without CAP_SYS_NICE on the host (also in a user namespace) or in a v1 cpu cgroup without a real-time budget, deadline
 * bandwidth that is not there, CPUs that do not exist or that the container's cpuset does not have.
 * Combinations that the kernel would ignore silently (priority with SCHED_OTHER, a period without SCHED_DEADLINE) are errors too.
 */
#pragma once

#include "oci/spec.h"

/* What can be said of scheduler, ioPriority and execCPUAffinity without the kernel: -EINVAL. No system call. */
int scheduler_check(const struct oci_process *p, struct error *err);
/* Sets policy and I/O priority of the calling process and its process group. No call for what is not asked for. Needs its privileges still. */
int scheduler_apply(const struct oci_process *p, struct error *err);
/* Whether the process runs before all ordinary ones (SCHED_FIFO, SCHED_RR, SCHED_DEADLINE). */
bool scheduler_is_realtime(const struct oci_process *p);

/*
 * execCPUAffinity of an exec: the process's own, else the one that the container's config.json has for all its execs.
 * initial and final may be NULL.
 */
struct cpu_affinity {
    const char *initial, *final;
};
struct cpu_affinity cpu_affinity_of_exec(const struct oci_process *process,
                                         const struct oci_process *container);
/*
 * Pins the calling process, whose child will inherit it, before the clone: "initial". Returns 1 and fills saved (for
 * cpu_affinity_restore()) when it did, 0 when there is nothing to do.
 */
#define CPU_AFFINITY_BITS 8192 /* the most CPUs that a kernel can be built for */
struct cpu_mask {
    unsigned long bits[CPU_AFFINITY_BITS / (8 * sizeof(unsigned long))];
};
int cpu_affinity_initial(const struct cpu_affinity *a, struct cpu_mask *saved, struct error *err);
int cpu_affinity_restore(const struct cpu_mask *saved, struct error *err);
/* In the child, after the cgroup was joined: "final"; if there is none but an initial one, all CPUs that the cpuset has. */
int cpu_affinity_final(const struct cpu_affinity *a, struct error *err);
