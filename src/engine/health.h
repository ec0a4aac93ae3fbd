// SPDX-License-Identifier: Apache-2.0
/*
 * engine/health.h: health checks, with docker's meaning: a program that is executed in the container now and then, whose exit status 0 is
 * "healthy". The timer is the keeper's (monitor/checks.c), which executes `oakum monitor-event health` for each one.
 *
 * Where it is kept. `health.json` in the state directory's .monitor/ID: the state, how often it has failed in a row, the last five results.
 * When the container ends it is copied to containers/ID/monitor, and the next run begins with the results of the last one.
 */
#pragma once

#include "engine/engine.h"

#define HEALTH_LOG_MAX 5
#define HEALTH_OUTPUT_MAX 4096 /* bytes kept of what one check has written: the last ones */

struct health_result {
    const char *start, *end; /* RFC 3339 */
    int64_t exit_code;       /* -1: it could not be executed, or its time was over */
    const char *output;      /* UTF-8 */
};
struct health {
    struct arena *arena;
    enum health_status status;
    int64_t failing_streak;
    struct health_result log[HEALTH_LOG_MAX]; /* oldest first */
    size_t n_log;
};
void health_free(struct health *h);
static inline void cleanup_health(struct health **h)
{
    health_free(*h);
}
#define _cleanup_health_ __attribute__((cleanup(cleanup_health)))

/* Are there checks? What "NONE", an unknown kind or no words are is no check. */
bool health_is_checked(const struct health_config *c);
/* What is executed: in the arena. */
struct oci_strings health_args(struct arena *a, const struct health_config *c);
/* Nanoseconds and number, docker's default where nothing was given: 30 s, 30 s, 0, 5 s, 3. */
int64_t health_interval(const struct health_config *c);
int64_t health_timeout(const struct health_config *c);
int64_t health_start_interval(const struct health_config *c);
int64_t health_retries(const struct health_config *c);

/* docker's rule. starting_up: the check began within the start period. Copies the result. */
void health_apply(struct health *h, const struct health_config *c, const struct health_result *r,
                  bool starting_up);
/* health.json; *ret is not NULL. */
int health_parse(const char *text, size_t len, struct health **ret, struct error *err);
char *health_text(const struct health *h) __attribute__((returns_nonnull));
/* n bytes of output as UTF-8: what is none is U+FFFD; cut: "..." stands before it. In the arena. */
const char *health_output(struct arena *a, const char *data, size_t n, bool cut);

/*
 * As people see it (struct engine_container has the status alone): NULL for a container without checks. As in docker one that does not run, or is paused, is not healthy. What cannot
 * be read counts as not checked yet.
 */
struct health *engine_health(struct engine *e, const struct engine_container *c);

enum health_outcome {
    HEALTH_SKIPPED, /* it is paused or has ended, or another check is under way: nothing is recorded */
    HEALTH_PASSED,
    HEALTH_FAILED
};
/*
 * One check, to its end, and what --health-on-failure says of it. by_keeper: does not wait for another one that is under way, and a
 * container that does not run is no error. *ret_soon: still within the start period, and not healthy yet.
 */
int engine_health_check(struct engine *e, const char *name_or_id, bool by_keeper, enum health_outcome *ret,
                        bool *ret_soon, struct error *err);
