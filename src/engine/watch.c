// SPDX-License-Identifier: Apache-2.0
/*
 * engine/watch.c: what the monitor of a detached container says, and what is done when there is none any more. A keeper is there
 * while the flock of containers/ID/monitor is held; it dies with it.
 */
#include <errno.h>
#include <sys/file.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "confine/rootless.h"
#include "engine/engine_internal.h"
#include "monitor/monitor.h"
#include "sys/file.h"

bool monitor_alive(int dirfd)
{
    _cleanup_close_ int fd = monitor_dir(dirfd, false, NULL);
    if (fd < 0)
        return false;
    if (flock(fd, LOCK_SH | LOCK_NB) < 0)
        return errno == EWOULDBLOCK;
    return false;
}

int monitor_exit_parse(const char *text, size_t len, struct engine_record *r, bool *ret_restart,
                       struct error *err)
{
    static const char *const known[] = { "oakum",   "code",     "signal",    "oom",       "known",
                                         "restart", "timedOut", "lostLines", "lostBytes", "finished" };
    _cleanup_json_ json_t *doc = NULL;
    int64_t code = 255;
    bool knows = true;
    const char *finished = NULL;
    int ret = json_parse_own(text, len, "exit", "exit", 1, &doc, err);
    if (ret == 0)
        ret = json_only_keys(doc, "exit", known, ARRAY_LEN(known), err);
    if (ret == 0)
        ret = json_get_i64(doc, "exit", "code", true, &code, err);
    if (ret == 0)
        ret = json_get_i64(doc, "exit", "signal", true, &r->exit_signal, err);
    if (ret == 0)
        ret = json_get_bool(doc, "exit", "oom", true, &r->oom_killed, err);
    if (ret == 0)
        ret = json_get_bool(doc, "exit", "known", true, &knows, err);
    if (ret == 0)
        ret = json_get_bool(doc, "exit", "restart", true, ret_restart, err);
    if (ret == 0)
        ret = json_get_bool(doc, "exit", "timedOut", true, &r->timed_out, err);
    if (ret == 0)
        ret = json_get_u64(doc, "exit", "lostLines", true, &r->lost_lines, err);
    if (ret == 0)
        ret = json_get_u64(doc, "exit", "lostBytes", true, &r->lost_bytes, err);
    if (ret == 0)
        ret = json_get_string(doc, "exit", "finished", true, &finished, err);
    if (ret < 0 || finished == NULL)
        return ret < 0 ? ret : -EINVAL;
    r->finished = arena_strdup(r->arena, finished);
    r->exit_code = (struct opt_i64){ true, code };
    r->exit_unknown = !knows;
    if (!knows && r->error == NULL)
        r->error = "its monitor was killed before it ended, and nobody was told how";
    return 0;
}

int monitor_exit_read(int dirfd, struct engine_record *r, bool *ret_restart)
{
    _cleanup_free_ char *text = NULL;
    size_t len = 0;
    *ret_restart = false;
    int ret = file_read(dirfd, "monitor/" MONITOR_EXIT, MONITOR_EXIT_MAX, &text, &len, NULL);
    if (ret < 0 || len == 0)
        return ret;
    ret = monitor_exit_parse(text, len, r, ret_restart, NULL);
    return ret < 0 ? ret : 1;
}

static void wake_keeper(struct engine *e, const char *id)
{
    _cleanup_close_ int state = monitor_state(e, id, false, NULL);
    _cleanup_close_ int ctl = state < 0 ? -1
                                        : openat(state, MONITOR_CTL,
                                                 O_WRONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
    if (ctl >= 0)
        (void) !write(ctl, "w", 1);
}

void monitor_mark_stopped(struct engine *e, const char *id)
{
    _cleanup_close_ int dirfd = engine_open_container(e, id, -1, NULL);
    _cleanup_close_ int dir = dirfd < 0 ? -1 : monitor_dir(dirfd, false, NULL);
    _cleanup_close_ int fd = dir < 0 ? -1
                                     : openat(dir, MONITOR_STOPPED,
                                              O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd >= 0)
        wake_keeper(e, id);
}

void monitor_mark_shut_down(struct engine *e, const char *id)
{
    _cleanup_close_ int state = monitor_state(e, id, false, NULL);
    _cleanup_close_ int fd = state < 0 ? -1
                                       : openat(state, MONITOR_SHUTDOWN,
                                                O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd >= 0)
        wake_keeper(e, id);
}

bool monitor_shut_down(struct engine *e, const char *id)
{
    _cleanup_close_ int state = monitor_state(e, id, false, NULL);
    return state >= 0 && faccessat(state, MONITOR_SHUTDOWN, F_OK, 0) == 0;
}

int monitor_tell_policy(struct engine *e, const struct engine_record *r, struct error *err)
{
    char text[64];
    _cleanup_close_ int state = monitor_state(e, r->id, false, NULL);
    if (state == -ENOENT)
        return 0;
    int n = str_format(text, sizeof(text), "%llu %llu", (unsigned long long) monitor_policy_of(r),
                       (unsigned long long) r->restart_max);
    int ret = n < 0 ? n : state;
    if (ret >= 0)
        ret = file_replace(state, MONITOR_POLICY, text, (size_t) n, 0600, false, err);
    return ret < 0 ? error_context(err, ret, "the monitor of container %.12s", r->id) : 0;
}

int monitor_wait_gone(struct engine *e, const char *id, int timeout_ms, struct error *err)
{
    int64_t end = clock_monotonic_ms() + timeout_ms;
    for (;;) {
        _cleanup_close_ int dirfd = engine_open_container(e, id, -1, NULL);
        if (dirfd < 0 || !monitor_alive(dirfd))
            return 0;
        if (clock_monotonic_ms() >= end)
            return error_set(err, -ETIMEDOUT, "the monitor of container %.12s does not end", id);
        usleep(1000);
    }
}

/* Nobody has seen the end: neither keeper nor scribe was there. */
static int record_unknown_end(int dirfd)
{
    char now[CLOCK_TEXT_MAX];
    _cleanup_close_ int dir = monitor_dir(dirfd, false, NULL);
    _cleanup_close_ int fd = dir < 0
                                 ? dir
                                 : file_open(dir, MONITOR_EXIT, O_RDWR | O_CREAT | O_NOFOLLOW, 0600, NULL);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) < 0 || st.st_size > 0)
        return fd < 0 ? fd : 0;
    clock_now_text(now);
    const struct monitor_exit x = { .code = 255, .finished = now };
    return monitor_exit_write(fd, &x);
}

/* Under the container's lock: is there another run by now? */
static bool runs_again(struct runtime *rt, const char *id, int dirfd)
{
    struct container_state *st = NULL;
    if (monitor_alive(dirfd))
        return true;
    bool runs = container_state(rt, id, &st, NULL) == 0 && st != NULL && st->pid > 0;
    container_state_free(st);
    return runs;
}

/*
 * The oakum that was to start it was killed before the runtime heard of the container. Not so after a reboot: then the monitor's
 * state is gone with the runtime's.
 */
static bool never_began(struct engine *e, struct runtime *rt, const char *id)
{
    struct container_state *st = NULL;
    _cleanup_close_ int state = monitor_state(e, id, false, NULL);
    int known = state < 0 ? 0 : container_state(rt, id, &st, NULL);
    container_state_free(st);
    return known == -ENOENT;
}

/* The container is what it was before that start: created, or ended as it did. */
static int undo_start(struct engine *e, const char *id, int dirfd, struct engine_record *record,
                      struct error *err)
{
    _cleanup_free_ char *text = NULL;
    size_t len = 0;
    _cleanup_close_ int dir = monitor_dir(dirfd, false, err);
    _cleanup_close_ int state = dir < 0 ? dir : monitor_state(e, id, false, err);
    if (state < 0)
        return state;
    bool ended = file_read(state, MONITOR_LAST, MONITOR_EXIT_MAX, &text, &len, NULL) == 0;
    int r = ended ? file_replace(dir, MONITOR_EXIT, text, len, 0600, false, err) : 0;
    record->runs--;
    if (!ended) {
        record->detached = false;
        record->started = NULL;
    }
    if (r == 0)
        r = engine_record_write(dirfd, record, false, err);
    if (r == 0)
        monitor_state_remove(e, id);
    return r;
}

int engine_ended(struct engine *e, const char *id, bool by_keeper, struct error *err)
{
    struct runtime *rt = NULL;
    bool restart = false;
    _cleanup_engine_record_ struct engine_record *record = NULL;
    _cleanup_close_ int dirfd = engine_open_container(e, id, HOLDER_MS, err);
    int r = dirfd < 0 ? dirfd : engine_record_read(dirfd, &record, err);
    if (r == 0)
        r = engine_runtime(e, &rt, err);
    bool stale = r == 0 && engine_other_boot(record); /* the runtime's word would be about another process */
    if (r < 0 || rt == NULL || (!by_keeper && !stale && runs_again(rt, id, dirfd)))
        return r;
    bool undo = !by_keeper && !stale && !record->rm && record->detached && record->runs > 0 &&
                monitor_exit_read(dirfd, record, &restart) == 0 && never_began(e, rt, id);
    if (undo)
        return undo_start(e, id, dirfd, record, err);
    r = record_unknown_end(dirfd);
    if (r < 0)
        return error_errno(err, r, "cannot record the end of container %.12s", id);
    monitor_exit_read(dirfd, record, &restart);
    if (record->rm)
        return engine_teardown(e, id, record, true, err);
    health_keep(e, id, dirfd);
    network_release(e, record);
    r = container_delete(rt, id, true, err);
    if (!restart)
        monitor_state_remove(e, id);
    return r;
}

void engine_tend(struct engine *e, struct engine_container *c)
{
    struct error err = { 0 };
    char id[65];
    if ((!c->unwatched && !c->unsettled) || rootless_user())
        return;
    if (str_format(id, sizeof(id), "%s", c->record->id) < 0)
        return;
    int r = c->unwatched ? detached_adopt(e, c, &err) : engine_ended(e, id, false, &err);
    if (r < 0 && r != -ENOENT && r != -ESRCH && r != -EBUSY)
        log_warn("what a killed monitor of container %.12s has left could not be taken over: %s", id,
                 err.msg);
    _cleanup_close_ int dirfd = engine_open_container(e, id, -1, NULL);
    if (dirfd < 0)
        return;
    engine_container_clear(c);
    engine_look(e, id, dirfd, c);
}
