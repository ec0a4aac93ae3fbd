// SPDX-License-Identifier: Apache-2.0
/*
 * engine/stats.h: what a container uses now: figures of its cgroup (confine/cgroup_stats.h) and of its network namespace.
 *
 * What the kernel does not count for this container is 0: on cgroup version 1 block I/O and, without a limit, memory of one that was started
 * without --cgroup-parent, since it has no cgroup in those hierarchies.
 */
#pragma once

#include "engine/engine.h"

struct engine_stats {
    int64_t at_ns;   /* of CLOCK_MONOTONIC, when the processor time was read */
    uint64_t cpu_ns; /* processor time since it was started */
    /* Bytes. memory: without what the kernel would give back at once (inactive pages of files), as docker has it. */
    uint64_t memory, memory_limit; /* limit: at most what the host has */
    uint64_t received, sent; /* by its interfaces but lo, since they are there; 0 with the host's network */
    uint64_t read, written;  /* of block devices */
    uint64_t processes;      /* and threads */
};

/* -ESRCH, without a message: it does not run (any more); all figures are 0 then. */
int engine_stats(struct engine *e, const struct engine_container *c, struct engine_stats *ret,
                 struct error *err);
/* The interfaces' bytes but lo's from the text of /proc/PID/net/dev; lines that are none count nothing. For tests too. */
void engine_stats_net(const char *text, uint64_t *ret_received, uint64_t *ret_sent);
