// SPDX-License-Identifier: Apache-2.0
/*
 * How: each of a few threads takes the largest layer that nobody has, and sees it through. It has a second thread beside it for
 * the time of the layer, which waits for the unpacking worker; between them is a pipe. Bytes go from the socket to the partial
 * file and then down the pipe, so the layer is unpacked while it comes, and a slow disk slows the socket down. Threads and
 * blocking calls, and not one loop over everything, because the worker, the disk and the hash block anyway, and there are two CPUs.
 *
 * The worker's complaint about bytes that have not been verified yet says little: when it gives up early, the rest is still
 * fetched, and a wrong digest is the error then.
 *
 * A blob that the store has without its layer is unpacked from there, and fetched after all when that shows that it is damaged.
 *
 * A layer is taken as it is in the store only when an image that is here has the same blob for it; else it is unpacked, and its digest
 * compared, although publishing will find it there.
 *
 * Fetching again from nothing (restart) means unpacking again from nothing: the worker's directory is thrown away.
 */
#include "image/pull_layers.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/log.h"
#include "image/worker.h"
#include "sys/file.h"

#define PARALLEL 3
#define PARALLEL_MAX 16
#define PIPE_SIZE (1024 * 1024)
#define TICK_MS 100
#define READ_SIZE (128 * 1024)

struct crew {
    struct layer_jobs *jobs;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    size_t running;
    bool failed;
    struct error err;
};

/* --- planning --- */

static bool has_layer(struct store *s, const char *diff_id)
{
    struct stat st;
    return str_after(diff_id, "sha256:") != NULL &&
           fstatat(s->layers, digest_hex(diff_id), &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
}

static bool has_blob(struct store *s, const struct layer_job *j)
{
    struct stat st;
    return fstatat(s->blobs, digest_hex(j->digest), &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) &&
           st.st_size == j->shown.size;
}

/*
 * Which jobs' blobs an image that is here has for the same DiffID. The image's own word is not enough: with another's DiffID in its
 * config it would get that one's files without having them.
 */
static void find_pairs(struct layer_jobs *jobs, const struct image_index *index)
{
    for (size_t i = 0; i < index->manifests.n; i++) {
        _cleanup_store_image_ struct store_image *image = NULL;
        if (store_image_load(jobs->im->store, &index->manifests.v[i], &image, NULL) < 0)
            continue;
        for (size_t k = 0; k < image->manifest.layers.n; k++) {
            for (size_t n = 0; n < jobs->n; n++)
                jobs->v[n].known |= str_eq(image->manifest.layers.v[k].digest, jobs->v[n].digest) &&
                                    str_eq(image->config.diff_ids.v[k], jobs->v[n].diff_id);
        }
    }
}

static bool has_any_layer(const struct layer_jobs *jobs)
{
    for (size_t i = 0; i < jobs->n; i++)
        if (has_layer(jobs->im->store, jobs->v[i].diff_id))
            return true;
    return false;
}

struct inodes {
    ino_t *v;
    size_t n, cap;
    uint64_t bytes;
};

static int by_number(const void *a, const void *b)
{
    ino_t x = *(const ino_t *) a, y = *(const ino_t *) b;
    return x < y ? -1 : x > y;
}

static int add_size(int dirfd, const char *name, unsigned char type _unused_, void *arg)
{
    struct inodes *in = arg;
    struct stat st;
    if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return 0;
    if (S_ISDIR(st.st_mode))
        return dir_each(dirfd, name, add_size, arg, NULL);
    if (!S_ISREG(st.st_mode))
        return 0;
    in->bytes += (uint64_t) st.st_size;
    if (st.st_nlink == 1)
        return 0;
    /* Names of one file count once: those beyond the first are taken off again at the end. */
    if (in->n == in->cap) {
        in->cap = in->cap == 0 ? 256 : 2 * in->cap;
        in->v = xreallocarray(in->v, in->cap, 2 * sizeof(*in->v));
    }
    in->v[2 * in->n] = st.st_ino;
    in->v[2 * in->n + 1] = (ino_t) st.st_size;
    in->n++;
    return 0;
}

/* What is in a layer that was there before us. */
static uint64_t layer_size(struct store *s, const char *diff_id)
{
    struct inodes in = { 0 };
    if (dir_each(s->layers, digest_hex(diff_id), add_size, &in, NULL) < 0)
        log_debug("the size of a layer could not be told");
    if (in.n > 1)
        qsort(in.v, in.n, 2 * sizeof(*in.v), by_number);
    for (size_t i = 1; i < in.n; i++) {
        if (in.v[2 * i] == in.v[2 * i - 2])
            in.bytes -= (uint64_t) in.v[2 * i + 1];
    }
    free(in.v);
    return in.bytes;
}

int layer_jobs_plan(struct layer_jobs *jobs, struct error *err)
{
    struct store *s = jobs->im->store;
    struct image_index index;
    _cleanup_close_ int lock = store_lock(s, LOCK_SH, err);
    int r = lock < 0 ? lock : store_index_read(s, jobs->im->st.arena, &index, err);
    if (r < 0)
        return r;
    if (has_any_layer(jobs))
        find_pairs(jobs, &index);
    for (size_t i = 0; i < jobs->n; i++) {
        struct layer_job *j = &jobs->v[i];
        snprintf(j->blob, sizeof(j->blob), "blob%u", (unsigned) i);
        j->have_layer = j->known && has_layer(s, j->diff_id);
        j->have_blob = has_blob(s, j) &&
                       linkat(s->blobs, digest_hex(j->digest), jobs->im->st.work->fd, j->blob, 0) == 0;
        if (!j->have_layer)
            snprintf(j->dir, sizeof(j->dir), "layer%u", (unsigned) i);
        else
            j->file_bytes = layer_size(s, j->diff_id);
        j->done = j->have_layer && j->have_blob;
        if (j->have_blob)
            atomic_store(&j->shown.fetched, j->shown.size);
        if (j->done)
            atomic_store(&j->shown.state, PULL_EXISTS);
    }
    return 0;
}

/* --- unpacking --- */

struct unpacking {
    struct layer_jobs *jobs;
    struct layer_job *job;
    bool started;
    pthread_t thread;
    int write_fd; /* -1: nothing more goes there */
    int read_fd;
    int code;
    struct worker_result result;
    struct error err;
};

static void *unpack_main(void *arg)
{
    struct unpacking *u = arg;
    struct worker_job wj = import_job(u->jobs->im);
    u->code = import_layer_dir(u->jobs->im, u->job->dir, &u->err);
    if (u->code >= 0) {
        wj.dir_fd = u->code;
        wj.in_fd = u->read_fd;
        u->code = worker_run(&wj, &u->result, &u->err);
        close(wj.dir_fd);
    }
    close(u->read_fd); /* whoever writes then is told */
    u->read_fd = -1;
    return NULL;
}

/* in_fd -1: a pipe, whose other end is u->write_fd. */
static int unpack_start(struct unpacking *u, int in_fd, struct error *err)
{
    int pair[2];
    u->write_fd = -1;
    u->code = 0;
    u->err = (struct error){ 0 };
    if (in_fd >= 0) {
        u->read_fd = in_fd;
    } else {
        if (pipe2(pair, O_CLOEXEC) < 0)
            return error_errno(err, -errno, "cannot make a pipe");
        u->read_fd = pair[0];
        u->write_fd = pair[1];
        (void) !fcntl(u->write_fd, F_SETPIPE_SZ, PIPE_SIZE); /* less is only slower */
    }
    int r = pthread_create(&u->thread, NULL, unpack_main, u);
    if (r != 0) {
        close(u->read_fd);
        if (u->write_fd >= 0)
            close(TAKE_FD(u->write_fd));
        return error_errno(err, -r, "cannot start a thread");
    }
    u->started = true;
    return 0;
}

static void unpack_feed(void *arg, const void *data, size_t len)
{
    struct unpacking *u = arg;
    if (u->write_fd >= 0 && write_all(u->write_fd, data, len) < 0)
        close(TAKE_FD(u->write_fd)); /* it has given up; why is known when it has been waited for */
}

static void unpack_end(struct unpacking *u)
{
    if (u->write_fd >= 0)
        close(TAKE_FD(u->write_fd));
    if (u->started)
        pthread_join(u->thread, NULL);
    u->started = false;
}

static int unpack_judge(struct crew *crew, struct unpacking *u, struct error *err)
{
    struct layer_job *j = u->job;
    if (u->code < 0) {
        if (err != NULL)
            *err = u->err;
        return u->code;
    }
    if (!str_eq(u->result.in_hex, digest_hex(j->digest)))
        return error_set(err, -EIO, "the unpacking worker read other bytes than it was given");
    if (!str_eq(u->result.out_hex, digest_hex(j->diff_id)))
        return error_set(err, -EINVAL,
                         "it is not the layer that the image's config names: sha256:%s, should be %s",
                         u->result.out_hex, j->diff_id);
    j->file_bytes = u->result.file_bytes;
    pthread_mutex_lock(&crew->lock);
    bool over = u->result.file_bytes > crew->jobs->im->bytes_left ||
                u->result.inodes > crew->jobs->im->inodes_left;
    import_charge(crew->jobs->im, &u->result);
    pthread_mutex_unlock(&crew->lock);
    return over ? error_set(err, -EFBIG, "the image unpacks to more than it may") : 0;
}

/* --- one layer --- */

struct fetching {
    struct layer_job *job;
    struct unpacking *unpacking; /* NULL: the layer is there, only its blob is wanted */
};

static int on_data(void *arg, const void *bytes, size_t len, struct error *err)
{
    struct fetching *f = arg;
    int r = partial_add(&f->job->partial, bytes, len, err);
    atomic_store(&f->job->shown.fetched, f->job->partial.have);
    return r;
}

static int on_restart(void *arg, struct error *err)
{
    struct fetching *f = arg;
    struct unpacking *u = f->unpacking;
    int r = partial_restart(&f->job->partial, err);
    atomic_store(&f->job->shown.fetched, 0);
    if (r < 0 || u == NULL)
        return r;
    unpack_end(u);
    r = tree_remove(u->jobs->im->st.work->fd, f->job->dir, err);
    return r < 0 ? r : unpack_start(u, -1, err);
}

static int on_check(void *arg, struct error *err)
{
    struct fetching *f = arg;
    return partial_check(&f->job->partial, err);
}

static void on_validator(void *arg, const char *etag)
{
    struct fetching *f = arg;
    partial_set_etag(&f->job->partial, etag);
}

static int fetch(struct layer_jobs *jobs, struct registry_conn *c, struct fetching *f, struct error *err)
{
    struct layer_job *j = f->job;
    struct registry_sink sink = {
        .data = on_data, .restart = on_restart, .check = on_check, .validator = on_validator, .arg = f
    };
    atomic_store(&j->shown.state, PULL_FETCHING);
    int r = partial_open(jobs->im->store, j->digest, j->shown.size, f->unpacking != NULL ? unpack_feed : NULL,
                         f->unpacking, &j->partial, err);
    if (r < 0)
        return r;
    atomic_store(&j->shown.fetched, j->partial.have);
    sink.have = j->partial.have;
    memcpy(sink.etag, j->partial.etag, sizeof(sink.etag));
    r = registry_blob_get(c, jobs->repo, j->digest, j->shown.size, &sink, err);
    return r < 0 ? r : partial_link(&j->partial, jobs->im->st.work->fd, j->blob, err);
}

static bool has_digest(int fd, const char *digest)
{
    _cleanup_free_ char *buf = xmalloc(READ_SIZE);
    char hex[SHA256_HEX];
    struct sha256 sum;
    ssize_t n;
    off_t at = 0;
    sha256_init(&sum);
    while ((n = pread(fd, buf, READ_SIZE, at)) > 0 || (n < 0 && errno == EINTR)) {
        if (n > 0)
            sha256_add(&sum, buf, (size_t) n);
        at += MAX_OF(n, 0);
    }
    sha256_hex(&sum, hex);
    return n == 0 && str_eq(hex, digest_hex(digest));
}

/*
 * The blob that the store has did not unpack. True: because the disk has damaged it; then it is gone, and the layer is to be fetched as
 * if it had never been there. Somebody else may have put a good one in its place meanwhile: that one stays.
 */
static bool drop_damaged(struct layer_jobs *jobs, struct layer_job *j)
{
    struct store *s = jobs->im->store;
    struct stat ours, there;
    int work = jobs->im->st.work->fd;
    _cleanup_close_ int fd = file_open(work, j->blob, O_RDONLY | O_NOFOLLOW, 0, NULL);
    if (fd < 0 || fstat(fd, &ours) < 0 || has_digest(fd, j->digest))
        return false;
    _cleanup_close_ int lock = store_lock(s, LOCK_EX, NULL);
    if (lock < 0)
        return false;
    const char *hex = digest_hex(j->digest);
    if (fstatat(s->blobs, hex, &there, AT_SYMLINK_NOFOLLOW) == 0 && there.st_ino == ours.st_ino &&
        unlinkat(s->blobs, hex, 0) < 0)
        return false;
    log_warn("the blob %.19s in the store is damaged; it is fetched again", j->digest);
    j->have_blob = false;
    atomic_store(&j->shown.fetched, 0);
    return unlinkat(work, j->blob, 0) == 0 && tree_remove(work, j->dir, NULL) == 0;
}

static int see_through_once(struct crew *crew, struct registry_conn *c, struct layer_job *j,
                            struct error *err)
{
    struct layer_jobs *jobs = crew->jobs;
    struct unpacking u = { .jobs = jobs, .job = j, .write_fd = -1, .read_fd = -1 };
    struct fetching f = { .job = j, .unpacking = j->have_layer ? NULL : &u };
    int blob = -1, r = 0;
    if (j->have_blob) {
        blob = file_open(jobs->im->st.work->fd, j->blob, O_RDONLY | O_NOFOLLOW, 0, err);
        r = blob < 0 ? blob : 0;
    }
    if (r == 0 && !j->have_layer)
        r = unpack_start(&u, blob, err);
    if (r == 0 && !j->have_blob)
        r = fetch(jobs, c, &f, err);
    if (r == 0)
        atomic_store(&j->shown.state, PULL_UNPACKING);
    unpack_end(&u);
    if (r == 0 && !j->have_layer)
        r = unpack_judge(crew, &u, err);
    return r;
}

static int see_through(struct crew *crew, struct registry_conn *c, struct layer_job *j, struct error *err)
{
    bool from_store = j->have_blob && !j->have_layer;
    int r = see_through_once(crew, c, j, err);
    if (r < 0 && from_store && drop_damaged(crew->jobs, j)) {
        error_clear(err);
        r = see_through_once(crew, c, j, err);
    }
    return r < 0 ? error_context(err, r, "layer %.12s", j->shown.hex) : 0;
}

/* --- the crew --- */

static struct layer_job *take_largest(struct layer_jobs *jobs)
{
    struct layer_job *best = NULL;
    for (size_t i = 0; i < jobs->n; i++) {
        struct layer_job *j = &jobs->v[i];
        if (!j->done && (best == NULL || j->shown.size > best->shown.size))
            best = j;
    }
    if (best != NULL)
        best->done = true; /* by us */
    return best;
}

static void *worker_main(void *arg)
{
    struct crew *crew = arg;
    struct registry_conn *c = registry_conn_new(crew->jobs->registry);
    for (;;) {
        struct error err = { 0 };
        pthread_mutex_lock(&crew->lock);
        struct layer_job *j = crew->failed ? NULL : take_largest(crew->jobs);
        pthread_mutex_unlock(&crew->lock);
        if (j == NULL)
            break;
        int r = see_through(crew, c, j, &err);
        atomic_store(&j->shown.state, r < 0 ? PULL_FAILED : PULL_DONE);
        pthread_mutex_lock(&crew->lock);
        if (r < 0 && !crew->failed) {
            crew->failed = true;
            crew->err = err;
            crew->err.code = r;
            http_cancel(registry_http(crew->jobs->registry));
        }
        pthread_mutex_unlock(&crew->lock);
    }
    registry_conn_free(c);
    pthread_mutex_lock(&crew->lock);
    crew->running--;
    pthread_cond_signal(&crew->changed);
    pthread_mutex_unlock(&crew->lock);
    return NULL;
}

static void show(const struct layer_jobs *jobs, struct pull_layer **layers, bool end)
{
    if (jobs->o->progress == NULL)
        return;
    for (size_t i = 0; i < jobs->n; i++)
        layers[i] = &jobs->v[i].shown;
    jobs->o->progress(jobs->o->arg, layers, jobs->n, end);
}

static void wait_and_show(struct crew *crew, struct pull_layer **layers)
{
    pthread_mutex_lock(&crew->lock);
    while (crew->running > 0) {
        struct timespec until;
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += TICK_MS * 1000000L;
        until.tv_sec += until.tv_nsec / 1000000000L;
        until.tv_nsec %= 1000000000L;
        pthread_cond_timedwait(&crew->changed, &crew->lock, &until);
        pthread_mutex_unlock(&crew->lock);
        show(crew->jobs, layers, false);
        pthread_mutex_lock(&crew->lock);
    }
    pthread_mutex_unlock(&crew->lock);
}

int layer_jobs_run(struct layer_jobs *jobs, struct error *err)
{
    struct crew crew = { .jobs = jobs,
                         .lock = PTHREAD_MUTEX_INITIALIZER,
                         .changed = PTHREAD_COND_INITIALIZER };
    pthread_t threads[PARALLEL_MAX];
    size_t want = jobs->o->parallel != 0 ? MIN_OF(jobs->o->parallel, PARALLEL_MAX) : PARALLEL, n = 0,
           open = 0;
    _cleanup_free_ struct pull_layer **layers = xcalloc(jobs->n + 1, sizeof(struct pull_layer *));
    for (size_t i = 0; i < jobs->n; i++)
        open += !jobs->v[i].done;
    show(jobs, layers, false);
    pthread_mutex_lock(&crew.lock);
    while (n < want && n < open && pthread_create(&threads[n], NULL, worker_main, &crew) == 0)
        n++;
    crew.running = n;
    pthread_mutex_unlock(&crew.lock);
    if (open > 0 && n == 0)
        return error_set(err, -EAGAIN, "cannot start a thread");
    wait_and_show(&crew, layers);
    for (size_t i = 0; i < n; i++)
        pthread_join(threads[i], NULL);
    http_resume(registry_http(jobs->registry));
    show(jobs, layers, true);
    if (crew.failed && err != NULL)
        *err = crew.err;
    return crew.failed ? crew.err.code : 0;
}

void layer_jobs_end(struct layer_jobs *jobs, bool published)
{
    for (size_t i = 0; i < jobs->n; i++) {
        if (published && jobs->v[i].partial.open)
            partial_remove(&jobs->v[i].partial);
        partial_close(&jobs->v[i].partial);
    }
}
