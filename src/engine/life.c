// SPDX-License-Identifier: Apache-2.0
/*
 * engine/life.c: kill, stop and rm of containers that other oakum processes may be running. Whoever runs a container holds its
 * lock; stop and rm -f end the processes and then wait for the lock, so that the other one's own clean-up is over.
 */
#include <errno.h>
#include <signal.h>

#include "base/clock.h"
#include "engine/engine_internal.h"

static const char *shown_name(const struct engine_record *r)
{
    return r->name != NULL ? r->name : r->id;
}

/* A signal that is meant to end it is a person's word against the restart policy, as in docker. */
static bool ends_it(const struct engine_record *r, int sig)
{
    int own = SIGTERM;
    return sig == SIGKILL ||
           (r->stop_signal != NULL && signal_parse(r->stop_signal, &own) == 0 && sig == own);
}

int engine_kill(struct engine *e, const char *name_or_id, int sig, struct error *err)
{
    struct engine_container c;
    struct runtime *rt;
    int r = engine_get(e, name_or_id, &c, err);
    if (r < 0)
        return r;
    if (c.status != ENGINE_RUNNING && c.status != ENGINE_PAUSED)
        r = error_set(err, -ESRCH, "container %s is not running", shown_name(c.record));
    if (r == 0)
        r = engine_runtime(e, &rt, err);
    if (r == 0 && c.record->detached && ends_it(c.record, sig))
        monitor_mark_stopped(e, c.record->id);
    if (r == 0)
        r = container_kill(rt, c.record->id, sig, sig == SIGKILL, err);
    engine_container_clear(&c);
    return r;
}

int engine_wait_for_holder(struct engine *e, const char *id, struct error *err)
{
    int r = monitor_wait_gone(e, id, HOLDER_MS, err);
    if (r < 0)
        return r;
    int fd = engine_open_container(e, id, HOLDER_MS, err);
    if (fd >= 0)
        close(fd);
    if (fd == -ENOENT) {
        error_clear(err);
        return 0;
    }
    return fd < 0 ? fd : 0;
}

int engine_end(struct engine *e, const struct engine_record *rec, int sig, int64_t timeout_s,
               struct error *err)
{
    struct runtime *rt;
    int r = engine_runtime(e, &rt, err);
    if (r < 0)
        return r;
    if (timeout_s == -2)
        timeout_s = rec->stop_timeout;
    if (sig == 0 && (rec->stop_signal == NULL || signal_parse(rec->stop_signal, &sig) < 0))
        sig = SIGTERM;
    r = container_kill(rt, rec->id, sig, false, err);
    if (r < 0 && r != -ESRCH && r != -ENOENT)
        return r;
    int64_t ms = timeout_s < 0 ? -1 : MIN_OF(timeout_s, (int64_t) 2000000) * 1000;
    if (r == 0)
        r = container_wait(rt, rec->id, (int) ms, err);
    if (r == 0) {
        r = container_kill(rt, rec->id, SIGKILL, true, err);
        if (r == 0)
            r = container_wait(rt, rec->id, HOLDER_MS, err);
        if (r == 0)
            return error_set(err, -EBUSY, "container %s has not ended on SIGKILL", shown_name(rec));
    }
    if (r < 0 && r != -ESRCH && r != -ENOENT)
        return r;
    error_clear(err);
    return 0;
}

static int stop_running(struct engine *e, const struct engine_record *rec, int sig, int64_t timeout_s,
                        struct error *err)
{
    int r = engine_end(e, rec, sig, timeout_s, err);
    return r < 0 ? r : engine_wait_for_holder(e, rec->id, err);
}

int engine_stop(struct engine *e, const char *name_or_id, int sig, int64_t timeout_s, struct error *err)
{
    struct engine_container c;
    int r = engine_get(e, name_or_id, &c, err);
    if (r < 0)
        return r;
    if (engine_is_up(c.status) && c.record->detached)
        monitor_mark_stopped(e, c.record->id);
    if (c.status == ENGINE_RESTARTING)
        r = engine_wait_for_holder(e, c.record->id, err);
    else if (c.status == ENGINE_RUNNING || c.status == ENGINE_PAUSED)
        r = stop_running(e, c.record, sig, timeout_s, err);
    else if (c.status == ENGINE_CREATING)
        r = error_set(err, -EBUSY, "container %s is being started; try again", shown_name(c.record));
    engine_container_clear(&c);
    return r;
}

static int kill_for_removal(struct engine *e, const char *id, struct error *err)
{
    struct runtime *rt;
    int r = engine_runtime(e, &rt, err);
    if (r < 0)
        return r;
    r = container_kill(rt, id, SIGKILL, true, err);
    if (r == -ESRCH || r == -ENOENT) {
        error_clear(err);
        return 0;
    }
    return r;
}

int engine_remove(struct engine *e, const char *name_or_id, bool force, struct error *err)
{
    struct engine_container c;
    char id[65];
    int r = engine_get(e, name_or_id, &c, err);
    if (r < 0)
        return r;
    bool lives = engine_is_up(c.status), detached = c.record->detached, made = c.status == ENGINE_CREATING;
    if (str_format(id, sizeof(id), "%s", c.record->id) < 0)
        r = error_set(
            err, -EINVAL,
            "\"%s\" in the engine's directory is nothing that oakum made; look at it and remove it by hand",
            c.record->id);
    if (r == 0 && lives && !force)
        r = error_set(err, -EBUSY, "container %s is running; stop it first, or use rm -f",
                      shown_name(c.record));
    if (r == 0 && lives && detached)
        monitor_mark_stopped(e, id);
    if (r == 0 && lives)
        r = kill_for_removal(e, id, err);
    if (r == 0 && lives && detached)
        r = monitor_wait_gone(e, id, HOLDER_MS, err);
    engine_container_clear(&c);
    if (r < 0)
        return r;
    /* From here on nobody else has it; what the record says is read again under the lock. */
    _cleanup_close_ int dirfd = engine_open_container(e, id, force || !made ? HOLDER_MS : 0, err);
    if (dirfd == -ENOENT) {
        error_clear(err); /* its own oakum took it away: --rm */
        return 0;
    }
    if (dirfd < 0)
        return dirfd;
    _cleanup_engine_record_ struct engine_record *record = NULL;
    engine_record_read(dirfd, &record, NULL);
    if (record != NULL && !str_eq(record->id, id)) {
        engine_record_free(record);
        record = NULL;
    }
    return engine_teardown(e, id, record, true, err);
}
