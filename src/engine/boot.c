// SPDX-License-Identifier: Apache-2.0
/*
 * engine/boot.c: what a daemon would do when the host goes down and when it is up again. Nothing is stored for that: what should run follows
 * from the record (its policy, how and on which boot it last ran) and from the mark of a person who has stopped it. A shutdown has a mark of
 * its own, which is on the state's tmpfs and so does not outlive it.
 *
 * Threat: after a reboot another process may have the number, and by chance even the start time, of a container's. A run of another boot than
 * the present one is over, whatever the runtime's state says.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>

#include "base/clock.h"
#include "engine/engine_internal.h"
#include "sys/proc.h"

#define SHUTDOWN_ROUNDS 3 /* one that is just being started is seen by the next */

const char *engine_boot_id(void)
{
    static char id[37];
    if (id[0] == '\0') {
        _cleanup_close_ int proc = proc_open(NULL);
        if (proc < 0 || proc_boot_id(proc, id, NULL) < 0)
            id[0] = '\0';
    }
    return id;
}

bool engine_other_boot(const struct engine_record *r)
{
    const char *now = engine_boot_id();
    return !str_empty(r->boot) && now[0] != '\0' && !str_eq(r->boot, now);
}

/* ---- up ---- */

static bool stopped_by_person(struct engine *e, const char *id)
{
    struct stat st;
    _cleanup_close_ int dirfd = engine_open_container(e, id, -1, NULL);
    return dirfd >= 0 && fstatat(dirfd, "monitor/" MONITOR_STOPPED, &st, 0) == 0;
}

static bool should_run(struct engine *e, const struct engine_record *r)
{
    if (r->restart == NULL || !r->detached || r->runs == 0)
        return false;
    bool stopped = stopped_by_person(e, r->id);
    if (str_eq(r->restart, "always"))
        return !stopped || engine_other_boot(r);
    if (str_eq(r->restart, "unless-stopped"))
        return !stopped;
    return !stopped && r->exit_code.v != 0 && (r->restart_max == 0 || r->restarts < r->restart_max);
}

int engine_to_boot(struct engine *e, struct engine_container **ret, size_t *ret_n, struct error *err)
{
    struct engine_container *list;
    size_t n, kept = 0;
    int r = engine_list(e, true, &list, &n, err);
    if (r < 0)
        return r;
    for (size_t i = 0; i < n; i++) {
        bool wanted = list[i].status == ENGINE_DAMAGED ||
                      (list[i].status == ENGINE_EXITED && should_run(e, list[i].record));
        if (wanted)
            list[kept++] = list[i];
        else
            engine_container_clear(&list[i]);
    }
    for (size_t i = 0; i < kept / 2; i++) { /* newest first, as it came */
        struct engine_container c = list[i];
        list[i] = list[kept - 1 - i];
        list[kept - 1 - i] = c;
    }
    *ret = list;
    *ret_n = kept;
    return 0;
}

/* ---- down ---- */

struct going {
    struct engine_container *c;
    int64_t left; /* ms that it has; INT64_MAX: for ever */
};

static int soonest_first(const void *a, const void *b)
{
    int64_t x = ((const struct going *) a)->left, y = ((const struct going *) b)->left;
    return (x > y) - (x < y);
}

static int64_t time_of(const struct engine_record *r, int64_t most_s)
{
    int64_t s = r->stop_timeout;
    if (most_s >= 0 && (s < 0 || s > most_s))
        s = most_s;
    return s < 0 ? INT64_MAX : MIN_OF(s, (int64_t) 2000000) * 1000;
}

/* The first word to all, before anybody is waited for. */
static void ask(struct engine *e, const struct engine_container *c)
{
    struct runtime *rt;
    int sig = SIGTERM;
    if (c->record->detached)
        monitor_mark_shut_down(e, c->record->id);
    if (c->record->stop_signal != NULL && signal_parse(c->record->stop_signal, &sig) < 0)
        sig = SIGTERM;
    if (c->status != ENGINE_RESTARTING && engine_runtime(e, &rt, NULL) == 0)
        container_kill(rt, c->record->id, sig, false, NULL);
}

static int end_one(struct engine *e, const struct going *g, int64_t began, struct error *err)
{
    const struct engine_record *rec = g->c->record;
    struct runtime *rt;
    int r = engine_runtime(e, &rt, err);
    if (r == 0 && g->c->status != ENGINE_RESTARTING) {
        int64_t left = g->left == INT64_MAX ? -1
                                            : MAX_OF(began + g->left - clock_monotonic_ms(), (int64_t) 0);
        r = container_wait(rt, rec->id, (int) left, err);
        if (r == 0)
            r = container_kill(rt, rec->id, SIGKILL, true, err);
        if (r == -ESRCH || r == -ENOENT || r > 0)
            r = 0;
    }
    if (r < 0)
        return r;
    error_clear(err);
    return engine_wait_for_holder(e, rec->id, err);
}

int engine_shutdown(struct engine *e, int64_t timeout_s,
                    void (*told)(void *arg, const char *name, int r, const struct error *err), void *arg,
                    struct error *err)
{
    for (int round = 0; round < SHUTDOWN_ROUNDS; round++) {
        struct engine_container *list;
        size_t n;
        int r = engine_list(e, false, &list, &n, err);
        if (r < 0 || n == 0)
            return r;
        struct going *all = xcalloc(n, sizeof(*all));
        int64_t began = clock_monotonic_ms();
        for (size_t i = 0; i < n; i++) {
            all[i] = (struct going){ &list[i], time_of(list[i].record, timeout_s) };
            ask(e, &list[i]);
        }
        qsort(all, n, sizeof(*all), soonest_first);
        for (size_t i = 0; i < n; i++) {
            struct error why = { 0 };
            r = end_one(e, &all[i], began, &why);
            told(arg, all[i].c->record->name, r, &why);
        }
        free(all);
        engine_containers_free(list, n);
    }
    return 0;
}
