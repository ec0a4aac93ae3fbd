// SPDX-License-Identifier: Apache-2.0
/*
 * engine/logs.c: the parts of a log, oldest first, and then what is added to the newest one. A part is known by its inode: while it is
 * read it may be renamed, and the next one is that which bears the number below its own.
 */
#include "engine/logs.h"

#include <errno.h>
#include <poll.h>
#include <sys/inotify.h>

#include "base/clock.h"
#include "engine/engine_internal.h"
#include "sys/file.h"

#define PARTS_MAX 1000
#define BLOCK 65536
#define LINE_MAX_BYTES (1u << 20) /* ours are at most 131072; docker's readers take 1 MiB */

struct reader {
    const struct logs_request *req;
    int dir;
    char name[80];
    int fd;
    off_t at;      /* of the part that is read */
    uint64_t skip; /* entries that tail leaves out */
    struct strbuf rest;
    struct arena *arena;
};

static int open_part(const struct reader *r, unsigned i)
{
    char name[96];
    int n = i == 0 ? str_format(name, sizeof(name), "%s", r->name)
                   : str_format(name, sizeof(name), "%s.%u", r->name, i);
    return n < 0 ? n : file_open(r->dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0, NULL);
}

static int before(const struct timespec *a, const struct timespec *b)
{
    return a->tv_sec != b->tv_sec ? a->tv_sec < b->tv_sec : a->tv_nsec < b->tv_nsec;
}

static int give(struct reader *r, const char *line, size_t len)
{
    struct log_entry e;
    struct timespec t;
    const struct logs_request *q = r->req;
    if (r->skip > 0) {
        r->skip--;
        return 0;
    }
    arena_free(r->arena);
    r->arena = arena_new();
    if (logs_entry_parse(r->arena, line, len, &e) < 0)
        return 0;
    if (q->since.tv_sec != 0 || q->until.tv_sec != 0) {
        if (clock_parse(e.time, &t) < 0 || (q->since.tv_sec != 0 && before(&t, &q->since)))
            return 0;
        if (q->until.tv_sec != 0 && before(&q->until, &t))
            return 1;
    }
    return q->entry(q->arg, &e);
}

/* To the end of the part. */
static int read_part(struct reader *r)
{
    char block[BLOCK];
    ssize_t n;
    while ((n = pread(r->fd, block, sizeof(block), r->at)) > 0) {
        r->at += n;
        for (const char *p = block, *end = block + n; p < end;) {
            const char *nl = memchr(p, '\n', (size_t) (end - p));
            size_t len = nl != NULL ? (size_t) (nl - p) : (size_t) (end - p);
            if (r->rest.len + len <= LINE_MAX_BYTES)
                strbuf_add(&r->rest, p, len);
            p += len + (nl != NULL);
            if (nl == NULL)
                break;
            int stop = give(r, r->rest.buf, r->rest.len);
            strbuf_reset(&r->rest);
            if (stop != 0)
                return stop;
        }
    }
    return 0;
}

static uint64_t count_lines(int fd)
{
    char block[BLOCK];
    uint64_t lines = 0;
    ssize_t n;
    for (off_t at = 0; (n = pread(fd, block, sizeof(block), at)) > 0; at += n)
        for (const char *p = block; (p = memchr(p, '\n', (size_t) (block + n - p))) != NULL; p++)
            lines++;
    return lines;
}

/* Newest first, so that a part that is moved on meanwhile is seen twice rather than never. */
static size_t open_parts(struct reader *r, int *fds)
{
    size_t n = 0, missing = 0;
    struct stat st, last;
    for (unsigned i = 0; i < PARTS_MAX; i++) {
        int fd = open_part(r, i);
        if (fd < 0 && missing++ > 0)
            break;
        if (fd < 0)
            continue; /* a rotation is under way */
        if (n > 0 && fstat(fd, &st) == 0 && fstat(fds[n - 1], &last) == 0 && st.st_ino == last.st_ino)
            close(fd);
        else
            fds[n++] = fd;
    }
    return n;
}

static void next_part(struct reader *r, int fd)
{
    if (r->fd >= 0)
        close(r->fd);
    r->fd = fd;
    r->at = 0;
    strbuf_reset(&r->rest);
}

static int read_all(struct reader *r)
{
    int *fds = xcalloc(PARTS_MAX, sizeof(*fds)), stop = 0;
    size_t n = open_parts(r, fds);
    uint64_t lines = 0;
    for (size_t i = 0; r->req->tail >= 0 && i < n; i++)
        lines += count_lines(fds[i]);
    if (r->req->tail >= 0 && lines > (uint64_t) r->req->tail)
        r->skip = lines - (uint64_t) r->req->tail;
    for (size_t i = n; i > 0; i--) {
        if (stop != 0) {
            close(fds[i - 1]);
            continue;
        }
        next_part(r, fds[i - 1]);
        stop = read_part(r);
    }
    r->skip = 0;
    free(fds);
    return stop;
}

/* The part after ours, when ours has been moved away. 1: there is one. */
static int step(struct reader *r)
{
    struct stat ours = { 0 }, st;
    if (r->fd >= 0 && fstat(r->fd, &ours) == 0 && ours.st_size < r->at)
        r->at = 0; /* max-file=1: emptied */
    int newer = -1, missing = 0;
    for (unsigned i = 0; i < PARTS_MAX; i++) {
        int fd = open_part(r, i);
        if (fd < 0 && missing++ == 0)
            continue; /* a rotation is under way */
        bool same = fd >= 0 && r->fd >= 0 && fstat(fd, &st) == 0 && st.st_ino == ours.st_ino;
        if (fd < 0 || same) {
            if (fd >= 0)
                close(fd);
            break;
        }
        if (newer >= 0)
            close(newer);
        newer = fd;
    }
    if (newer < 0)
        return 0;
    int stop = r->fd >= 0 ? read_part(r) : 0; /* what came before the move */
    if (stop != 0) {
        close(newer);
        return 0;
    }
    next_part(r, newer);
    return 1;
}

static bool is_over(struct engine *e, const char *id)
{
    struct engine_container c;
    if (engine_get(e, id, &c, NULL) < 0)
        return true;
    bool up = engine_is_up(c.status) || c.status == ENGINE_CREATING;
    engine_container_clear(&c);
    return !up;
}

static int follow(struct reader *r, struct engine *e, const char *id, struct error *err)
{
    char events[4096], path[40];
    _cleanup_close_ int watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    if (watch < 0 || str_format(path, sizeof(path), "/proc/self/fd/%d", r->dir) < 0 ||
        inotify_add_watch(watch, path, IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_DELETE | IN_DELETE_SELF) < 0)
        return error_errno(err, -errno, "cannot wait for the log");
    for (;;) {
        bool over = is_over(e, id);
        int stop;
        do
            stop = r->fd >= 0 ? read_part(r) : 0;
        while (stop == 0 && step(r) == 1);
        if (stop == 0)
            stop = r->req->entry(r->req->arg, NULL);
        if (stop != 0 || over)
            return stop;
        struct pollfd p = { .fd = watch, .events = POLLIN };
        poll(&p, 1, 1000);
        while (read(watch, events, sizeof(events)) > 0) {}
    }
}

static int check_log(const struct engine_record *r, bool there, struct error *err)
{
    int e = log_driver_readable(r, err);
    if (e < 0)
        return e;
    if (there || r->runs == 0 || r->detached)
        return 0;
    return error_set(
        err, -ENODATA,
        "container %s has no log: it ran in the foreground, and its output went where oakum's went", r->name);
}

int engine_logs(struct engine *e, const char *name_or_id, const struct logs_request *req, struct error *err)
{
    struct engine_container c;
    struct reader r = { .req = req, .dir = -1, .fd = -1, .rest = STRBUF_INIT };
    char id[65];
    int ret = engine_get(e, name_or_id, &c, err);
    if (ret < 0)
        return ret;
    if (c.status == ENGINE_DAMAGED)
        ret = error_set(err, -EINVAL, "container %s is damaged: %s", name_or_id, c.record->error);
    else if (str_format(id, sizeof(id), "%s", c.record->id) < 0 ||
             str_format(r.name, sizeof(r.name), "%s-json.log", id) < 0)
        ret = -EINVAL;
    _cleanup_close_ int dirfd = ret < 0 ? -1 : engine_open_container(e, id, -1, err);
    if (ret == 0 && dirfd < 0)
        ret = dirfd;
    if (ret == 0)
        r.dir = monitor_dir(dirfd, false, NULL);
    _cleanup_close_ int first = r.dir < 0 ? -1 : open_part(&r, 0);
    if (ret == 0)
        ret = check_log(c.record, first >= 0, err);
    engine_container_clear(&c);
    if (ret == 0 && r.dir >= 0) {
        ret = read_all(&r);
        if (ret == 0 && req->follow)
            ret = follow(&r, e, id, err);
    }
    next_part(&r, -1);
    strbuf_free(&r.rest);
    arena_free(r.arena);
    if (r.dir >= 0)
        close(r.dir);
    return ret < 0 ? ret : 0;
}
