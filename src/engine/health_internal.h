// SPDX-License-Identifier: Apache-2.0
/* engine/health_internal.h: what the files on health checks share. */
#pragma once

#include "engine/health.h"

#define HEALTH_FILE "health.json"

/* The state of the present run; state, dirfd: .monitor/ID and containers/ID, negative when there is none. Never NULL. */
struct health *health_load(int state, int dirfd) __attribute__((returns_nonnull));
int health_save(int state, const struct health *h, struct error *err);

/*
 * health_run.c: executes args in the container and waits for the end, at most timeout ns; of what it began nothing is left then.
 * -ESRCH: the container was gone before. The result is in the arena.
 */
int health_execute(struct engine *e, const char *id, const struct oci_strings *args, int64_t timeout,
                   struct arena *a, struct health_result *ret, struct error *err);

/* health_end.c: the processes of one check. */
struct health_processes {
    char *cgroup; /* their own, below the container's; NULL: there is none */
    pid_t top;    /* ours, that executes it */
};
/* handle: the container's cgroup ("" or NULL: none). Ends what an earlier check has left. */
void health_processes_begin(struct health_processes *p, const char *handle);
/* SIGKILL for all of them but top itself. */
void health_processes_kill(const struct health_processes *p);
/* After the last one: takes the cgroup away. */
void health_processes_end(struct health_processes *p);
#define HEALTH_CGROUP "oakum-health"
