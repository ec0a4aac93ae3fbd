// SPDX-License-Identifier: Apache-2.0
/*
 * engine/list.c: what containers there are. The record says who a container is, the runtime whether it lives; the lock on its
 * directory tells a container that is being made from one whose oakum was killed. Nothing that lies in containers/ is left out.
 */
#include <errno.h>
#include <sys/file.h>

#include "engine/engine_internal.h"
#include "engine/health.h"
#include "engine/view.h"
#include "oci/digest.h"
#include "sys/file.h"

const char *engine_status_name(enum engine_status s)
{
    static const char *const names[] = {
        [ENGINE_CREATING] = "creating",     [ENGINE_CREATED] = "created", [ENGINE_RUNNING] = "running",
        [ENGINE_PAUSED] = "paused",         [ENGINE_EXITED] = "exited",   [ENGINE_DAMAGED] = "damaged",
        [ENGINE_RESTARTING] = "restarting",
    };
    return names[s];
}

void engine_container_clear(struct engine_container *c)
{
    engine_record_free(c->record);
    c->record = NULL;
}

void engine_containers_free(struct engine_container *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        engine_container_clear(&list[i]);
    free(list);
}

static bool is_held(int dirfd)
{
    if (flock(dirfd, LOCK_SH | LOCK_NB) < 0)
        return errno == EWOULDBLOCK;
    flock(dirfd, LOCK_UN);
    return false;
}

/* The runtime's word; -ENOENT when it knows nothing, or what it knows is of an earlier boot: of another process with that number.
   glance: its process is there. */
static int runtime_word(struct engine *e, struct engine_container *c, bool glance)
{
    struct runtime *rt;
    struct container_state *st = NULL;
    int r = engine_other_boot(c->record) ? -ENOENT : engine_runtime(e, &rt, NULL);
    if (r == 0)
        r = glance ? container_glance(rt, c->record->id, &st, NULL)
                   : container_state(rt, c->record->id, &st, NULL);
    if (r < 0 || st == NULL)
        return r < 0 ? r : -EIO;
    static const enum engine_status from[] = {
        [CONTAINER_CREATING] = ENGINE_CREATING, [CONTAINER_CREATED] = ENGINE_CREATED,
        [CONTAINER_RUNNING] = ENGINE_RUNNING,   [CONTAINER_PAUSED] = ENGINE_PAUSED,
        [CONTAINER_STOPPED] = ENGINE_EXITED,
    };
    c->status = from[st->status];
    c->pid = st->pid;
    c->start_time = st->start_time;
    if (c->record->started == NULL && c->status != ENGINE_CREATING && st->created != NULL)
        c->record->started = arena_strdup(c->record->arena, st->created);
    container_state_free(st);
    return 0;
}

/* The exit file is asked again when the keeper is gone: it was written before that. */
static void look_detached(struct engine *e, struct engine_container *c, int dirfd)
{
    bool restart = false;
    int ended = monitor_exit_read(dirfd, c->record, &restart);
    if (ended == 1) {
        bool waits = restart && (monitor_alive(dirfd) || is_held(dirfd));
        c->status = waits ? ENGINE_RESTARTING : ENGINE_EXITED;
        return;
    }
    int known = runtime_word(e, c, false);
    bool alive = known == 0 && c->status != ENGINE_EXITED && c->status != ENGINE_CREATING;
    if (monitor_alive(dirfd)) {
        if (!alive)
            c->status = ENGINE_RUNNING; /* it has ended this moment, or is about to be there */
        return;
    }
    if (is_held(dirfd)) {
        c->status = ENGINE_CREATING;
        return;
    }
    if (monitor_exit_read(dirfd, c->record, &restart) == 1) {
        c->status = ENGINE_EXITED;
        c->pid = 0;
        return;
    }
    c->unwatched = alive;
    c->unsettled = !alive;
    if (!alive)
        c->status = ENGINE_EXITED;
}

void engine_look(struct engine *e, const char *id, int dirfd, struct engine_container *ret)
{
    struct error err = { 0 };
    struct engine_container c = { 0 };
    int r = dirfd < 0 ? dirfd : engine_record_read(dirfd, &c.record, &err);
    if (r == 0 && !str_eq(c.record->id, id)) {
        engine_record_free(c.record);
        r = error_set(&err, -EINVAL, "its record is that of another container");
    }
    if (r < 0) {
        bool held = dirfd >= 0 && is_held(dirfd);
        c.record = engine_record_new();
        c.record->id = arena_strdup(c.record->arena, id);
        c.record->error = arena_strdup(c.record->arena,
                                       err.msg[0] != '\0' ? err.msg : "it is not a directory of oakum's");
        c.status = held && r == -ENOENT ? ENGINE_CREATING : ENGINE_DAMAGED;
        *ret = c;
        return;
    }
    if (c.record->detached)
        look_detached(e, &c, dirfd);
    else if (c.record->finished != NULL)
        c.status = ENGINE_EXITED;
    else if (runtime_word(e, &c, false) < 0)
        c.status = is_held(dirfd) ? ENGINE_CREATING : c.record->runs == 0 ? ENGINE_CREATED : ENGINE_EXITED;
    _cleanup_health_ struct health *h = engine_health(e, &c);
    c.health = h != NULL ? h->status : HEALTH_NONE;
    *ret = c;
}

/* Its keeper is there, and has not told its end. path: of its directory of the monitor. */
static bool is_watched(int containers, const char *path)
{
    struct stat st;
    _cleanup_close_ int dir = dir_open(containers, path, NULL);
    return dir >= 0 && fstatat(dir, MONITOR_EXIT, &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_size == 0 &&
           is_held(dir);
}

/*
 * The usual case in a listing of many, in as few calls as it takes: a container that has a keeper, whose word is taken for it
 * that it runs. False: it is another case, or something is odd, and it is to be looked at.
 */
static bool glance(struct engine *e, int containers, const char *id, struct engine_container *ret)
{
    char path[96], text[8192];
    struct engine_container c = { .status = ENGINE_RUNNING };
    if (!hex64_valid(id) || str_format(path, sizeof(path), "%s/" ENGINE_RECORD, id) < 0)
        return false;
    ssize_t n = file_read_small(containers, path, text, sizeof(text));
    if (n < 0 || engine_record_parse(text, (size_t) n, &c.record, NULL) < 0)
        return false;
    if (!str_eq(c.record->id, id) || !c.record->detached || engine_other_boot(c.record) ||
        str_format(path, sizeof(path), "%s/monitor", id) < 0 || !is_watched(containers, path)) {
        engine_container_clear(&c);
        return false;
    }
    struct runtime *rt;
    bool ask = c.record->started == NULL || engine_runtime(e, &rt, NULL) < 0 || container_was_changed(rt, id);
    if (ask && runtime_word(e, &c, true) < 0)
        c.status = ENGINE_RUNNING; /* it is about to be there, or has ended this moment */
    _cleanup_health_ struct health *h = engine_health(e, &c);
    c.health = h != NULL ? h->status : HEALTH_NONE;
    *ret = c;
    return true;
}

struct listing {
    struct engine *e;
    bool all;
    struct engine_container *v;
    size_t n, cap;
};

static int list_entry(int dirfd, const char *name, unsigned char type, void *arg)
{
    struct listing *l = arg;
    (void) type;
    struct engine_container c;
    bool gone = false;
    if (!glance(l->e, dirfd, name, &c)) {
        struct stat st;
        _cleanup_close_ int fd = dir_open(dirfd, name, NULL);
        if (fd == -ENOENT)
            return 0; /* it went while we looked */
        engine_look(l->e, name, fd, &c);
        engine_tend(l->e, &c);
        gone = fd >= 0 && c.status != ENGINE_RUNNING && fstat(fd, &st) == 0 && st.st_nlink == 0;
    }
    if (gone || (!l->all && !engine_is_up(c.status))) {
        engine_container_clear(&c);
        return 0;
    }
    if (l->n == l->cap) {
        l->cap = l->cap == 0 ? 16 : l->cap * 2;
        l->v = xreallocarray(l->v, l->cap, sizeof(*l->v));
    }
    l->v[l->n++] = c;
    return 0;
}

static int newest_first(const void *a, const void *b)
{
    const struct engine_record *x = ((const struct engine_container *) a)->record,
                               *y = ((const struct engine_container *) b)->record;
    int c = strcmp(y->created != NULL ? y->created : "", x->created != NULL ? x->created : "");
    return c != 0 ? c : strcmp(x->id, y->id);
}

int engine_list(struct engine *e, bool all, struct engine_container **ret, size_t *ret_n, struct error *err)
{
    struct listing l = { .e = e, .all = all };
    int fd = engine_dir(e, ENGINE_CONTAINERS, err);
    int r = fd < 0 ? fd : dir_each(fd, ".", list_entry, &l, err);
    if (fd == -ENOENT) {
        error_clear(err);
        r = 0;
    }
    if (r < 0) {
        engine_containers_free(l.v, l.n);
        return r;
    }
    if (l.n > 1)
        qsort(l.v, l.n, sizeof(*l.v), newest_first);
    *ret = l.v;
    *ret_n = l.n;
    return 0;
}

void engine_find_pid(struct engine *e, struct engine_container *c)
{
    enum engine_status status = c->status;
    if (c->pid > 0 || !engine_is_up(status))
        return;
    if (runtime_word(e, c, false) < 0)
        c->pid = 0;
    c->status = status;
}

int engine_get(struct engine *e, const char *name_or_id, struct engine_container *ret, struct error *err)
{
    char id[65];
    int r = engine_find(e, name_or_id, id, err);
    if (r < 0)
        return r;
    _cleanup_close_ int dirfd = engine_open_container(e, id, -1, NULL);
    if (dirfd == -ENOENT)
        return error_set(err, -ENOENT, "there is no container %.12s any more", id);
    engine_look(e, id, dirfd, ret);
    engine_tend(e, ret);
    return 0;
}

int engine_spec(struct engine *e, const char *id, struct oci_spec **ret, struct error *err)
{
    struct runtime *rt;
    int r = engine_runtime(e, &rt, err);
    if (r == 0)
        r = container_spec(rt, id, ret, NULL);
    if (r == 0)
        return 0;
    _cleanup_close_ int dirfd = engine_open_container(e, id, -1, err);
    if (dirfd < 0)
        return dirfd;
    _cleanup_free_ char *text = NULL;
    size_t len;
    r = file_read(dirfd, "config.json", 16u << 20, &text, &len, err);
    return r < 0 ? r : oci_spec_parse(text, len, ret, err);
}

static int made_from(struct engine *e, const char *image_id, bool all, const char *advice, struct error *err)
{
    struct engine_container *list;
    size_t n;
    int r = engine_list(e, all, &list, &n, err);
    if (r < 0)
        return r;
    for (size_t i = 0; r == 0 && i < n; i++) {
        const struct engine_record *c = list[i].record;
        if (c->image_id != NULL && str_eq(c->image_id, image_id))
            r = error_set(err, -EBUSY, "container %s (%.12s) is made from it; %s that first", c->name, c->id,
                          advice);
    }
    engine_containers_free(list, n);
    if (r == 0 && engine_image_mounted(e, image_id))
        r = error_set(err, -EBUSY, "it is mounted; \"oakum image umount %.12s\" first", image_id);
    return r;
}

int engine_image_in_use(void *arg, const char *image_id, struct error *err)
{
    return made_from(arg, image_id, true, "remove", err);
}

int engine_image_running(void *arg, const char *image_id, struct error *err)
{
    return made_from(arg, image_id, false, "stop", err);
}
