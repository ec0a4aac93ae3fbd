// SPDX-License-Identifier: Apache-2.0
/*
 * engine/engine.c: the engine's directories, finding containers, and taking them away.
 *
 * Every directory of ours is 0700: what lies below (layers with setuid files, volumes, secrets in a specification) is out of
 * other users' reach, whatever its own mode is. A root that somebody else could write is refused.
 */
#include <errno.h>
#include <sys/file.h>

#include "base/clock.h"
#include "base/log.h"
#include "confine/idmap.h"
#include "engine/engine_internal.h"
#include "engine/names.h"
#include "oci/digest.h"
#include "sys/file.h"

int engine_open(const char *root, const char *state, bool create, struct engine **ret, struct error *err)
{
    struct engine *e = xcalloc(1, sizeof(*e));
    *e = (struct engine){ .root = xstrdup(root),
                          .state = xstrdup(state),
                          .create = create,
                          .root_fd = -1,
                          .containers_fd = -1,
                          .names_fd = -1,
                          .idmap_fd = -1,
                          .secrets_fd = -1 };
    e->root_fd = dir_open(AT_FDCWD, root, create ? NULL : err);
    int r = e->root_fd;
    if (r == -ENOENT && create) {
        r = dir_make_all(AT_FDCWD, root, 0700, err);
        if (r == 0)
            r = e->root_fd = dir_open(AT_FDCWD, root, err);
    } else if (r == -ENOENT) {
        error_clear(err);
        r = 0;
    } else if (r < 0 && create) {
        r = dir_open(AT_FDCWD, root, err);
    }
    if (r >= 0 && e->root_fd >= 0)
        r = dir_check_private(e->root_fd, root, err);
    if (r < 0) {
        engine_close(e);
        return r;
    }
    *ret = e;
    return 0;
}

void engine_close(struct engine *e)
{
    if (e == NULL)
        return;
    int fds[] = { e->root_fd, e->containers_fd, e->names_fd, e->idmap_fd, e->secrets_fd };
    for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
        if (fds[i] >= 0)
            close(fds[i]);
    }
    runtime_close(e->rt);
    free(e->root);
    free(e->state);
    free(e);
}

const char *engine_root(const struct engine *e)
{
    return e->root;
}

int engine_runtime(struct engine *e, struct runtime **ret, struct error *err)
{
    if (e->rt == NULL) {
        int r = runtime_open(e->state, &e->rt, err);
        if (r < 0)
            return r;
    }
    *ret = e->rt;
    return 0;
}

int engine_dir(struct engine *e, enum engine_dir which, struct error *err)
{
    static const char *const names[] = { "containers", "names", "idmap", "secrets" };
    int *fds[] = { &e->containers_fd, &e->names_fd, &e->idmap_fd, &e->secrets_fd };
    int *fd = fds[which];
    if (*fd >= 0)
        return *fd;
    if (e->root_fd < 0)
        return error_set(err, -ENOENT, "there is no %s", e->root);
    *fd = dir_open(e->root_fd, names[which], e->create ? NULL : err);
    if (*fd == -ENOENT && e->create) {
        if (mkdirat(e->root_fd, names[which], 0700) < 0 && errno != EEXIST)
            return error_errno(err, -errno, "cannot make %s/%s", e->root, names[which]);
    }
    if (*fd < 0 && e->create)
        *fd = dir_open(e->root_fd, names[which], err);
    return *fd;
}

int engine_open_container(struct engine *e, const char *id, int wait_ms, struct error *err)
{
    int containers = engine_dir(e, ENGINE_CONTAINERS, err);
    if (containers < 0)
        return containers;
    _cleanup_close_ int fd = dir_open(containers, id, err);
    if (fd < 0 || wait_ms < 0)
        return fd < 0 ? fd : TAKE_FD(fd);
    int64_t end = clock_monotonic_ms() + wait_ms;
    for (;;) {
        if (flock(fd, LOCK_EX | LOCK_NB) == 0)
            break;
        if (errno != EWOULDBLOCK && errno != EINTR)
            return error_errno(err, -errno, "cannot lock container %.12s", id);
        if (clock_monotonic_ms() >= end)
            return error_set(err, -EBUSY,
                             "container %.12s is held by another oakum, which is starting or ending it", id);
        usleep(10000);
    }
    /* Whoever held it may have removed it meanwhile. */
    struct stat st;
    if (fstat(fd, &st) < 0 || st.st_nlink == 0)
        return error_set(err, -ENOENT, "there is no container %.12s any more", id);
    return TAKE_FD(fd);
}

struct prefix_search {
    const char *prefix;
    char id[65];
    unsigned found;
};

static int match_prefix(int dirfd, const char *name, unsigned char type, void *arg)
{
    struct prefix_search *s = arg;
    (void) dirfd;
    (void) type;
    if (str_after(name, s->prefix) != NULL && hex64_valid(name)) {
        s->found++;
        memcpy(s->id, name, 65);
    }
    return 0;
}

int engine_find(struct engine *e, const char *name_or_id, char *id, struct error *err)
{
    int containers = engine_dir(e, ENGINE_CONTAINERS, NULL);
    if (containers >= 0 && hex64_valid(name_or_id) &&
        faccessat(containers, name_or_id, F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
        memcpy(id, name_or_id, 65);
        return 0;
    }
    int names = engine_dir(e, ENGINE_NAMES, NULL);
    if (names >= 0 && name_lookup(names, name_or_id, id) == 0)
        return 0;
    size_t n = strlen(name_or_id);
    struct prefix_search s = { .prefix = name_or_id };
    if (containers >= 0 && n > 0 && n <= 64 && strspn(name_or_id, "0123456789abcdef") == n) {
        int r = dir_each(containers, ".", match_prefix, &s, err);
        if (r < 0)
            return r;
    }
    if (s.found > 1)
        return error_set(err, -EINVAL, "%u containers have an id that begins with \"%s\"; write more of it",
                         s.found, name_or_id);
    if (s.found == 0)
        return error_set(err, -ENOENT, "there is no container \"%s\"; \"oakum ps -a\" lists them all",
                         name_or_id);
    memcpy(id, s.id, 65);
    return 0;
}

static int release_range(struct engine *e, const char *id, const struct engine_record *record,
                         struct error *err)
{
    int fd = engine_dir(e, ENGINE_IDMAP, NULL);
    if (fd < 0)
        return 0;
    if (record == NULL)
        return idmap_release_all(fd, id, err);
    if (record->range_first == 0)
        return 0;
    return idmap_release(fd, record->range_first, id, err);
}

/*
 * A container whose name has gone must not be shown with it, also when this ends by SIGKILL between the two: without its record
 * it is one that has an id only.
 */
static int forget_record(struct engine *e, const char *id, struct error *err)
{
    _cleanup_close_ int fd = dir_open(e->containers_fd, id, NULL);
    if (fd >= 0 && unlinkat(fd, ENGINE_RECORD, 0) < 0 && errno != ENOENT)
        return error_errno(err, -errno, "cannot remove the record of container %.12s", id);
    return 0;
}

int engine_teardown(struct engine *e, const char *id, const struct engine_record *record, bool ask_runtime,
                    struct error *err)
{
    int r = 0;
    if (ask_runtime) {
        struct runtime *rt;
        r = engine_runtime(e, &rt, err);
        if (r == 0)
            r = container_delete(rt, id, true, err);
    }
    if (r == 0)
        network_release(e, record != NULL ? record : &(struct engine_record){ .id = id });
    if (r == 0)
        r = release_range(e, id, record, err);
    if (r == 0)
        r = forget_record(e, id, err);
    int names = r == 0 ? engine_dir(e, ENGINE_NAMES, NULL) : -1;
    if (names >= 0)
        r = record != NULL && !record->renamed ? name_release(names, record->name, id, err)
                                               : name_release_all(names, id, err);
    if (r < 0)
        return r;
    if (record == NULL || record->runs > 0)
        monitor_state_remove(e, id);
    return tree_remove(e->containers_fd, id, err);
}
