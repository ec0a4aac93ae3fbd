// SPDX-License-Identifier: Apache-2.0
/* cli/scan_sbom.c: `oakum sbom`: what is in an image, for people and for programs. */
#include <errno.h>
#include <fcntl.h>

#include "base/clock.h"
#include "base/table.h"
#include "cli/scan_commands.h"
#include "report/sbom.h"
#include "sys/file.h"

static void render_table(const struct subject *s, struct strbuf *out)
{
    static const char *const headers[] = { "NAME", "VERSION", "TYPE", "FOUND IN" };
    const struct catalog *c = s->catalog;
    struct table *t = table_new(ARRAY_LEN(headers), headers);
    strbuf_addf(out, "%zu components, %llu files unknown, %llu not readable\n\n", c->n,
                (unsigned long long) c->unknown.total, (unsigned long long) c->unreadable.total);
    for (size_t i = 0; i < c->n; i++) {
        const char *cells[] = { c->v[i].name, c->v[i].version, c->v[i].type, c->v[i].path };
        table_row(t, cells);
    }
    table_render(t, out);
    table_free(t);
    const struct {
        const char *title;
        const struct catalog_notes *notes;
    } parts[] = { { "UNKNOWN", &c->unknown }, { "NOT READABLE", &c->unreadable } };
    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        const char *const head[] = { parts[i].title, "WHY" };
        if (parts[i].notes->n == 0)
            continue;
        strbuf_addc(out, '\n');
        t = table_new(2, head);
        for (size_t k = 0; k < parts[i].notes->n; k++) {
            const char *cells[] = { parts[i].notes->v[k].path, parts[i].notes->v[k].reason };
            table_row(t, cells);
        }
        table_render(t, out);
        table_free(t);
    }
}

static json_t *document(const struct subject *s, bool spdx)
{
    const struct catalog *c = s->catalog;
    _cleanup_arena_ struct arena *a = arena_new();
    struct sbom_component *v = arena_array(a, c->n, sizeof(*v));
    struct sbom_unknown *u = arena_array(a, c->unknown.n, sizeof(*u));
    struct timespec now;
    char created[CLOCK_TEXT_MAX];
    for (size_t i = 0; i < c->n; i++)
        v[i] = (struct sbom_component){ c->v[i].name, c->v[i].version, catalog_purl(c, &c->v[i], a),
                                        c->v[i].path, subject_layer(s, c->v[i].layer) };
    for (size_t i = 0; i < c->unknown.n; i++)
        u[i] = (struct sbom_unknown){ c->unknown.v[i].path, c->unknown.v[i].reason,
                                      subject_layer(s, c->unknown.v[i].layer) };
    clock_source_date(&now);
    clock_format(&now, created);
    memcpy(created + strlen("2026-01-02T03:04:05"), "Z", 2); /* SPDX knows no fraction */
    const struct sbom doc = {
        .name = s->name,
        .digest = s->digest,
        .os_id = c->os_id,
        .os_version = c->os_version,
        .tool_version = OAKUM_VERSION,
        .created = created,
        .v = v,
        .n = c->n,
        .unknown = u,
        .n_unknown = c->unknown.n,
        .incomplete = c->unknown.total + c->unreadable.total > 0,
    };
    return spdx ? sbom_spdx(&doc) : sbom_cyclonedx(&doc);
}

int scan_sbom(const struct cli *cli, int argc, char **argv)
{
    _cleanup_strbuf_ struct strbuf out = STRBUF_INIT;
    _cleanup_subject_ struct subject s = { 0 };
    struct sbom_flags f = { 0 };
    struct error err = { 0 };
    int words;
    int status = command_arguments(cli, &f, NULL, argc, argv, 1, 1, &words);
    if (status >= 0)
        return status;
    const char *format = f.format != NULL ? f.format : "table";
    bool spdx = str_eq(format, "spdx-json"), cyclonedx = str_eq(format, "cyclonedx-json");
    if (!spdx && !cyclonedx && !str_eq(format, "table"))
        return fail_text(cli, 1, "--format must be table, cyclonedx-json or spdx-json, not \"%s\"", format);
    if (subject_read(cli, argv[1], &s, &err) < 0)
        return fail(cli, 1, &err);
    if (spdx || cyclonedx) {
        _cleanup_json_ json_t *j = document(&s, spdx);
        _cleanup_free_ char *text = json_text(j, 2);
        strbuf_adds(&out, text);
        strbuf_addc(&out, '\n');
    } else {
        render_table(&s, &out);
    }
    if (s.catalog->unreadable.total > 0)
        warn_text(cli, "%llu files could not be read: this is not all that is in %s",
                  (unsigned long long) s.catalog->unreadable.total, s.name);
    if (f.output == NULL)
        return out_write(&out);
    return file_replace(AT_FDCWD, f.output, out.buf, out.len, 0644, false, &err) < 0 ? fail(cli, 1, &err) : 0;
}
