// SPDX-License-Identifier: Apache-2.0
/* engine/health.c: what the results of health checks make of a container, and where that is kept. */
#include "engine/health.h"

#include <errno.h>

#include "base/json.h"
#include "base/log.h"
#include "engine/engine_internal.h"
#include "engine/health_internal.h"
#include "oci/doc.h"
#include "sys/file.h"

#define SECOND 1000000000LL
#define FILE_MAX (1u << 20) /* five times 4 KiB, each byte six at most */
#define HEALTH_VERSION 1

const char *health_status_name(enum health_status s)
{
    static const char *const names[] = { "none", "starting", "healthy", "unhealthy" };
    return names[s];
}

static struct health *health_new(void)
{
    struct arena *a = arena_new();
    struct health *h = arena_alloc(a, sizeof(*h));
    h->arena = a;
    h->status = HEALTH_STARTING;
    return h;
}

void health_free(struct health *h)
{
    if (h != NULL)
        arena_free(h->arena);
}

/* ---- the configuration ---- */

bool health_is_checked(const struct health_config *c)
{
    return c->test.n > 1 && (str_eq(c->test.v[0], "CMD") || str_eq(c->test.v[0], "CMD-SHELL"));
}

struct oci_strings health_args(struct arena *a, const struct health_config *c)
{
    struct oci_strings args = { 0 };
    if (str_eq(c->test.v[0], "CMD-SHELL")) {
        for (size_t i = 0; i < c->shell.n; i++)
            oci_strings_add(a, &args, c->shell.v[i]);
        if (c->shell.n == 0) {
            oci_strings_add(a, &args, "/bin/sh");
            oci_strings_add(a, &args, "-c");
        }
    }
    for (size_t i = 1; i < c->test.n; i++)
        oci_strings_add(a, &args, c->test.v[i]);
    return args;
}

int64_t health_interval(const struct health_config *c)
{
    return c->interval > 0 ? c->interval : 30 * SECOND;
}

int64_t health_timeout(const struct health_config *c)
{
    return c->timeout > 0 ? c->timeout : 30 * SECOND;
}

int64_t health_start_interval(const struct health_config *c)
{
    return c->start_interval > 0 ? c->start_interval : 5 * SECOND;
}

int64_t health_retries(const struct health_config *c)
{
    return c->retries > 0 ? c->retries : 3;
}

/* ---- the state ---- */

static void add_result(struct health *h, const struct health_result *r)
{
    if (h->n_log == HEALTH_LOG_MAX) {
        memmove(&h->log[0], &h->log[1], (HEALTH_LOG_MAX - 1) * sizeof(h->log[0]));
        h->n_log--;
    }
    h->log[h->n_log++] = (struct health_result){ .start = arena_strdup(h->arena, r->start),
                                                 .end = arena_strdup(h->arena, r->end),
                                                 .exit_code = r->exit_code,
                                                 .output = arena_strdup(h->arena, r->output) };
}

void health_apply(struct health *h, const struct health_config *c, const struct health_result *r,
                  bool starting_up)
{
    add_result(h, r);
    if (r->exit_code == 0) {
        h->failing_streak = 0;
        h->status = HEALTH_HEALTHY;
    } else if (!starting_up || h->status != HEALTH_STARTING) {
        h->failing_streak++;
        if (h->failing_streak >= health_retries(c))
            h->status = HEALTH_UNHEALTHY;
    }
}

const char *health_output(struct arena *a, const char *data, size_t n, bool cut)
{
    _cleanup_free_ char *text = xmalloc(n + 1);
    _cleanup_strbuf_ struct strbuf out = STRBUF_INIT;
    memcpy(text, data, n);
    text[n] = '\0';
    size_t i = 0;
    /* The rest of a character of which the beginning was cut off. */
    for (int k = 0; cut && k < 3 && i < n && ((unsigned char) text[i] & 0xc0) == 0x80; k++)
        i++;
    if (cut)
        strbuf_adds(&out, "...");
    while (i < n) {
        size_t len = text[i] == '\0' ? 0 : doc_utf8_char(text + i);
        if (len == 0)
            strbuf_adds(&out, "\xef\xbf\xbd");
        else
            strbuf_add(&out, text + i, len);
        i += MAX_OF(len, (size_t) 1);
    }
    return arena_strdup(a, out.buf);
}

static int parse_result(struct health *h, const json_t *o, struct error *err)
{
    static const char *const known[] = { "start", "end", "exitCode", "output" };
    struct health_result one = { 0 };
    int r = json_is_object(o) ? json_only_keys(o, "log", known, ARRAY_LEN(known), err)
                              : error_set(err, -EINVAL, "health.log: must be objects");
    if (r == 0)
        r = json_get_string(o, "log", "start", true, &one.start, err);
    if (r == 0)
        r = json_get_string(o, "log", "end", true, &one.end, err);
    if (r == 0)
        r = json_get_i64(o, "log", "exitCode", true, &one.exit_code, err);
    if (r == 0)
        r = json_get_string(o, "log", "output", true, &one.output, err);
    if (r == 0)
        add_result(h, &one);
    return r;
}

int health_parse(const char *text, size_t len, struct health **ret, struct error *err)
{
    static const char *const known[] = { "oakum", "status", "failingStreak", "log" };
    _cleanup_json_ json_t *doc = NULL;
    _cleanup_health_ struct health *h = health_new();
    const char *status = NULL;
    json_t *log = NULL, *one;
    size_t i;
    int r = json_parse_own(text, len, "health.json", "health", HEALTH_VERSION, &doc, err);
    if (r == 0)
        r = json_only_keys(doc, "health", known, ARRAY_LEN(known), err);
    if (r == 0)
        r = json_get_string(doc, "health", "status", true, &status, err);
    if (r == 0)
        r = json_get_i64(doc, "health", "failingStreak", true, &h->failing_streak, err);
    if (r == 0)
        r = json_get_container(doc, "health", "log", JSON_ARRAY, true, &log, err);
    if (r < 0 || status == NULL)
        return r;
    h->status = str_eq(status, "healthy")     ? HEALTH_HEALTHY
                : str_eq(status, "unhealthy") ? HEALTH_UNHEALTHY
                                              : HEALTH_STARTING;
    json_array_foreach(log, i, one)
    {
        r = parse_result(h, one, err);
        if (r < 0)
            return r;
    }
    *ret = TAKE_PTR(h);
    return 0;
}

char *health_text(const struct health *h)
{
    _cleanup_json_ json_t *doc = json_object();
    json_t *log = json_array();
    json_object_set_new(doc, "oakum", json_integer(HEALTH_VERSION));
    json_object_set_new(doc, "status", json_string(health_status_name(h->status)));
    json_object_set_new(doc, "failingStreak", json_integer(h->failing_streak));
    for (size_t i = 0; i < h->n_log; i++) {
        json_t *one = json_object();
        json_object_set_new(one, "start", json_string(h->log[i].start));
        json_object_set_new(one, "end", json_string(h->log[i].end));
        json_object_set_new(one, "exitCode", json_integer(h->log[i].exit_code));
        json_object_set_new(one, "output", json_string(h->log[i].output));
        json_array_append_new(log, one);
    }
    json_object_set_new(doc, "log", log);
    return json_text(doc, 0);
}

/* ---- the files ---- */

static int read_file(int dirfd, const char *name, struct health **ret)
{
    _cleanup_free_ char *text = NULL;
    struct error err = { 0 };
    size_t len = 0;
    if (dirfd < 0)
        return -ENOENT;
    int r = file_read(dirfd, name, FILE_MAX, &text, &len, &err);
    if (r == 0)
        r = health_parse(text, len, ret, &err);
    if (r < 0 && r != -ENOENT)
        log_warn("the results of health checks could not be read: %s", err.msg);
    return r;
}

struct health *health_load(int state, int dirfd)
{
    struct health *h = NULL;
    if (read_file(state, HEALTH_FILE, &h) == 0)
        return h;
    if (read_file(dirfd, "monitor/" HEALTH_FILE, &h) < 0 || h == NULL)
        return health_new();
    h->status = HEALTH_STARTING;
    h->failing_streak = 0;
    return h;
}

int health_save(int state, const struct health *h, struct error *err)
{
    _cleanup_free_ char *text = health_text(h);
    return file_replace(state, HEALTH_FILE, text, strlen(text), 0600, false, err);
}

void health_keep(struct engine *e, const char *id, int dirfd)
{
    _cleanup_free_ char *text = NULL;
    size_t len = 0;
    _cleanup_close_ int state = monitor_state(e, id, false, NULL);
    if (state < 0 || file_read(state, HEALTH_FILE, FILE_MAX, &text, &len, NULL) < 0)
        return;
    _cleanup_close_ int dir = monitor_dir(dirfd, false, NULL);
    if (dir >= 0)
        (void) !file_replace(dir, HEALTH_FILE, text, len, 0600, false, NULL);
}

struct health *engine_health(struct engine *e, const struct engine_container *c)
{
    if (!health_is_checked(&c->record->health) || !c->record->detached || c->status == ENGINE_DAMAGED)
        return NULL;
    _cleanup_close_ int dirfd = engine_open_container(e, c->record->id, -1, NULL);
    _cleanup_close_ int state = monitor_state(e, c->record->id, false, NULL);
    struct health *h = health_load(state, dirfd);
    if (c->status != ENGINE_RUNNING)
        h->status = HEALTH_UNHEALTHY;
    return h;
}
