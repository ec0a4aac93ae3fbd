// SPDX-License-Identifier: Apache-2.0
/*
 * engine/manage.c: pause, unpause, rename, and the processes of a container.
 *
 * A new name is claimed before the record says it, and the old one is given back after: a rename that is killed leaves a container
 * with two names, of which the record has one; the other leads to it until it is removed, and is anybody's then (claims.c).
 */
#include <errno.h>

#include "engine/engine_internal.h"
#include "engine/names.h"

#define RENAME_WAIT_MS 1000

static int act(struct engine *e, const char *name_or_id, bool pause, struct error *err)
{
    struct engine_container c;
    struct runtime *rt;
    int r = engine_get(e, name_or_id, &c, err);
    if (r < 0)
        return r;
    if (c.status == ENGINE_PAUSED && pause)
        r = error_set(err, -EALREADY, "container %s is paused already", c.record->name);
    else if (c.status != ENGINE_PAUSED && !pause)
        r = error_set(err, -EALREADY, "container %s is not paused", name_or_id);
    else if (!(c.status == ENGINE_RUNNING && c.pid > 0) && pause)
        r = error_set(err, -ESRCH, "container %s is not running", name_or_id);
    if (r == 0)
        r = engine_runtime(e, &rt, err);
    if (r == 0)
        r = pause ? container_pause(rt, c.record->id, err) : container_resume(rt, c.record->id, err);
    engine_container_clear(&c);
    return r;
}

int engine_pause(struct engine *e, const char *name_or_id, struct error *err)
{
    return act(e, name_or_id, true, err);
}

int engine_unpause(struct engine *e, const char *name_or_id, struct error *err)
{
    return act(e, name_or_id, false, err);
}

static int rename_locked(struct engine *e, int dirfd, const char *id, const char *name, struct error *err)
{
    _cleanup_engine_record_ struct engine_record *record = NULL;
    int names = engine_dir(e, ENGINE_NAMES, err);
    int r = names < 0 ? names : engine_record_read(dirfd, &record, err);
    if (r < 0)
        return error_context(err, r, "container %.12s", id);
    const char *old = record->name;
    if (str_eq(old, name))
        return error_set(err, -EINVAL, "container %.12s has the name \"%s\" already", id, name);
    /* First, so that who removes the container looks for both names, should we be killed from here on. */
    record->renamed = true;
    r = engine_record_write(dirfd, record, false, err);
    if (r == 0)
        r = engine_claim_name(e, name, id, err);
    if (r < 0)
        return r;
    record->name = name;
    r = engine_record_write(dirfd, record, true, err);
    if (r < 0) {
        name_release(names, name, id, NULL);
        return r;
    }
    return name_release(names, old, id, err);
}

int engine_rename(struct engine *e, const char *name_or_id, const char *name, struct error *err)
{
    char id[65];
    int r = engine_find(e, name_or_id, id, err);
    if (r < 0)
        return r;
    _cleanup_close_ int dirfd = engine_open_container(e, id, RENAME_WAIT_MS, err);
    if (dirfd == -EBUSY)
        return error_set(
            err, -EBUSY,
            "container %s runs in the foreground, or is being started; rename it when it has ended",
            name_or_id);
    return dirfd < 0 ? dirfd : rename_locked(e, dirfd, id, name, err);
}

int engine_pids(struct engine *e, const char *name_or_id, pid_t **ret, size_t *ret_n, struct error *err)
{
    struct engine_container c;
    struct runtime *rt;
    int r = engine_get(e, name_or_id, &c, err);
    if (r < 0)
        return r;
    if (c.pid <= 0 || !engine_is_up(c.status))
        r = error_set(err, -ESRCH, "container %s is not running", name_or_id);
    if (r == 0)
        r = engine_runtime(e, &rt, err);
    if (r == 0)
        r = container_ps(rt, c.record->id, ret, ret_n, err);
    engine_container_clear(&c);
    return r;
}
