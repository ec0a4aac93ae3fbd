// SPDX-License-Identifier: Apache-2.0
/*
 * How: the plan (check_plan.c) says what should be there; then every blob is hashed, and every layer is unpacked from its blob
 * into a work directory, by the same sandboxed worker as ever, and compared. Neither holds the lock, so that nobody waits; what
 * was found is therefore held against a plan made anew at the end. Blobs come before layers, because a layer is judged by its blob.
 *
 * Threat: a disk that lies, a hand that "just quickly" edited a layer, a power cut that the file system did not survive; and a
 * repair that makes it worse: nothing is taken away before its substitute is whole, unless it is worthless.
 */
#include "image/check.h"

#include <errno.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/log.h"
#include "image/check_internal.h"
#include "image/compare.h"
#include "image/worker.h"
#include "sys/file.h"

#define CHUNK ((size_t) 256 * 1024)

/* --- blobs --- */

static int hash(int fd, char hex[static SHA256_HEX])
{
    _cleanup_free_ char *buf = xmalloc(CHUNK);
    struct sha256 sum;
    ssize_t n;
    sha256_init(&sum);
    while ((n = read(fd, buf, CHUNK)) != 0) {
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        sha256_add(&sum, buf, (size_t) n);
    }
    sha256_hex(&sum, hex);
    return 0;
}

static void check_blob(struct check *c, struct check_item *it)
{
    char hex[SHA256_HEX];
    struct stat st;
    _cleanup_close_ int fd = openat(c->store->blobs, it->hex, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) < 0) {
        it->state = errno == ENOENT ? CHECK_MISSING : CHECK_BAD;
        it->problem = errno == ENOENT ? "is missing"
                                      : arena_printf(c->a, "cannot be read: %s", strerror(errno));
        return;
    }
    it->state = CHECK_BAD;
    if (!S_ISREG(st.st_mode)) {
        it->problem = "is no regular file";
    } else if (it->size >= 0 && st.st_size != it->size) {
        it->problem = arena_printf(c->a, "is %lld bytes, not %lld", (long long) st.st_size,
                                   (long long) it->size);
    } else {
        int r = c->o->quick ? 0 : hash(fd, hex);
        if (r < 0)
            it->problem = arena_printf(c->a, "cannot be read: %s", strerror(-r));
        else if (!c->o->quick && !str_eq(hex, it->hex))
            it->problem = arena_printf(c->a, "is damaged: its digest is sha256:%s", hex);
        else
            it->state = CHECK_GOOD;
    }
}

/* --- layers --- */

struct judged {
    struct check *c;
    struct check_item *item;
    size_t n;
    bool time_only;
};

/* One is told, and the number of the others: rather not a directory's time, which comes of something else. */
static int differs(void *arg, const struct tree_difference *d)
{
    struct judged *j = arg;
    bool time = str_eq(d->what, "modification time");
    if (j->n++ == 0 || (j->time_only && !time)) {
        j->item->problem = arena_printf(j->c->a, "is damaged: %s: %s", d->path, d->what);
        j->time_only = time;
    }
    j->item->state = CHECK_BAD;
    return 0;
}

/* Unpacks the first good blob into the work directory. 1: the tree is there; 0: there is no good blob, or it does not fit. */
static int unpack(struct check *c, struct check_item *it, char *name, size_t size, struct error *err)
{
    static const struct import_options defaults = { 0 };
    struct import im = { .store = c->store, .o = &defaults, .st = { .arena = c->a, .work = c->work } };
    struct worker_result res;
    struct error why = { 0 };
    int blob = -ENOENT;
    for (size_t i = 0; i < it->n_from && blob < 0; i++) {
        const struct check_item *b = check_item_find(c, CHECK_BLOB, it->from[i]);
        if (b != NULL && b->state == CHECK_GOOD)
            blob = file_open(c->store->blobs, b->hex, O_RDONLY | O_NOFOLLOW, 0, NULL);
    }
    if (blob < 0)
        return 0;
    _cleanup_close_ int in = blob;
    if (str_format(name, size, "layer%u", c->unpacked++) < 0)
        return -ENAMETOOLONG;
    _cleanup_close_ int dir = import_layer_dir(&im, name, err);
    if (dir < 0)
        return dir;
    import_budgets(&im);
    struct worker_job job = import_job(&im);
    job.in_fd = in;
    job.dir_fd = dir;
    int r = worker_run(&job, &res, &why);
    if (r == -ENOSPC || r == -EDQUOT || r == -EROFS)
        return error_set(err, r, "%s", why.msg);
    if (r == 0 && str_eq(res.out_hex, it->hex))
        return 1;
    it->state = CHECK_BAD;
    it->problem = r < 0 ? arena_printf(c->a, "cannot be unpacked: %s", why.msg)
                        : "is not what its blob unpacks to: the image's config is wrong";
    return 0;
}

static int compare(struct check *c, struct check_item *it, const char *fresh, struct error *err)
{
    struct judged j = { c, it, 0, false };
    _cleanup_close_ int is = openat(c->store->layers, it->hex,
                                    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (is < 0) {
        it->state = CHECK_MISSING;
        it->problem = "is missing";
        return 0;
    }
    _cleanup_close_ int should = dir_open(c->work->fd, fresh, err);
    if (should < 0)
        return should;
    it->state = CHECK_GOOD;
    int r = tree_compare(is, should, TREE_LAYERS, differs, &j, err);
    if (r < 0 && err != NULL && faccessat(c->store->layers, it->hex, F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
        /* It is there, and cannot be read: its own fault. */
        it->state = CHECK_BAD;
        it->problem = arena_strdup(c->a, err->msg);
        error_clear(err);
        r = 0;
    }
    if (j.n > 1)
        it->problem = arena_printf(c->a, "%s (and %zu more)", it->problem, j.n - 1);
    return r;
}

static int check_layer(struct check *c, struct check_item *it, struct error *err)
{
    struct stat st;
    char fresh[32];
    bool there = fstatat(c->store->layers, it->hex, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
    it->state = there ? CHECK_GOOD : CHECK_MISSING;
    it->problem = there ? NULL : "is missing";
    if (c->o->quick || (there && it->n_from == 0))
        return 0;
    int r = unpack(c, it, fresh, sizeof(fresh), err);
    if (r == 1) {
        r = compare(c, it, fresh, err);
        if (r == 0 && c->o->repair && (it->state == CHECK_BAD || it->state == CHECK_MISSING))
            r = check_replace_layer(c, it, fresh, err);
    }
    /* Trees are large, and there may be many. */
    if (c->unpacked > 0 && str_format(fresh, sizeof(fresh), "layer%u", c->unpacked - 1) > 0)
        tree_remove(c->work->fd, fresh, NULL);
    return MIN_OF(r, 0);
}

/* --- all of it --- */

static void blobs(struct check *c)
{
    for (size_t i = 0; i < c->n_items; i++) {
        struct check_item *it = &c->items[i];
        const char *before = it->problem;
        if (it->kind != CHECK_BLOB || !it->planned || it->state == CHECK_GOOD)
            continue;
        check_blob(c, it);
        if (before != NULL)
            it->problem = before; /* what was wrong with it before it was repaired */
    }
}

static int layers(struct check *c, struct error *err)
{
    int r = 0;
    for (size_t i = 0; i < c->n_items && r == 0; i++) {
        if (c->items[i].kind == CHECK_LAYER && c->items[i].planned)
            r = check_layer(c, &c->items[i], err);
    }
    return r;
}

static int locked_plan(struct check *c, int operation, int *ret_lock, struct error *err)
{
    int lock = store_lock(c->store, operation, err);
    int r = lock < 0 ? lock : check_plan(c, err);
    if (r < 0 || ret_lock == NULL) {
        if (lock >= 0)
            close(lock);
        return r;
    }
    *ret_lock = lock;
    return 0;
}

static void report(struct check *c, struct check_result *res, const struct check_finding *f)
{
    res->found++;
    res->wrong += f->wrong;
    if (c->o->found != NULL)
        c->o->found(c->o->arg, f);
}

static const char *names_of(struct check *c, const struct check_item *it)
{
    _cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
    for (size_t i = 0; i < it->n_images; i++)
        strbuf_addf(&text, "%s%s", i > 0 ? ", " : "", c->images[it->images[i]].name);
    return arena_strdup(c->a, text.buf);
}

static const char *advice(struct check *c, const struct check_item *it)
{
    bool pulled = false, bad = it->state == CHECK_BAD || it->state == CHECK_MISSING;
    for (size_t i = 0; i < it->n_images; i++)
        pulled |= c->images[it->images[i]].source != NULL;
    if (!bad || it->advice != NULL)
        return bad ? it->advice : NULL;
    if (!c->o->repair && (pulled || it->kind == CHECK_LAYER))
        return "oakum system check --repair";
    return pulled ? "pull the image again when its registry has it"
                  : "the image was not pulled: load or import it again, or remove it (oakum rmi --force)";
}

static void report_items(struct check *c, struct check_result *res)
{
    static const char *const kinds[] = { "document", "blob", "layer" };
    for (size_t i = 0; i < c->n_images; i++) {
        const struct check_image *im = &c->images[i];
        res->images++;
        if (im->record != NULL)
            report(c, res,
                   &(struct check_finding){ .kind = "record",
                                            .which = im->name,
                                            .images = im->name,
                                            .problem = im->record,
                                            .advice = "pull, load or import the image again",
                                            .wrong = true });
    }
    for (size_t i = 0; i < c->n_items; i++) {
        const struct check_item *it = &c->items[i];
        if (!it->planned)
            continue;
        res->layers += it->kind == CHECK_LAYER;
        res->blobs += it->kind != CHECK_LAYER;
        if (it->problem == NULL)
            continue;
        report(c, res,
               &(struct check_finding){ .kind = kinds[it->kind],
                                        .which = arena_printf(c->a, "sha256:%s", it->hex),
                                        .images = names_of(c, it),
                                        .problem = it->problem,
                                        .done = it->state == CHECK_GOOD ? it->done : NULL,
                                        .advice = advice(c, it),
                                        .wrong = it->state != CHECK_GOOD });
    }
}

/* --- strays --- */

struct strays {
    struct check *c;
    struct check_result *res;
    bool layers, collected;
};

static int stray(int dirfd, const char *name, unsigned char type _unused_, void *arg)
{
    struct strays *s = arg;
    const struct check_item *it[2] = { NULL, NULL };
    if (s->layers) {
        it[0] = hex64_valid(name) ? check_item_find(s->c, CHECK_LAYER, name) : NULL;
    } else if (hex64_valid(name)) {
        it[0] = check_item_find(s->c, CHECK_BLOB, name);
        it[1] = check_item_find(s->c, CHECK_DOCUMENT, name);
    }
    if ((it[0] != NULL && it[0]->planned) || (it[1] != NULL && it[1]->planned))
        return 0;
    bool gone = s->collected && faccessat(dirfd, name, F_OK, AT_SYMLINK_NOFOLLOW) < 0;
    report(s->c, s->res,
           &(struct check_finding){
               .kind = "stray",
               .which = arena_printf(s->c->a, "%s/%s", s->layers ? "layers" : "blobs/sha256", name),
               .images = "",
               .problem = "nothing needs it",
               .done = gone ? "removed" : NULL,
               .advice = gone ? NULL : "oakum system check --repair",
               .wrong = !gone });
    return 0;
}

struct listed {
    struct arena *a;
    struct oci_strings names;
};

static int list_name(int dirfd _unused_, const char *name, unsigned char type _unused_, void *arg)
{
    struct listed *l = arg;
    oci_strings_add(l->a, &l->names, arena_strdup(l->a, name));
    return 0;
}

/* Under the lock, with a plan that is complete. */
static int strays(struct check *c, struct check_result *res, struct error *err)
{
    struct listed lists[2] = { { c->a, { 0 } }, { c->a, { 0 } } };
    struct strays s = { c, res, false, c->o->repair && !c->o->quick };
    struct image_index index;
    for (size_t i = 0; i < c->n_items; i++) {
        if (c->items[i].planned && c->items[i].kind == CHECK_DOCUMENT && c->items[i].state != CHECK_GOOD)
            return 0; /* who knows what it names */
    }
    int r = dir_each(c->store->blobs, ".", list_name, &lists[0], err);
    if (r == 0)
        r = dir_each(c->store->layers, ".", list_name, &lists[1], err);
    if (r == 0 && s.collected)
        r = store_index_read(c->store, c->a, &index, err);
    if (r == 0 && s.collected)
        r = store_collect(c->store, &index, c->work, err);
    for (int i = 0; i < 2 && r == 0; i++) {
        s.layers = i == 1;
        for (size_t k = 0; k < lists[i].names.n; k++)
            stray(i == 1 ? c->store->layers : c->store->blobs, lists[i].names.v[k], 0, &s);
    }
    return r;
}

static int check_all(struct check *c, struct check_result *res, struct error *err)
{
    bool repair = c->o->repair && !c->o->quick;
    int lock = -1;
    int r = locked_plan(c, LOCK_SH, NULL, err);
    if (r < 0)
        return r;
    blobs(c);
    if (repair) {
        r = check_refetch(c, err);
        blobs(c);
    }
    if (r == 0)
        r = layers(c, err);
    if (r == 0)
        r = locked_plan(c, repair ? LOCK_EX : LOCK_SH, &lock, err);
    if (r < 0)
        return r;
    report_items(c, res);
    r = strays(c, res, err);
    close(lock);
    return r;
}

int store_check(struct store *s, const struct check_options *o, struct check_result *ret, struct error *err)
{
    struct check c = { .store = s, .o = o };
    struct check_result res = { 0 };
    int r = o->quick ? 0 : work_new(s, &c.work, err);
    if (r < 0)
        return r;
    c.a = arena_new();
    r = check_all(&c, &res, err);
    work_free(c.work);
    arena_free(c.a);
    if (r == 0)
        *ret = res;
    return r;
}
