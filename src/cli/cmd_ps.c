// SPDX-License-Identifier: Apache-2.0
/*
 * cli/cmd_ps.c: `oakum ps`: docker's columns and words. A container that is damaged or half-made is a line like any other.
 */
#include <errno.h>
#include <regex.h>

#include "base/clock.h"
#include "base/table.h"
#include "cli/commands.h"
#include "cli/containers.h"
#include "cli/format.h"
#include "cli/ports.h"

struct ps_flags {
    bool all, quiet, latest, no_trunc;
    struct opt_i64 last;
    struct oci_strings filters;
    const char *format;
};

#define F(field) OPTION_FIELD(struct ps_flags, field)
static const struct cli_option options[] = {
    { "all", 'a', OPT_FLAG, F(all), NULL, "also those that have ended", NULL },
    { "filter", 'f', OPT_LIST, F(filters), "KEY=VALUE",
      "only those with name, id, status, health, label, ancestor, exited or network as given, or before=, since= another container",
      NULL },
    { "format", 0, OPT_TEXT, F(format), "FORMAT", FORMAT_HELP, NULL },
    { "last", 'n', OPT_I64, F(last), "N", "the N newest, in whatever state", NULL },
    { "latest", 'l', OPT_FLAG, F(latest), NULL, "the newest, in whatever state", NULL },
    { "no-trunc", 0, OPT_FLAG, F(no_trunc), NULL, "whole ids and commands", NULL },
    { "quiet", 'q', OPT_FLAG, F(quiet), NULL, "ids only", NULL },
    { "size", 's', OPT_LATER, 0, NULL, NULL, NULL },
};

static bool key_value(const char *filter, const char *key, const char **value)
{
    size_t n = strlen(key);
    *value = filter + n + 1;
    return strncmp(filter, key, n) == 0 && filter[n] == '=';
}

static int health_check_value(const char *value, struct error *err)
{
    for (enum health_status s = HEALTH_NONE; s <= HEALTH_UNHEALTHY; s++)
        if (str_eq(value, health_status_name(s)))
            return 0;
    return error_set(err, -EINVAL, "--filter health must be none, starting, healthy or unhealthy, not \"%s\"",
                     value);
}

static int filter_check(const char *filter, struct error *err)
{
    static const char *const keys[] = { "name",   "id",      "status", "label", "ancestor",
                                        "exited", "network", "before", "since", "health" };
    const char *value;
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        if (key_value(filter, keys[i], &value) && value[0] != '\0')
            return str_eq(keys[i], "health") ? health_check_value(value, err) : 0;
    }
    return error_set(
        err, -EINVAL,
        "--filter \"%s\" must be KEY=VALUE with name, id, status, health, label, ancestor, exited, network, before or since",
        filter);
}

/* docker: a regular expression, which may begin with a slash; what is none is looked for as it is. */
static bool name_matches(const char *name, const char *pattern)
{
    regex_t re;
    _cleanup_free_ char *clean = str_after(pattern, "^/") != NULL ? xasprintf("^%s", pattern + 2)
                                                                  : xstrdup(pattern + (pattern[0] == '/'));
    if (regcomp(&re, clean, REG_EXTENDED | REG_NOSUB) != 0)
        return strstr(name, clean) != NULL;
    bool matches = regexec(&re, name, 0, NULL, 0) == 0;
    regfree(&re);
    return matches;
}

static bool filter_matches(const struct engine_container *c, const char *filter)
{
    const char *v;
    const struct engine_record *r = c->record;
    char code[24];
    if (key_value(filter, "name", &v))
        return r->name != NULL && name_matches(r->name, v);
    if (key_value(filter, "network", &v))
        return r->network != NULL && str_eq(r->network, v);
    if (key_value(filter, "id", &v))
        return str_after(r->id, v) != NULL;
    if (key_value(filter, "status", &v))
        return str_eq(engine_status_name(c->status), v);
    if (key_value(filter, "health", &v))
        return str_eq(health_status_name(c->health), v);
    if (key_value(filter, "label", &v))
        return oci_pairs_match(&r->labels, v);
    if (key_value(filter, "ancestor", &v)) {
        size_t n = strlen(v);
        return r->image != NULL &&
               (str_eq(r->image, v) || (strncmp(r->image, v, n) == 0 && r->image[n] == ':') ||
                str_after(r->image_id, v) != NULL);
    }
    if (key_value(filter, "exited", &v) && r->exit_code.set &&
        str_format(code, sizeof(code), "%lld", (long long) r->exit_code.v) > 0)
        return str_eq(code, v);
    return false;
}

/* before= and since= become the time at which that container was made; NULL: none was given. */
struct bounds {
    char before[CLOCK_TEXT_MAX], since[CLOCK_TEXT_MAX];
};

static int find_bounds(struct engine *e, const struct ps_flags *f, struct bounds *b, struct error *err)
{
    for (size_t i = 0; i < f->filters.n; i++) {
        const char *v;
        struct engine_container c;
        char *to = key_value(f->filters.v[i], "before", &v)  ? b->before
                   : key_value(f->filters.v[i], "since", &v) ? b->since
                                                             : NULL;
        if (to == NULL)
            continue;
        int r = engine_get(e, v, &c, err);
        if (r < 0)
            return r;
        if (c.record->created != NULL && str_format(to, CLOCK_TEXT_MAX, "%s", c.record->created) < 0)
            r = error_set(err, -EINVAL, "container %s: its time of creation is none", v);
        engine_container_clear(&c);
        if (r < 0)
            return r;
    }
    return 0;
}

static bool within(const struct bounds *b, const struct engine_record *r)
{
    const char *made = r->created != NULL ? r->created : "";
    return (b->before[0] == '\0' || strcmp(made, b->before) < 0) &&
           (b->since[0] == '\0' || strcmp(made, b->since) > 0);
}

static bool is_bound(const char *filter)
{
    const char *v;
    return key_value(filter, "before", &v) || key_value(filter, "since", &v);
}

/* docker: values of one key are alternatives, keys go together. */
static bool wanted(const struct ps_flags *f, const struct engine_container *c)
{
    for (size_t i = 0; i < f->filters.n; i++) {
        size_t n = strcspn(f->filters.v[i], "=") + 1;
        bool any = is_bound(f->filters.v[i]);
        for (size_t k = 0; k < f->filters.n; k++) {
            if (strncmp(f->filters.v[k], f->filters.v[i], n) == 0)
                any = any || filter_matches(c, f->filters.v[k]);
        }
        if (!any)
            return false;
    }
    return true;
}

static void add_row(struct table *t, struct engine *e, const struct ps_flags *f,
                    const struct engine_container *c)
{
    char created[80], status[128];
    const struct engine_record *r = c->record;
    _cleanup_free_ char *command = container_command_text(r, f->no_trunc);
    _cleanup_free_ char *id = xstrndup(r->id, f->no_trunc ? 64 : 12);
    ago_text(r->created, created, sizeof(created), true);
    _cleanup_strbuf_ struct strbuf ports = STRBUF_INIT;
    container_status_text(c, status, sizeof(status));
    ports_text(e, c, &ports);
    const char *cells[] = { id, r->image, command, created, status, ports.len > 0 ? ports.buf : "", r->name };
    table_row(t, cells);
}

static json_t *container_json(struct engine *e, struct engine_container *c, bool whole)
{
    engine_find_pid(e, c);
    char created[80], status[128];
    const struct engine_record *r = c->record;
    _cleanup_free_ char *command = container_command_text(r, whole);
    _cleanup_strbuf_ struct strbuf labels = STRBUF_INIT, ports = STRBUF_INIT;
    ports_text(e, c, &ports);
    json_t *j = json_object(), *label = json_object();
    for (size_t i = 0; i < r->labels.n; i++) {
        strbuf_addf(&labels, "%s%s=%s", i > 0 ? "," : "", r->labels.v[i].key, r->labels.v[i].value);
        json_object_set_new(label, r->labels.v[i].key, json_string(r->labels.v[i].value));
    }
    ago_text(r->created, created, sizeof(created), true);
    container_status_text(c, status, sizeof(status));
    json_object_set_new(j, "Command", json_string(command));
    json_object_set_new(j, "CreatedAt", json_string(r->created != NULL ? r->created : ""));
    json_object_set_new(j, "ID", json_sprintf("%.*s", whole ? 64 : 12, r->id));
    json_object_set_new(j, "Image", json_string(r->image != NULL ? r->image : ""));
    json_object_set_new(j, "Label", label);
    json_object_set_new(j, "Labels", json_string(labels.buf));
    json_object_set_new(j, "Names", json_string(r->name != NULL ? r->name : ""));
    json_object_set_new(j, "Networks", json_string(r->network != NULL ? r->network : ""));
    json_object_set_new(j, "Ports", json_string(ports.len > 0 ? ports.buf : ""));
    json_object_set_new(j, "RunningFor", json_string(created));
    json_object_set_new(j, "State", json_string(engine_status_name(c->status)));
    json_object_set_new(j, "Status", json_string(status));
    if (c->pid > 0)
        json_object_set_new(j, "Pid", json_integer(c->pid));
    if (r->error != NULL)
        json_object_set_new(j, "Error", json_string(r->error));
    return j;
}

static int render(struct engine *e, const struct ps_flags *f, const struct bounds *b, struct format *format,
                  struct engine_container *list, size_t n, struct strbuf *out, struct error *err)
{
    static const struct format_header fields[] = {
        { "ID", "CONTAINER ID" }, { "RunningFor", "CREATED" }, { "CreatedAt", "CREATED AT" }, { NULL, NULL }
    };
    static const char *const headers[] = { "CONTAINER ID", "IMAGE", "COMMAND", "CREATED",
                                           "STATUS",       "PORTS", "NAMES" };
    struct table *t = table_new(ARRAY_LEN(headers), headers);
    int64_t left = f->latest ? 1 : f->last.set && f->last.v >= 0 ? f->last.v : INT64_MAX;
    bool as_table = !f->quiet && format_as_table(format);
    int r = 0;
    for (size_t i = 0; r == 0 && i < n && left > 0; i++) {
        if (!wanted(f, &list[i]) || !within(b, list[i].record))
            continue;
        left--;
        if (f->quiet) {
            _cleanup_free_ char *id = xstrndup(list[i].record->id, f->no_trunc ? 64 : 12);
            text_neutralise(out, id);
            strbuf_addc(out, '\n');
        } else if (as_table) {
            add_row(t, e, f, &list[i]);
        } else {
            r = format_row(format, container_json(e, &list[i], f->no_trunc || format_as_json(format)), out,
                           err);
        }
    }
    if (as_table)
        table_render(t, out);
    else if (r == 0 && !f->quiet)
        r = format_end(format, fields, out, err);
    table_free(t);
    return r;
}

static int show(const struct cli *cli, const struct ps_flags *f)
{
    struct error err = { 0 };
    struct engine_container *list = NULL;
    size_t n = 0;
    struct bounds b = { 0 };
    _cleanup_strbuf_ struct strbuf out = STRBUF_INIT;
    _cleanup_engine_ struct engine *e = NULL;
    bool all = f->all || f->latest || f->last.set;
    _cleanup_arena_ struct arena *a = arena_new();
    _cleanup_format_ struct format *format = NULL;
    int r = format_parse(f->format, a, &format, &err);
    for (size_t i = 0; r == 0 && i < f->filters.n; i++) {
        r = filter_check(f->filters.v[i], &err);
        all = all || str_after(f->filters.v[i], "status=") != NULL ||
              str_after(f->filters.v[i], "exited=") != NULL;
    }
    if (r == 0)
        r = engine_open(cli->root, cli->state, false, &e, &err);
    if (r == 0)
        r = engine_list(e, all, &list, &n, &err);
    if (r == 0)
        r = find_bounds(e, f, &b, &err);
    if (r < 0)
        return fail(cli, 1, &err);
    r = render(e, f, &b, format, list, n, &out, &err);
    engine_containers_free(list, n);
    return r < 0 ? fail(cli, 1, &err) : out_write(&out);
}

static int run(const struct cli *cli, int argc, char **argv)
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct ps_flags f = { 0 };
    int words;
    int status = command_arguments(cli, &f, a, argc, argv, 0, 0, &words);
    return status >= 0 ? status : show(cli, &f);
}

const struct command cmd_ps = {
    .name = "ps",
    .alias = "ls",
    .synopsis = "[OPTIONS]",
    .summary = "List containers",
    .options = options,
    .n_options = ARRAY_LEN(options),
    .flags = CMD_PLAIN,
    .run = run,
};
