// SPDX-License-Identifier: Apache-2.0
/*
 * engine/health_check.c: a health check from its occasion to its consequence: whether it is time for one, what its result makes of the
 * container, and what is done with an unhealthy one. One at a time: who checks holds the lock `health` in .monitor/ID.
 *
 * Times are measured by clocks that nobody sets: how long the container has been running comes from its process's start, in ticks since boot.
 */
#include <errno.h>
#include <signal.h>
#include <time.h>

#include "base/log.h"
#include "engine/engine_internal.h"
#include "engine/health_internal.h"
#include "runtime/container.h"
#include "runtime/notify.h"
#include "sys/file.h"

#define LOCK_FILE "health"

static int64_t age_ns(uint64_t start_ticks)
{
    struct timespec now = { 0 };
    int64_t per_second = sysconf(_SC_CLK_TCK);
    clock_gettime(CLOCK_BOOTTIME, &now);
    return now.tv_sec * 1000000000 + now.tv_nsec -
           (int64_t) start_ticks * (1000000000 / MAX_OF(per_second, (int64_t) 1));
}

/* Another run would have another process. */
static bool runs_still(struct engine *e, const struct engine_container *c)
{
    struct engine_container now;
    if (engine_get(e, c->record->id, &now, NULL) < 0)
        return false;
    bool same = now.status == ENGINE_RUNNING && now.pid == c->pid && now.start_time == c->start_time;
    engine_container_clear(&now);
    return same;
}

/* -EWOULDBLOCK, when it is not waited for; descriptor otherwise, -1 for a container without a monitor. */
static int take_turn(int state, bool wait, struct error *err)
{
    if (state < 0)
        return -1;
    _cleanup_close_ int fd = file_open(state, LOCK_FILE, O_RDWR | O_CREAT | O_NOFOLLOW, 0600, err);
    int r = fd < 0 ? fd : file_lock(fd, LOCK_EX | (wait ? 0 : LOCK_NB), "the health check's lock", err);
    return r < 0 ? r : TAKE_FD(fd);
}

static void act(struct engine *e, const struct engine_container *c, int state)
{
    const char *action = c->record->health.on_failure;
    struct error err = { 0 };
    int r = 0;
    if (action == NULL)
        return;
    if (str_eq(action, "kill")) {
        struct runtime *rt;
        r = engine_runtime(e, &rt, &err);
        if (r == 0)
            r = container_kill(rt, c->record->id, SIGKILL, true, &err);
    } else if (str_eq(action, "stop")) {
        r = engine_stop(e, c->record->id, 0, -2, &err);
    } else {
        /* The keeper starts it again, as by a policy, unless a person stops it meanwhile. */
        _cleanup_close_ int fd = openat(state, MONITOR_AGAIN, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC,
                                        0600);
        r = fd < 0 ? error_errno(&err, -errno, "cannot ask for a restart")
                   : engine_end(e, c->record, 0, -2, &err);
    }
    if (r < 0 && r != -ESRCH && r != -ENOENT)
        log_warn("container %.12s is unhealthy, and --health-on-failure %s failed: %s", c->record->id, action,
                 err.msg);
}

/* --sdnotify healthy: the keeper has the manager's address in its environment. */
static void tell_healthy(const struct engine_record *r)
{
    const char *manager = sdnotify_manager(r, "healthy");
    struct error err = { 0 };
    if (manager != NULL && notify_manager(manager, 0, true, &err) < 0)
        log_warn("%s", err.msg);
}

static int record(struct engine *e, const struct engine_container *c, int state, bool starting_up,
                  const struct health_result *result, bool *ret_soon, struct error *err)
{
    _cleanup_close_ int dirfd = engine_open_container(e, c->record->id, -1, NULL);
    _cleanup_health_ struct health *h = health_load(state, dirfd);
    enum health_status was = h->status;
    health_apply(h, &c->record->health, result, starting_up);
    *ret_soon = h->status == HEALTH_STARTING && age_ns(c->start_time) < c->record->health.start_period;
    int r = health_save(state, h, err);
    if (r == 0 && was != HEALTH_UNHEALTHY && h->status == HEALTH_UNHEALTHY)
        act(e, c, state);
    if (r == 0 && was != HEALTH_HEALTHY && h->status == HEALTH_HEALTHY)
        tell_healthy(c->record);
    return r;
}

static int check(struct engine *e, const struct engine_container *c, bool by_keeper, enum health_outcome *ret,
                 bool *ret_soon, struct error *err)
{
    const struct health_config *cfg = &c->record->health;
    struct health_result result = { 0 };
    _cleanup_arena_ struct arena *a = arena_new();
    bool starting_up = age_ns(c->start_time) < cfg->start_period;
    *ret_soon = starting_up;
    _cleanup_close_ int state = monitor_state(e, c->record->id, false, NULL);
    _cleanup_close_ int turn = take_turn(state, !by_keeper, err);
    if (turn == -EWOULDBLOCK) {
        error_clear(err);
        return 0;
    }
    if (turn < 0 && state >= 0)
        return turn;
    struct oci_strings args = health_args(a, cfg);
    int r = health_execute(e, c->record->id, &args, health_timeout(cfg), a, &result, err);
    /* What the end of the container, or a pause, has done to the check says nothing of its health. */
    if (r == -ESRCH || (r == 0 && !runs_still(e, c))) {
        error_clear(err);
        return 0;
    }
    if (r < 0)
        return r;
    *ret = result.exit_code == 0 ? HEALTH_PASSED : HEALTH_FAILED;
    return state < 0 ? 0 : record(e, c, state, starting_up, &result, ret_soon, err);
}

int engine_health_check(struct engine *e, const char *name_or_id, bool by_keeper, enum health_outcome *ret,
                        bool *ret_soon, struct error *err)
{
    struct engine_container c;
    *ret = HEALTH_SKIPPED;
    *ret_soon = false;
    int r = engine_get(e, name_or_id, &c, err);
    if (r < 0)
        return r;
    const char *name = c.record->name != NULL ? c.record->name : c.record->id;
    if (c.status == ENGINE_DAMAGED)
        r = error_set(err, -EINVAL, "container %s is damaged: %s", name_or_id, c.record->error);
    else if (!health_is_checked(&c.record->health))
        r = error_set(err, -EINVAL,
                      "container %s has no health check: neither its image nor --health-cmd gave one", name);
    else if (c.status != ENGINE_RUNNING)
        r = by_keeper ? 0
                      : error_set(err, -ESRCH, "container %s is %s", name,
                                  c.status == ENGINE_PAUSED ? "paused; unpause it" : "not running");
    else
        r = check(e, &c, by_keeper, ret, ret_soon, err);
    engine_container_clear(&c);
    return r;
}
