// SPDX-License-Identifier: Apache-2.0
/*
 * engine/update.c: other budgets and another restart policy for a container that is there.
 *
 * The order: record, specification, the monitor's policy, and the kernel last, since only the kernel says no for reasons that
 * nobody else knows. What was written is written back then. Who is killed in between leaves a container that has the new values from its
 * next start on; what `inspect` shows of a running one is what the runtime has enforced.
 *
 * A container in the foreground is held by its oakum, which writes the record at the end: that record is left alone.
 */
#include <errno.h>

#include "engine/engine_internal.h"
#include "sys/file.h"

#define UPDATE_WAIT_MS 10000
#define CONFIG_MAX (16u << 20)

struct update {
    struct engine *e;
    const struct run_options *o;
    bool restart, foreground, runs;
    struct engine_container c;
    int dirfd;
    struct engine_record *before, *after; /* of a container that is not in the foreground */
    char *config;                         /* of the next start; NULL: there is none (--rm) */
    struct oci_spec *now;                 /* what is in force */
    struct oci_spec *change;
    bool limits;
};

static void update_free(struct update *u)
{
    engine_container_clear(&u->c);
    engine_record_free(u->before);
    engine_record_free(u->after);
    oci_spec_free(u->now);
    oci_spec_free(u->change);
    free(u->config);
    if (u->dirfd >= 0)
        close(u->dirfd);
}

static bool gives_limits(const struct run_options *o)
{
    return o->blkio_weight.set || o->cpu_period.set || o->cpu_quota.set || o->cpu_rt_period.set ||
           o->cpu_rt_runtime.set || o->cpu_shares.set || o->cpus.set || o->cpuset_cpus != NULL ||
           o->cpuset_mems != NULL || o->memory.set || o->memory_reservation.set || o->memory_swap.set ||
           o->pids_limit.set;
}

static int look(struct update *u, const char *name, struct error *err)
{
    int r = engine_get(u->e, name, &u->c, err);
    if (r < 0)
        return r;
    char id[65];
    memcpy(id, u->c.record->id, sizeof(id));
    u->foreground = engine_is_up(u->c.status) && !u->c.record->detached;
    u->dirfd = engine_open_container(u->e, id, u->foreground ? -1 : UPDATE_WAIT_MS, err);
    if (u->dirfd < 0)
        return u->dirfd;
    engine_container_clear(&u->c); /* it may be another by now */
    engine_look(u->e, id, u->dirfd, &u->c);
    u->runs = u->c.pid > 0 && engine_is_up(u->c.status);
    if (u->c.status == ENGINE_DAMAGED)
        return error_set(err, -EINVAL, "container %s is damaged: %s", name, u->c.record->error);
    if (u->c.status == ENGINE_CREATING || (u->foreground && !u->runs))
        return error_set(err, -EBUSY, "container %s is being started or ended; try again", name);
    if (u->restart && u->foreground)
        return error_set(err, -EINVAL,
                         "container %s runs in the foreground, without a monitor that could start it again",
                         name);
    if (u->restart && u->c.record->rm && u->o->restart != NULL)
        return error_set(err, -EINVAL,
                         "container %s is removed when it ends (--rm), and cannot be started again", name);
    return 0;
}

static int load(struct update *u, struct error *err)
{
    const char *id = u->c.record->id;
    size_t len = 0;
    int r = file_read(u->dirfd, "config.json", CONFIG_MAX, &u->config, &len, NULL);
    if (r < 0 && !(r == -ENOENT && u->c.record->rm))
        return error_errno(err, r, "cannot read the specification of container %.12s", id);
    r = u->runs ? engine_spec(u->e, id, &u->now, err) : oci_spec_parse(u->config, len, &u->now, err);
    if (r == 0 && !u->foreground)
        r = engine_record_read(u->dirfd, &u->before, err);
    return r == 0 && !u->foreground ? engine_record_read(u->dirfd, &u->after, err) : r;
}

static int write_config(struct update *u, struct error *err)
{
    _cleanup_oci_spec_ struct oci_spec *spec = NULL;
    if (!u->limits || u->config == NULL)
        return 0;
    int r = oci_spec_parse(u->config, strlen(u->config), &spec, err);
    if (r < 0)
        return r;
    resources_merge(spec->arena, &spec->linux_.resources, &u->change->linux_.resources, false);
    spec->linux_.set = true;
    _cleanup_free_ char *text = oci_spec_text(spec, 0);
    return file_replace(u->dirfd, "config.json", text, strlen(text), 0600, true, err);
}

static void write_back(struct update *u)
{
    if (u->config != NULL && u->limits)
        (void) !file_replace(u->dirfd, "config.json", u->config, strlen(u->config), 0600, true, NULL);
    if (u->before == NULL)
        return;
    (void) !engine_record_write(u->dirfd, u->before, true, NULL);
    if (u->restart && u->runs)
        (void) !monitor_tell_policy(u->e, u->before, NULL);
}

static int apply(struct update *u, struct error *err)
{
    struct runtime *rt;
    int r = 0;
    if (u->after != NULL && u->restart) {
        u->after->restart = u->o->restart;
        u->after->restart_max = u->o->restart_max;
    }
    if (u->after != NULL)
        r = engine_record_write(u->dirfd, u->after, true, err);
    if (r == 0)
        r = write_config(u, err);
    if (r == 0 && u->restart && u->runs)
        r = monitor_tell_policy(u->e, u->after, err);
    if (r == 0 && u->limits && u->runs)
        r = engine_runtime(u->e, &rt, err);
    if (r == 0 && u->limits && u->runs)
        r = container_update(rt, u->c.record->id, &u->change->linux_.resources, NULL, err);
    if (r < 0)
        write_back(u);
    return r;
}

int engine_update(struct engine *e, const char *name_or_id, const struct run_options *o, bool restart,
                  struct error *err)
{
    struct update u = { .e = e, .o = o, .restart = restart, .dirfd = -1, .limits = gives_limits(o) };
    int r = look(&u, name_or_id, err);
    if (r == 0)
        r = load(&u, err);
    if (r == 0) {
        struct oci_pairs none = { 0 };
        u.change = oci_spec_new();
        r = spec_resources_change(o, &u.now->linux_.resources, u.change,
                                  u.after != NULL ? &u.after->sources : &none, err);
    }
    if (r == 0)
        r = apply(&u, err);
    update_free(&u);
    return r;
}
