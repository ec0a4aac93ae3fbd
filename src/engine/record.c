// SPDX-License-Identifier: Apache-2.0
/*
 * engine/record.c: one table of fields drives reading and writing. A record is written with rename, so a reader sees the old or
 * the new one; it is as large as a page or two, and is written once before the start and once after the end.
 */
#include "engine/record.h"

#include <errno.h>

#include "base/json.h"
#include "oci/digest.h"
#include "oci/flat.h"
#include "sys/file.h"

#define RECORD_MAX (4u << 20)
#define RECORD_VERSION 1

static const struct flat_field fields[] = {
    { "id", FLAT_TEXT, true, offsetof(struct engine_record, id) },
    { "name", FLAT_TEXT, true, offsetof(struct engine_record, name) },
    { "image", FLAT_TEXT, true, offsetof(struct engine_record, image) },
    { "imageId", FLAT_TEXT, true, offsetof(struct engine_record, image_id) },
    { "created", FLAT_TEXT, true, offsetof(struct engine_record, created) },
    { "args", FLAT_STRINGS, true, offsetof(struct engine_record, args) },
    { "labels", FLAT_PAIRS, false, offsetof(struct engine_record, labels) },
    { "sources", FLAT_PAIRS, false, offsetof(struct engine_record, sources) },
    { "rangeFirst", FLAT_U32, false, offsetof(struct engine_record, range_first) },
    { "cgroup", FLAT_TEXT, false, offsetof(struct engine_record, cgroup) },
    { "network", FLAT_TEXT, false, offsetof(struct engine_record, network) },
    { "ports", FLAT_STRINGS, false, offsetof(struct engine_record, ports) },
    { "ip", FLAT_TEXT, false, offsetof(struct engine_record, ip) },
    { "mac", FLAT_TEXT, false, offsetof(struct engine_record, mac) },
    { "joined", FLAT_PAIRS, false, offsetof(struct engine_record, joined) },
    { "stopSignal", FLAT_TEXT, false, offsetof(struct engine_record, stop_signal) },
    { "stopTimeout", FLAT_I64, true, offsetof(struct engine_record, stop_timeout) },
    { "rm", FLAT_BOOL, false, offsetof(struct engine_record, rm) },
    { "tty", FLAT_BOOL, false, offsetof(struct engine_record, tty) },
    { "interactive", FLAT_BOOL, false, offsetof(struct engine_record, interactive) },
    { "stdinOnce", FLAT_BOOL, false, offsetof(struct engine_record, stdin_once) },
    { "init", FLAT_BOOL, false, offsetof(struct engine_record, init) },
    { "renamed", FLAT_BOOL, false, offsetof(struct engine_record, renamed) },
    { "ulimits", FLAT_BOOL, false, offsetof(struct engine_record, ulimits) },
    { "runs", FLAT_I64, false, offsetof(struct engine_record, runs) },
    { "detached", FLAT_BOOL, false, offsetof(struct engine_record, detached) },
    { "restart", FLAT_TEXT, false, offsetof(struct engine_record, restart) },
    { "restartMax", FLAT_I64, false, offsetof(struct engine_record, restart_max) },
    { "restarts", FLAT_I64, false, offsetof(struct engine_record, restarts) },
    { "restartBackoff", FLAT_I64, false, offsetof(struct engine_record, restart_backoff) },
    { "timeout", FLAT_I64, false, offsetof(struct engine_record, timeout) },
    { "healthTest", FLAT_STRINGS, false, offsetof(struct engine_record, health.test) },
    { "healthShell", FLAT_STRINGS, false, offsetof(struct engine_record, health.shell) },
    { "healthInterval", FLAT_I64, false, offsetof(struct engine_record, health.interval) },
    { "healthTimeout", FLAT_I64, false, offsetof(struct engine_record, health.timeout) },
    { "healthStartPeriod", FLAT_I64, false, offsetof(struct engine_record, health.start_period) },
    { "healthStartInterval", FLAT_I64, false, offsetof(struct engine_record, health.start_interval) },
    { "healthRetries", FLAT_I64, false, offsetof(struct engine_record, health.retries) },
    { "healthOnFailure", FLAT_TEXT, false, offsetof(struct engine_record, health.on_failure) },
    { "sdnotify", FLAT_TEXT, false, offsetof(struct engine_record, sdnotify) },
    { "secrets", FLAT_PAIRS, false, offsetof(struct engine_record, secrets) },
    { "logDriver", FLAT_TEXT, false, offsetof(struct engine_record, log_driver) },
    { "logMaxSize", FLAT_I64, false, offsetof(struct engine_record, log_max_size) },
    { "logMaxFile", FLAT_I64, false, offsetof(struct engine_record, log_max_file) },
    { "logTag", FLAT_TEXT, false, offsetof(struct engine_record, log_tag) },
    { "logAttrs", FLAT_TEXT, false, offsetof(struct engine_record, log_attrs) },
    { "logDrop", FLAT_BOOL, false, offsetof(struct engine_record, log_drop) },
    { "logBuffer", FLAT_I64, false, offsetof(struct engine_record, log_buffer) },
    { "logFacility", FLAT_TEXT, false, offsetof(struct engine_record, log_facility) },
    { "boot", FLAT_TEXT, false, offsetof(struct engine_record, boot) },
    { "started", FLAT_TEXT, false, offsetof(struct engine_record, started) },
    { "finished", FLAT_TEXT, false, offsetof(struct engine_record, finished) },
    { "exitCode", FLAT_OPT_I64, false, offsetof(struct engine_record, exit_code) },
    { "error", FLAT_TEXT, false, offsetof(struct engine_record, error) },
};

struct engine_record *engine_record_new(void)
{
    struct arena *a = arena_new();
    struct engine_record *r = arena_alloc(a, sizeof(*r));
    r->arena = a;
    return r;
}

void engine_record_free(struct engine_record *r)
{
    if (r != NULL)
        arena_free(r->arena);
}

static int read_strings(struct arena *a, const json_t *list, const char *key, struct oci_strings *to,
                        struct error *err)
{
    size_t i;
    json_t *v;
    json_array_foreach(list, i, v)
    {
        if (!json_is_string(v))
            return error_set(err, -EINVAL, "%s[%zu]: must be a string", key, i);
        oci_strings_add(a, to, json_string_value(v));
    }
    return 0;
}

static int read_pairs(struct arena *a, json_t *object, const char *key, struct oci_pairs *to,
                      struct error *err)
{
    const char *k;
    json_t *v;
    json_object_foreach(object, k, v)
    {
        if (!json_is_string(v))
            return error_set(err, -EINVAL, "%s.%s: must be a string", key, k);
        oci_pairs_set(a, to, k, json_string_value(v));
    }
    return 0;
}

static int read_field(struct engine_record *r, const json_t *doc, size_t i, struct error *err)
{
    const char *key = fields[i].key;
    void *to = (char *) r + fields[i].offset;
    bool required = fields[i].required;
    json_t *c = NULL;
    const char *text = NULL;
    int64_t n = 0;
    int ret;
    switch (fields[i].kind) {
    case FLAT_TEXT:
        ret = json_get_string(doc, "record", key, required, &text, err);
        if (ret == 0 && text != NULL)
            *(const char **) to = arena_strdup(r->arena, text);
        return ret;
    case FLAT_STRINGS:
        ret = json_get_container(doc, "record", key, JSON_ARRAY, required, &c, err);
        return ret < 0 || c == NULL ? ret : read_strings(r->arena, c, key, to, err);
    case FLAT_PAIRS:
        ret = json_get_container(doc, "record", key, JSON_OBJECT, required, &c, err);
        return ret < 0 || c == NULL ? ret : read_pairs(r->arena, c, key, to, err);
    case FLAT_BOOL: return json_get_bool(doc, "record", key, required, to, err);
    default: ret = json_get_i64(doc, "record", key, required, &n, err); break;
    }
    if (ret < 0)
        return ret;
    if (fields[i].kind == FLAT_U32 && (n < 0 || n > UINT32_MAX))
        return error_set(err, -ERANGE, "record.%s: is out of range", key);
    if (fields[i].kind == FLAT_U32)
        *(uint32_t *) to = (uint32_t) n;
    else if (fields[i].kind == FLAT_I64)
        *(int64_t *) to = n;
    else
        *(struct opt_i64 *) to = (struct opt_i64){ json_object_get(doc, key) != NULL, n };
    return 0;
}

/* NULL: it has something that has to be looked at more closely. */
static struct engine_record *parse_quick(const char *text, size_t len)
{
    struct engine_record *r = engine_record_new();
    if (flat_parse(text, len, "oakum", RECORD_VERSION, fields, ARRAY_LEN(fields), r->arena, r) &&
        hex64_valid(r->id))
        return r;
    engine_record_free(r);
    return NULL;
}

static int parse_closely(const char *text, size_t len, struct engine_record **ret, struct error *err)
{
    const char *known[ARRAY_LEN(fields) + 1];
    _cleanup_json_ json_t *doc = NULL;
    _cleanup_engine_record_ struct engine_record *r = engine_record_new();
    int e = json_parse_own(text, len, ENGINE_RECORD, "record", RECORD_VERSION, &doc, err);
    for (size_t i = 0; i < ARRAY_LEN(fields); i++)
        known[i] = fields[i].key;
    known[ARRAY_LEN(fields)] = "oakum";
    if (e == 0)
        e = json_only_keys(doc, "record", known, ARRAY_LEN(known), err);
    for (size_t i = 0; e == 0 && i < ARRAY_LEN(fields); i++)
        e = read_field(r, doc, i, err);
    if (e < 0)
        return e;
    if (!hex64_valid(r->id))
        return error_set(err, -EINVAL, "record.id: must be 64 hex digits");
    *ret = TAKE_PTR(r);
    return 0;
}

int engine_record_parse(const char *text, size_t len, struct engine_record **ret, struct error *err)
{
    struct engine_record *quick = parse_quick(text, len);
    if (quick == NULL)
        return parse_closely(text, len, ret, err);
    *ret = quick;
    return 0;
}

int engine_record_read(int dirfd, struct engine_record **ret, struct error *err)
{
    _cleanup_free_ char *text = NULL;
    size_t len;
    int r = file_read(dirfd, ENGINE_RECORD, RECORD_MAX, &text, &len, err);
    return r < 0 ? r : engine_record_parse(text, len, ret, err);
}

static json_t *strings_json(const struct oci_strings *l)
{
    json_t *list = json_array();
    for (size_t i = 0; i < l->n; i++) {
        json_t *s = json_string(l->v[i]);
        /* Not UTF-8: kept for people, who see that something is odd. */
        json_array_append_new(list, s != NULL ? s : json_string("(not UTF-8)"));
    }
    return list;
}

static json_t *field_json(const struct engine_record *r, size_t i)
{
    const void *from = (const char *) r + fields[i].offset;
    const struct opt_i64 *n;
    const struct oci_pairs *p;
    json_t *object;
    switch (fields[i].kind) {
    case FLAT_TEXT:
        return *(const char *const *) from != NULL ? json_string(*(const char *const *) from) : NULL;
    case FLAT_STRINGS: return strings_json(from);
    case FLAT_PAIRS:
        p = from;
        object = p->n > 0 ? json_object() : NULL;
        for (size_t k = 0; k < p->n; k++)
            json_object_set_new(object, p->v[k].key, json_string(p->v[k].value));
        return object;
    case FLAT_U32: return *(const uint32_t *) from != 0 ? json_integer(*(const uint32_t *) from) : NULL;
    case FLAT_I64: return json_integer(*(const int64_t *) from);
    case FLAT_OPT_I64: n = from; return n->set ? json_integer(n->v) : NULL;
    default: return *(const bool *) from ? json_true() : NULL;
    }
}

int engine_record_write(int dirfd, const struct engine_record *r, bool sync, struct error *err)
{
    _cleanup_json_ json_t *doc = json_object();
    json_object_set_new(doc, "oakum", json_integer(RECORD_VERSION));
    for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
        json_t *v = field_json(r, i);
        if (v != NULL)
            json_object_set_new(doc, fields[i].key, v);
    }
    _cleanup_free_ char *text = json_text(doc, 0);
    return file_replace(dirfd, ENGINE_RECORD, text, strlen(text), 0600, sync, err);
}
