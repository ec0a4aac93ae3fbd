// SPDX-License-Identifier: Apache-2.0
/*
 * confine/cgroup_stats.h: what a cgroup has used, in the words of runc's `events` (type "stats", its "data"): cpu, cpuset (version 1,
 * where the container has one), memory, pids, blkio, hugetlb. Nothing for intel_rdt and network_interfaces, which runc has empty. Times are nanoseconds, memory is bytes, a limit that is none is 2^64-1 (memory) or 0 (pids), as runc has it.
 *
 * Failure mode: a file that this kernel or this container's hierarchies do not have leaves its member at 0 or out; what is there
 * and cannot be read is an error. Processor time without a cpuacct hierarchy is the sum over the processes that live and
 * the children that they have waited for.
 */
#pragma once

#include "base/json.h"
#include "confine/cgroup.h"

int cgroup_stats(const struct cgroup *cg, json_t **ret, struct error *err);
/* How many processes of it the kernel has killed for lack of memory so far. */
int cgroup_oom_kills(const struct cgroup *cg, uint64_t *ret, struct error *err);
/* The file that says so, open for reading, for who watches longer than cg is there: "oom_kill N" is a line of it. -ENOENT: none. */
int cgroup_oom_open(const struct cgroup *cg);
