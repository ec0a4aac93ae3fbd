// SPDX-License-Identifier: Apache-2.0
/*
 * How: what was removed is found by comparing (engine/changes.h), what was added by the worker that packs the container's layer. Signals wait while the
 * container is paused for it: whoever interrupts a commit leaves no frozen container behind.
 */
#include "engine/commit.h"

#include <errno.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/strbuf.h"
#include "engine/changes.h"
#include "engine/engine_internal.h"
#include "sys/file.h"

/* --- the configuration --- */

static bool begins_with(const struct oci_strings *l, const struct oci_strings *words)
{
    for (size_t i = 0; i < words->n; i++)
        if (i >= l->n || !str_eq(l->v[i], words->v[i]))
            return false;
    return true;
}

static bool same_words(const struct oci_strings *a, const struct oci_strings *b)
{
    return a->n == b->n && begins_with(a, b);
}

/* What was run, divided as the image does it. */
static void take_command(const struct engine_record *r, struct image_config *c)
{
    struct oci_strings whole = { 0 }, args = r->args;
    for (size_t i = 0; i < c->entrypoint.n; i++)
        oci_strings_add(r->arena, &whole, c->entrypoint.v[i]);
    for (size_t i = 0; i < c->cmd.n; i++)
        oci_strings_add(r->arena, &whole, c->cmd.v[i]);
    if (same_words(&args, &whole) || args.n == 0)
        return;
    size_t first = begins_with(&args, &c->entrypoint) ? c->entrypoint.n : 1;
    if (first == 1 && !begins_with(&args, &c->entrypoint)) {
        c->entrypoint = (struct oci_strings){ args.v, 1 };
        c->entrypoint_set = true;
    }
    c->cmd = (struct oci_strings){ args.v + first, args.n - first };
    c->cmd_set = true;
}

/* What oakum itself has put there. Whose home it is follows from the user at the next run. */
static bool is_own(const struct oci_spec *spec, const char *entry)
{
    const char *host = str_after(entry, "HOSTNAME=");
    return str_after(entry, "HOME=") != NULL || str_eq(entry, "TERM=xterm") ||
           str_eq(entry, "PATH=" DEFAULT_PATH) ||
           (host != NULL && spec->hostname != NULL && str_eq(host, spec->hostname));
}

static void take_environment(struct arena *a, const struct oci_spec *spec, struct image_config *c)
{
    struct oci_strings env = { 0 };
    for (size_t i = 0; i < c->env.n; i++)
        env_list_set(a, &env, c->env.v[i]);
    for (size_t i = 0; i < spec->process.env.n; i++) {
        const char *entry = spec->process.env.v[i];
        size_t n = strcspn(entry, "=");
        const char *key = arena_strndup(a, entry, n);
        if (env_list_get(&env, key) != NULL || !is_own(spec, entry))
            env_list_set(a, &env, entry);
    }
    c->env = env;
}

static const char *workdir_of(const char *dir)
{
    return str_empty(dir) ? "/" : dir;
}

static int apply_changes(struct arena *a, const struct oci_strings *changes, struct image_config *c,
                         struct error *err)
{
    bool command = false;
    for (size_t i = 0; i < changes->n; i++) {
        const char *text = changes->v[i] + strspn(changes->v[i], " \t");
        command = command || strncasecmp(text, "CMD", 3) == 0;
        /* Of another entry point the old command is none of the arguments (docker's rule). */
        if (strncasecmp(text, "ENTRYPOINT", 10) == 0 && !command) {
            c->cmd = (struct oci_strings){ 0 };
            c->cmd_set = false;
        }
        int r = change_apply(a, text, c, err);
        if (r < 0)
            return r;
    }
    return 0;
}

static int make_config(const struct engine_record *r, const struct oci_spec *spec,
                       const struct store_image *base, const struct commit_request *req,
                       struct image_config *ret, struct error *err)
{
    struct arena *a = r->arena;
    struct image_config c = base->config;
    const char *user = oci_pairs_get(&r->sources, "user");
    char now[CLOCK_TEXT_MAX];
    struct timespec t;
    clock_source_date(&t);
    clock_format(&t, now);
    c.created = arena_strdup(a, now);
    c.author = req->author != NULL ? req->author : "";
    take_command(r, &c);
    take_environment(a, spec, &c);
    if (user != NULL && str_after(user, "--user ") != NULL)
        c.user = arena_strdup(a, str_after(user, "--user "));
    if (!str_eq(workdir_of(c.working_dir), workdir_of(spec->process.cwd)))
        c.working_dir = spec->process.cwd;
    if (!str_eq(r->stop_signal, "SIGTERM") || c.stop_signal != NULL)
        c.stop_signal = r->stop_signal;
    c.labels = r->labels;
    int result = apply_changes(a, &req->changes, &c, err);
    if (result == 0)
        *ret = c;
    return result;
}

/* --- the files --- */

struct difference {
    bool any;
    struct strbuf removed; /* paths, each with a NUL behind it */
};

static int note(void *arg, char kind, const char *path)
{
    struct difference *d = arg;
    d->any = true;
    if (kind == 'D')
        strbuf_add(&d->removed, path, strlen(path) + 1);
    return 0;
}

/* What the process that compares says. */
struct word {
    int result;
    bool any;
    struct error error;
};

static _noreturn_ void compare(struct engine *e, const char *id, int list, int to)
{
    struct difference d = { .removed = STRBUF_INIT };
    struct word w = { 0 };
    w.result = engine_changes(e, id, note, &d, &w.error);
    if (w.result == 0 && d.removed.len > 0)
        w.result = write_all(list, d.removed.buf, d.removed.len);
    if (w.result == 0 && lseek(list, 0, SEEK_SET) < 0)
        w.result = -errno;
    if (w.result < 0 && w.error.code == 0)
        error_errno(&w.error, w.result, "cannot write down what was removed");
    w.any = d.any;
    (void) !write_all(to, &w, sizeof(w));
    _exit(0);
}

/*
 * In a process of its own, whose mount namespace the view is in: the store's files must stay where this one has them. A descriptor of
 * the list; *ret_any: is anything another than in the image?
 */
static int list_removed(struct engine *e, const char *id, bool *ret_any, struct error *err)
{
    struct word w = { 0 };
    int p[2], status;
    _cleanup_close_ int list = memfd_create("removed", MFD_CLOEXEC);
    if (list < 0 || pipe2(p, O_CLOEXEC) < 0)
        return error_errno(err, -errno, "cannot make a pipe");
    pid_t pid = fork();
    if (pid == 0)
        compare(e, id, list, p[1]);
    close(p[1]);
    ssize_t n;
    do
        n = read(p[0], &w, sizeof(w));
    while (n < 0 && errno == EINTR);
    close(p[0]);
    while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR) {}
    if (n != (ssize_t) sizeof(w))
        return error_set(err, -EIO, "the process that compares the container with its image was killed");
    if (w.result < 0)
        return error_set(err, w.result, "%s", w.error.msg);
    *ret_any = w.any;
    return TAKE_FD(list);
}

static int commit_files(struct engine *e, struct store *s, const struct engine_record *r,
                        struct commit_options *o, const char *name, char *id, struct error *err)
{
    bool any = false;
    _cleanup_close_ int removed = list_removed(e, r->id, &any, err);
    _cleanup_close_ int upper = removed >= 0 && any ? engine_upper_open(e, r->id, err) : -1;
    int result = removed < 0 ? removed : any && upper < 0 ? upper : 0;
    o->upper = upper;
    o->removed = removed;
    return result < 0 ? result : store_commit(s, o, name, id, err);
}

/* --- both --- */

static const char *command_line(struct arena *a, const struct oci_strings *args)
{
    const char *line = "";
    for (size_t i = 0; i < args->n; i++)
        line = arena_printf(a, "%s%s%s", line, i > 0 ? " " : "", args->v[i]);
    return line;
}

static int commit(struct engine *e, const struct engine_container *c, const struct commit_request *req,
                  char *id, struct error *err)
{
    const struct engine_record *rec = c->record;
    _cleanup_oci_spec_ struct oci_spec *spec = NULL;
    _cleanup_store_image_ struct store_image *base = NULL;
    _cleanup_store_ struct store *s = NULL;
    struct image_config config;
    struct signals_held hold;
    int r = engine_spec(e, rec->id, &spec, err);
    if (r == 0)
        r = store_open(e->root, false, &s, err);
    if (r == 0)
        r = store_find(s, arena_printf(rec->arena, "sha256:%s", rec->image_id), &base, err);
    if (r == 0)
        r = make_config(rec, spec, base, req, &config, err);
    if (r < 0)
        return r;
    struct commit_options o = { .base = base,
                                .config = &config,
                                .ids_first = rec->range_first,
                                .created_by = command_line(rec->arena, &rec->args),
                                .message = req->message };
    bool freeze = req->pause && c->status == ENGINE_RUNNING && c->pid > 0;
    signals_hold(&hold);
    if (freeze)
        r = engine_pause(e, rec->id, err);
    if (r == 0)
        r = commit_files(e, s, rec, &o, req->name, id, err);
    struct error thaw = { 0 };
    if (freeze && engine_unpause(e, rec->id, &thaw) < 0 && thaw.code != -EALREADY)
        log_warn("container %.12s is still paused: %s", rec->id, thaw.msg);
    signals_release(&hold, 0);
    return r;
}

int engine_commit(struct engine *e, const struct commit_request *req, char *id, struct error *err)
{
    struct engine_container c;
    int r = engine_get(e, req->container, &c, err);
    if (r < 0)
        return r;
    if (c.status == ENGINE_DAMAGED || c.status == ENGINE_CREATING)
        r = error_set(err, -EBUSY, "container %s is %s", req->container,
                      c.status == ENGINE_DAMAGED ? "damaged" : "being made");
    else
        r = commit(e, &c, req, id, err);
    engine_container_clear(&c);
    return r;
}
