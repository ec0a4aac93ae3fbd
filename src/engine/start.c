// SPDX-License-Identifier: Apache-2.0
/*
 * engine/start.c: containers with a monitor (run -d), containers that are only made (create), and the start of one that is there.
 *
 * A start changes nothing of what a container is: its specification is the one that it was created with. What it must look at anew
 * are the namespaces of other containers, which may be others since; and the record, which is written before the process is made:
 * the number of the run, and that its end is not known yet.
 */
#include <errno.h>

#include "base/clock.h"
#include "base/log.h"
#include "engine/engine_internal.h"
#include "engine/secrets.h"
#include "runtime/container.h"
#include "sys/file.h"

#define START_WAIT_MS 10000

/* end NULL: it is only made. */
static int make(struct engine *e, const struct run_options *opt, const struct attach_request *attach,
                struct container_exit *end, char *id, struct error *err)
{
    struct launch l;
    struct signals_held hold;
    _cleanup_free_ char *config = NULL;
    launch_init(&l, e, opt);
    int r = launch_prepare(&l, err);
    signals_hold(&hold);
    if (r == 0) {
        r = launch_make(&l, &config, err);
        bool made = r == 0, started = false;
        if (made && end != NULL)
            r = attach != NULL ? attach_start(&l, &hold, config, -1, attach, &started, end, err)
                               : detached_start(&l, &hold, config, -1, end, err);
        if (r < 0 && !started)
            launch_undo(&l, made);
    }
    if (r == 0)
        memcpy(id, l.id, 65);
    signals_release(&hold, 0);
    launch_free(&l);
    return r;
}

int engine_create(struct engine *e, const struct run_options *opt, char *id, struct error *err)
{
    return make(e, opt, NULL, NULL, id, err);
}

int engine_run_detached(struct engine *e, const struct run_options *opt, char *id, struct container_exit *ret,
                        struct error *err)
{
    return make(e, opt, NULL, ret, id, err);
}

int engine_run_attached(struct engine *e, const struct run_options *opt, const struct attach_request *req,
                        struct container_exit *ret, struct error *err)
{
    char id[65];
    return make(e, opt, req, ret, id, err);
}

/* ---- one that is there ---- */

/* The flags of joins are remembered with the ids of who is joined; the rest of them is in the specification. */
static void remember_joins(struct launch *l, struct run_options *o)
{
    const struct {
        const char *flag;
        const char **mode;
    } table[] = { { "network", &o->network }, { "pid", &o->pid }, { "ipc", &o->ipc }, { "uts", &o->uts } };
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        const char *other = oci_pairs_get(&l->record->joined, table[i].flag);
        if (other != NULL)
            *table[i].mode = arena_printf(l->a, "container:%s", other);
    }
    o->userns = l->spec->linux_.namespaces[OCI_NS_USER].set ? "private" : "host";
}

/* /dev/shm is the joined container's only where the specification says so. */
static bool joins_shm(const struct oci_spec *spec)
{
    for (size_t i = 0; i < spec->n_mounts; i++) {
        const struct oci_mount *m = &spec->mounts[i];
        if (str_eq(m->destination, "/dev/shm"))
            return m->source != NULL && str_after(m->source, "/proc/") != NULL;
    }
    return false;
}

static int load(struct launch *l, const char *id, char **ret_config, struct error *err)
{
    size_t len;
    l->dirfd = engine_open_container(l->e, id, START_WAIT_MS, err);
    int r = l->dirfd < 0 ? l->dirfd : engine_record_read(l->dirfd, &l->record, err);
    if (r == 0)
        r = file_read(l->dirfd, "config.json", 16u << 20, ret_config, &len, err);
    if (r == 0)
        r = oci_spec_parse(*ret_config, len, &l->spec, err);
    if (r < 0)
        return r;
    if (!str_eq(l->record->id, id) || str_format(l->name, sizeof(l->name), "%s", l->record->name) < 0)
        return error_set(err, -EINVAL, "container %.12s: its record is that of another container", id);
    memcpy(l->id, id, 65);
    l->directory = arena_printf(l->a, "%s/containers/%s", l->e->root, id);
    l->range_first = l->record->range_first;
    return 0;
}

static int load_joins(struct launch *l, struct error *err)
{
    struct run_options *o = arena_alloc(l->a, sizeof(*o));
    remember_joins(l, o);
    l->opt = o;
    int r = launch_resolve_joins(l, err);
    if (r == 0 && l->record->range_first != l->range_first)
        r = error_set(
            err, -EINVAL,
            "container %s shares the ids of container %.12s, which has other ones now; make it anew", l->name,
            l->ids_of);
    struct mount_given *shm = &l->given[LAUNCH_SHM];
    if (r == 0 && shm->fd >= 0 && !joins_shm(l->spec)) {
        close(shm->fd);
        shm->fd = -1;
        shm->destination = NULL;
    }
    return r;
}

/* The record of a run that is about to begin. */
static int begin_run(struct launch *l, struct error *err)
{
    struct engine_record *rec = l->record;
    char now[CLOCK_TEXT_MAX];
    clock_now_text(now);
    rec->runs++;
    rec->detached = true;
    rec->boot = engine_boot_id();
    rec->started = arena_strdup(rec->arena, now);
    rec->finished = rec->error = NULL;
    rec->exit_code = (struct opt_i64){ 0 };
    return engine_record_write(l->dirfd, rec, false, err);
}

static void keep_failure(struct launch *l, const struct container_exit *end, const struct error *err)
{
    struct engine_record *rec = l->record;
    char now[CLOCK_TEXT_MAX];
    clock_now_text(now);
    network_release(l->e, rec);
    rec->detached = false;
    rec->finished = now;
    rec->error = err->msg;
    rec->exit_code = (struct opt_i64){ true, end->exec_failed ? end->code : 125 };
    if (engine_record_write(l->dirfd, rec, false, NULL) < 0)
        log_warn("the failure of container %.12s could not be recorded", l->id);
}

static int start_loaded(struct launch *l, const struct start_request *req, const char *config,
                        struct container_exit *ret, struct error *err)
{
    struct signals_held hold;
    bool started = false;
    int r = load_joins(l, err);
    if (r == 0)
        r = launch_mount_secrets(l, err);
    if (r < 0)
        return r;
    signals_hold(&hold);
    r = begin_run(l, err);
    if (r == 0) {
        r = req->attach != NULL
                ? attach_start(l, &hold, config, req->lock_fd, req->attach, &started, ret, err)
                : detached_start(l, &hold, config, req->lock_fd, ret, err);
        if (r < 0 && !started)
            keep_failure(l, ret, err);
    }
    signals_release(&hold, 0);
    return r;
}

/* With the container's lock: another oakum may have started it since it was looked at, or its keeper may not be done with its end. */
static int check_keeper(struct launch *l, bool *ret_runs, struct error *err)
{
    bool restart = false;
    if (!monitor_alive(l->dirfd))
        return 0;
    if (monitor_exit_read(l->dirfd, l->record, &restart) == 1 && !restart)
        return error_set(err, -EBUSY, "container %s is just ending; try again", l->name);
    *ret_runs = true;
    return 0;
}

static void forget_stop(int dirfd)
{
    _cleanup_close_ int dir = monitor_dir(dirfd, false, NULL);
    if (dir >= 0)
        unlinkat(dir, MONITOR_STOPPED, 0);
}

int engine_start(struct engine *e, const char *name_or_id, const struct start_request *req,
                 struct container_exit *ret, struct error *err)
{
    struct engine_container c;
    struct launch l;
    _cleanup_free_ char *config = NULL;
    int r = engine_get(e, name_or_id, &c, err);
    if (r < 0)
        return r;
    bool runs = c.status == ENGINE_RUNNING || c.status == ENGINE_RESTARTING;
    bool damaged = c.status == ENGINE_DAMAGED, paused = c.status == ENGINE_PAUSED;
    launch_init(&l, e, NULL);
    if (damaged)
        r = error_set(err, -EINVAL, "container %s is damaged: %s", name_or_id, c.record->error);
    else if (paused)
        r = error_set(err, -EBUSY, "container %s is paused; unpause it", name_or_id);
    else if (!runs)
        r = load(&l, c.record->id, &config, err);
    engine_container_clear(&c);
    if (r == 0 && !runs)
        r = check_keeper(&l, &runs, err);
    if (r == 0 && !runs) {
        forget_stop(l.dirfd);
        l.record->restarts = l.record->restart_backoff = 0;
        if (req->sdnotify != NULL)
            l.record->sdnotify = req->sdnotify;
        r = start_loaded(&l, req, config, ret, err);
    }
    launch_free(&l);
    if (r == 0 && runs && req->attach != NULL) {
        struct attach_end end = { 0 };
        r = engine_attach(e, name_or_id, req->attach, &end, err);
        ret->code = end.code;
    }
    return r;
}

int engine_restarted(struct engine *e, const char *id, int64_t backoff_ms, int lock_fd, struct error *err)
{
    struct container_exit end = { 0 };
    struct launch l;
    struct stat st;
    _cleanup_free_ char *config = NULL;
    const struct start_request req = { .lock_fd = lock_fd };
    launch_init(&l, e, NULL);
    int r = load(&l, id, &config, err);
    /* Under the lock: a person, or a shutdown, may have ended it meanwhile. */
    if (r == 0 && fstatat(l.dirfd, "monitor/" MONITOR_STOPPED, &st, 0) < 0 && !monitor_shut_down(e, id)) {
        l.record->restarts++;
        l.record->restart_backoff = backoff_ms;
        r = start_loaded(&l, &req, config, &end, err);
    }
    launch_free(&l);
    return r;
}

int engine_restart(struct engine *e, const char *name_or_id, int sig, int64_t timeout_s, struct error *err)
{
    struct container_exit end = { 0 };
    const struct start_request req = { .lock_fd = -1 };
    int r = engine_stop(e, name_or_id, sig, timeout_s, err);
    return r < 0 ? r : engine_start(e, name_or_id, &req, &end, err);
}

/* ---- wait ---- */

int monitor_exit_open(struct engine *e, const char *id)
{
    _cleanup_close_ int dirfd = engine_open_container(e, id, -1, NULL);
    return dirfd < 0 ? dirfd : openat(dirfd, "monitor/" MONITOR_EXIT, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
}

bool monitor_exit_code(int fd, int64_t *ret_code)
{
    char text[MONITOR_EXIT_MAX];
    bool restart = false;
    ssize_t n = fd < 0 ? -1 : pread(fd, text, sizeof(text), 0);
    struct engine_record *r = engine_record_new();
    bool ended = n > 0 && monitor_exit_parse(text, (size_t) n, r, &restart, NULL) == 0;
    if (ended)
        *ret_code = r->exit_code.v;
    engine_record_free(r);
    return ended;
}

int engine_wait(struct engine *e, const char *name_or_id, int64_t *ret_code, struct error *err)
{
    struct engine_container c;
    struct runtime *rt;
    char id[65];
    int r = engine_find(e, name_or_id, id, err);
    if (r == 0)
        r = engine_runtime(e, &rt, err);
    *ret_code = 255;
    while (r == 0) {
        _cleanup_close_ int exit_fd = monitor_exit_open(e, id);
        r = engine_get(e, id, &c, err);
        if (r == -ENOENT && monitor_exit_code(exit_fd, ret_code)) {
            error_clear(err);
            return 0;
        }
        if (r < 0)
            return r;
        bool over = c.status == ENGINE_EXITED || c.status == ENGINE_DAMAGED, alive = c.pid > 0;
        if (over && c.record->exit_code.set)
            *ret_code = c.record->exit_code.v;
        engine_container_clear(&c);
        if (over)
            return 0;
        if (alive)
            r = container_wait(rt, id, -1, err);
        else
            usleep(2000);
        /* A container with --rm may be gone before we look again. */
        for (int i = 0; r >= 0 && alive && exit_fd >= 0 && i < 1000 && !monitor_exit_code(exit_fd, ret_code);
             i++)
            usleep(1000);
        r = r < 0 ? r : 0;
    }
    return r;
}
