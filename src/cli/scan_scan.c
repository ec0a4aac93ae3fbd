// SPDX-License-Identifier: Apache-2.0
/* cli/scan_scan.c: `oakum scan`: findings, the count first, and what the scan could not tell. */
#include <errno.h>
#include <fcntl.h>

#include "base/clock.h"
#include "base/table.h"
#include "cli/scan_commands.h"
#include "scan/match.h"
#include "sys/file.h"

struct gate {
    int severity; /* enum severity, or -1 */
    bool fixable, unknown;
};

static int parse_gate(const char *text, struct gate *ret, struct error *err)
{
    _cleanup_free_ char *copy = xstrdup(text);
    char *rest = copy, *word;
    *ret = (struct gate){ .severity = -1 };
    while ((word = strsep(&rest, ",")) != NULL) {
        const char *level = str_after(word, "severity=");
        if (level != NULL && (ret->severity = severity_find(level)) > SEVERITY_UNKNOWN)
            continue;
        if (str_eq(word, "fixable"))
            ret->fixable = true;
        else if (str_eq(word, "unknown"))
            ret->unknown = true;
        else
            return error_set(
                err, -EINVAL,
                "--fail-on must be of severity=negligible|low|medium|high|critical, fixable, unknown, not \"%.100s\"",
                word);
    }
    return 0;
}

static bool gate_hit(const struct gate *g, const struct match *m, const struct catalog *c)
{
    bool hit = (g->fixable && m->fixable > 0) || (g->unknown && c->unknown.total > 0);
    for (size_t i = 0; i < m->n && !hit; i++)
        hit = g->severity >= 0 && (int) m->v[i].severity >= g->severity;
    return hit;
}

static void render_table(const struct subject *s, const struct match *m, int64_t built, struct strbuf *out)
{
    static const char *const headers[] = { "ID", "SEVERITY", "PACKAGE", "VERSION", "FIXED IN", "FOUND IN" };
    char created[CLOCK_TEXT_MAX];
    strbuf_addf(out, "%zu known, %zu fixable, %llu files unknown%s\n", m->n, m->fixable,
                (unsigned long long) s->catalog->unknown.total, m->n_gaps > 0 ? ", INCOMPLETE" : "");
    for (size_t i = 0; i < m->n_gaps; i++) {
        strbuf_adds(out, "not known: ");
        text_neutralise(out, m->gaps[i]);
        strbuf_addc(out, '\n');
    }
    clock_format(&(struct timespec){ .tv_sec = built }, created);
    strbuf_addf(out, "%zu components; database of %.10s\n", s->catalog->n, created);
    if (m->n == 0)
        return;
    struct table *t = table_new(ARRAY_LEN(headers), headers);
    strbuf_addc(out, '\n');
    for (size_t i = 0; i < m->n; i++) {
        const struct finding *f = &m->v[i];
        const char *cells[] = { f->id,
                                severity_name(f->severity),
                                f->component->name,
                                f->component->version,
                                f->fixed != NULL ? f->fixed : vuln_status_text(f->status),
                                f->component->path };
        table_row(t, cells);
    }
    table_render(t, out);
    table_free(t);
}

static void set(json_t *o, const char *key, const char *value)
{
    if (!str_empty(value))
        json_object_set_new(o, key, json_string(value));
}

static json_t *finding_json(const struct subject *s, const struct finding *f, struct arena *a)
{
    json_t *o = json_object();
    set(o, "id", f->id);
    set(o, "aliases", f->aliases);
    set(o, "severity", severity_name(f->severity));
    if (f->cvss >= 0)
        json_object_set_new(o, "cvss", json_real(f->cvss / 10.0));
    set(o, "purl", catalog_purl(s->catalog, f->component, a));
    set(o, "package", f->component->name);
    set(o, "version", f->component->version);
    set(o, "source", f->component->source);
    set(o, "fixed", f->fixed);
    if (f->fixed == NULL)
        set(o, "status", vuln_status_text(f->status));
    set(o, "path", f->component->path);
    set(o, "layer", subject_layer(s, f->component->layer));
    return o;
}

static json_t *document(const struct subject *s, const struct match *m)
{
    _cleanup_arena_ struct arena *a = arena_new();
    json_t *j = json_object(), *findings = json_array(), *gaps = json_array(), *unknown = json_array();
    set(j, "subject", s->name);
    set(j, "digest", s->digest);
    set(j, "os", s->catalog->os_name);
    json_object_set_new(j, "components", json_integer((json_int_t) s->catalog->n));
    json_object_set_new(j, "known", json_integer((json_int_t) m->n));
    json_object_set_new(j, "fixable", json_integer((json_int_t) m->fixable));
    json_object_set_new(j, "unknown_files", json_integer((json_int_t) s->catalog->unknown.total));
    json_object_set_new(j, "complete", json_boolean(m->n_gaps == 0));
    for (size_t i = 0; i < m->n_gaps; i++)
        json_array_append_new(gaps, json_string(m->gaps[i]));
    json_object_set_new(j, "gaps", gaps);
    for (size_t i = 0; i < m->n; i++)
        json_array_append_new(findings, finding_json(s, &m->v[i], a));
    json_object_set_new(j, "findings", findings);
    for (size_t i = 0; i < s->catalog->unknown.n; i++) {
        json_t *o = json_object();
        set(o, "path", s->catalog->unknown.v[i].path);
        set(o, "reason", s->catalog->unknown.v[i].reason);
        json_array_append_new(unknown, o);
    }
    json_object_set_new(j, "unknown", unknown);
    return j;
}

static int write_out(const struct cli *cli, const char *file, const struct strbuf *out)
{
    struct error err = { 0 };
    if (file == NULL)
        return out_write(out);
    return file_replace(AT_FDCWD, file, out->buf, out->len, 0644, false, &err) < 0 ? fail(cli, 1, &err) : 0;
}

int scan_scan(const struct cli *cli, int argc, char **argv)
{
    _cleanup_strbuf_ struct strbuf out = STRBUF_INIT;
    _cleanup_subject_ struct subject s = { 0 };
    _cleanup_vulndb_ struct vulndb *db = NULL;
    struct scan_flags f = { 0 };
    struct gate gate = { .severity = -1 };
    struct error err = { 0 };
    int words;
    int status = command_arguments(cli, &f, NULL, argc, argv, 1, 1, &words);
    if (status >= 0)
        return status;
    bool json = f.format != NULL && str_eq(f.format, "json");
    if (f.format != NULL && !json && !str_eq(f.format, "table"))
        return fail_text(cli, 1, "--format must be table or json, not \"%s\"", f.format);
    _cleanup_free_ char *path = scan_db_path(cli, f.db);
    int r = f.fail_on != NULL ? parse_gate(f.fail_on, &gate, &err) : 0;
    if (r == 0)
        r = vulndb_open(path, &db, &err);
    if (r == -ENOENT)
        return fail_text(
            cli, 1, "there is no vulnerability database %s: make one with `oakum db build FEED...`", path);
    if (r == 0)
        r = subject_read(cli, argv[1], &s, &err);
    if (r < 0 || s.catalog == NULL)
        return fail(cli, 1, &err);
    struct match *m = match_catalog(s.catalog, db);
    if (json) {
        _cleanup_json_ json_t *j = document(&s, m);
        _cleanup_free_ char *text = json_text(j, 2);
        strbuf_addf(&out, "%s\n", text);
    } else {
        render_table(&s, m, vulndb_info(db).created, &out);
    }
    status = write_out(cli, f.output, &out);
    if (status == 0 && gate_hit(&gate, m, s.catalog))
        status = EXIT_SCAN_GATE;
    else if (status == 0 && m->n_gaps > 0)
        status = EXIT_SCAN_INCOMPLETE;
    match_free(m);
    return status;
}
