// SPDX-License-Identifier: Apache-2.0
/* cli/registry_search.c: `oakum search`. All text in them is the registry's: it is neutralised. */
#include <errno.h>

#include "base/parse.h"
#include "base/table.h"
#include "cli/format.h"
#include "cli/json_out.h"
#include "cli/registry_commands.h"

/* docker's filters. Nothing is automated: the hub builds no images any more. */
struct search_filter {
    int official, automated; /* -1: either */
    int64_t stars;
};

static int filter_parse(const struct oci_strings *words, struct search_filter *ret, struct error *err)
{
    struct search_filter f = { .official = -1, .automated = -1 };
    for (size_t i = 0; i < words->n; i++) {
        const char *word = words->v[i], *v;
        uint64_t stars;
        bool yes;
        if ((v = str_after(word, "stars=")) != NULL) {
            if (parse_u64(v, &stars) < 0 || stars > INT64_MAX)
                return error_set(err, -EINVAL, "stars=%s: it is a number", v);
            f.stars = (int64_t) stars;
        } else if ((v = str_after(word, "is-official=")) != NULL ||
                   (v = str_after(word, "is-automated=")) != NULL) {
            if (parse_bool(v, &yes) < 0)
                return error_set(err, -EINVAL, "--filter \"%s\": it is true or false", word);
            *(word[3] == 'o' ? &f.official : &f.automated) = yes;
        } else {
            return error_set(err, -EINVAL,
                             "--filter \"%s\" must be KEY=VALUE with is-official, is-automated or stars",
                             word);
        }
    }
    *ret = f;
    return 0;
}

static size_t filter_apply(const struct search_filter *f, struct registry_found *found, size_t n)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++)
        if (f->automated != 1 && found[i].stars >= f->stars &&
            (f->official < 0 || found[i].official == (f->official == 1)))
            found[kept++] = found[i];
    return kept;
}

/* As it can be given to pull. */
static const char *full_name(const char *host, const char *name, struct arena *a)
{
    return str_eq(host, "docker.io") ? name : arena_printf(a, "%s/%s", host, name);
}

static int render(const struct search_flags *f, struct format *format, const struct registry_found *found,
                  size_t n, struct strbuf *out, struct error *err)
{
    static const struct format_header fields[] = {
        { "StarCount", "STARS" }, { "IsOfficial", "OFFICIAL" }, { "IsAutomated", "AUTOMATED" }, { NULL, NULL }
    };
    int r = 0;
    static const char *const headers[] = { "NAME", "DESCRIPTION", "STARS", "OFFICIAL" };
    struct table *t = table_new(ARRAY_LEN(headers), headers);
    for (size_t i = 0; r == 0 && i < n; i++) {
        char description[1024], stars[24];
        if (!format_as_table(format)) {
            json_t *j = json_object();
            json_object_set_new(j, "Name", json_string(found[i].name));
            json_object_set_new(j, "Description", json_string(found[i].description));
            json_object_set_new(j, "StarCount", json_integer(found[i].stars));
            json_object_set_new(j, "IsAutomated", json_false());
            json_object_set_new(j, "IsOfficial", json_boolean(found[i].official));
            r = format_row(format, j, out, err);
            continue;
        }
        bool cut = !f->no_trunc && strlen(found[i].description) > 45;
        if (str_format(stars, sizeof(stars), "%lld", (long long) found[i].stars) < 0 ||
            str_format(description, sizeof(description), "%.*s%s", cut ? 42 : 1000, found[i].description,
                       cut ? "..." : "") < 0)
            continue;
        const char *cells[] = { found[i].name, description, stars, found[i].official ? "[OK]" : "" };
        table_row(t, cells);
    }
    if (format_as_table(format))
        table_render(t, out);
    else if (r == 0)
        r = format_end(format, fields, out, err);
    table_free(t);
    return r;
}

static int search(const struct search_flags *f, const char *text, struct strbuf *out, struct error *err)
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct registry_found *found = NULL;
    struct registry *registry = NULL;
    const char *term = text;
    size_t n = 0;
    char host[256] = "docker.io";
    _cleanup_format_ struct format *format = NULL;
    struct search_filter filter = { 0 };
    int r = format_parse(f->format, a, &format, err);
    if (r == 0)
        r = filter_parse(&f->filters, &filter, err);
    if (r == 0 && name_has_domain(text)) {
        r = registry_host(text, host, err);
        term = strchr(text, '/') + 1;
    }
    if (r == 0)
        r = remote_open(&f->remote, host, &registry, err);
    if (r < 0)
        return r;
    struct registry_conn *c = registry_conn_new(registry);
    r = registry_search(c, host, term, f->limit.set ? f->limit.v : 25, a, &found, &n, err);
    registry_conn_free(c);
    registry_close(registry);
    if (r == 0)
        n = filter_apply(&filter, found, n);
    for (size_t i = 0; r == 0 && i < n; i++)
        found[i].name = full_name(host, found[i].name, a);
    if (r == 0)
        r = render(f, format, found, n, out, err);
    return r;
}

int registry_search_command(const struct cli *cli, int argc, char **argv)
{
    _cleanup_arena_ struct arena *a = arena_new();
    _cleanup_strbuf_ struct strbuf out = STRBUF_INIT;
    struct search_flags f = { 0 };
    struct error err = { 0 };
    int words;
    int status = command_arguments(cli, &f, a, argc, argv, 1, 1, &words);
    if (status >= 0)
        return status;
    if (f.limit.set && (f.limit.v < 1 || f.limit.v > 100))
        return fail_text(cli, 1, "--limit must be from 1 to 100");
    return search(&f, argv[1], &out, &err) < 0 ? fail(cli, 1, &err) : out_write(&out);
}
