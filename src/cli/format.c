// SPDX-License-Identifier: Apache-2.0
#include "cli/format.h"

#include <ctype.h>
#include <errno.h>

#include "base/table.h"
#include "cli/json_out.h"

struct format {
    bool json, columns;
    const char *text; /* of the template */
    struct template *template;
    char **cells; /* rows, their columns with tabs between them */
    size_t n;
};

/* docker's shells do not make tabs: \t and \n are read here. */
static char *unescape(struct arena *a, const char *text)
{
    char *out = arena_strdup(a, text), *to = out;
    for (const char *from = out; *from != '\0'; from++) {
        bool tab = from[0] == '\\' && from[1] == 't', line = from[0] == '\\' && from[1] == 'n';
        *to++ = tab ? '\t' : line ? '\n' : *from;
        from += tab || line;
    }
    *to = '\0';
    return out;
}

int format_parse(const char *text, struct arena *a, struct format **ret, struct error *err)
{
    struct format *f = arena_alloc(a, sizeof(*f));
    *ret = f;
    if (text == NULL || str_eq(text, "table"))
        return 0;
    f->json = str_eq(text, "json");
    if (f->json)
        return 0;
    const char *columns = str_after(text, "table ");
    f->columns = columns != NULL;
    f->text = unescape(a, columns != NULL ? columns : text);
    while (f->columns && *f->text == ' ')
        f->text++;
    if (strstr(f->text, "{{") == NULL)
        return error_set(err, -EINVAL,
                         "--format must be json, table, or a template such as '{{.ID}}', not \"%s\"", text);
    return template_parse(f->text, a, &f->template, err);
}

void format_free(struct format *f)
{
    if (f == NULL)
        return;
    for (size_t i = 0; i < f->n; i++)
        free(f->cells[i]);
    free(f->cells);
}

bool format_as_table(const struct format *f)
{
    return !f->json && f->template == NULL;
}

bool format_as_json(const struct format *f)
{
    return f->json;
}

static unsigned template_flags(void)
{
    return isatty(STDOUT_FILENO) ? TEMPLATE_NEUTRALISE : 0;
}

static int show_row(struct format *f, json_t *row, struct strbuf *out, struct error *err)
{
    if (f->json) {
        json_object_del(row, "Label");
        json_out(out, row, 0);
        return 0;
    }
    _cleanup_strbuf_ struct strbuf line = STRBUF_INIT;
    int r = template_render(f->template, row, TEMPLATE_STRICT | template_flags(), &line, err);
    if (r < 0)
        return r;
    if (f->columns) {
        f->cells = xreallocarray(f->cells, f->n + 1, sizeof(*f->cells));
        f->cells[f->n++] = strbuf_steal(&line);
    } else {
        strbuf_add(out, line.buf, line.len);
        strbuf_addc(out, '\n');
    }
    return 0;
}

int format_row(struct format *f, json_t *row, struct strbuf *out, struct error *err)
{
    int r = show_row(f, row, out, err);
    json_decref(row);
    return r;
}

/* The template's own words, with its fields' headers. */
static int head(const struct format *f, const struct format_header *headers, struct strbuf *out,
                struct error *err)
{
    _cleanup_json_ json_t *row = json_object();
    for (const char *p = strchr(f->text, '.'); p != NULL; p = strchr(p + 1, '.')) {
        char name[64];
        size_t n = 0;
        while (n + 1 < sizeof(name) && isalnum((unsigned char) p[n + 1])) {
            name[n] = p[n + 1];
            n++;
        }
        name[n] = '\0';
        if (n == 0)
            continue;
        const char *text = NULL;
        for (size_t i = 0; headers[i].field != NULL; i++)
            if (str_eq(headers[i].field, name))
                text = headers[i].header;
        _cleanup_free_ char *capitals = xstrdup(name);
        for (char *c = capitals; *c != '\0'; c++)
            *c = (char) toupper((unsigned char) *c);
        json_object_set_new(row, name, json_string(text != NULL ? text : capitals));
    }
    return template_render(f->template, row, 0, out, err);
}

/* Cells of one line; what a table's row is too short for stays empty. */
static void add_line(struct table *t, char *text, size_t columns)
{
    _cleanup_free_ const char **cells = xcalloc(columns, sizeof(*cells));
    for (size_t i = 0; i < columns && text != NULL; i++) {
        char *tab = i + 1 < columns ? strchr(text, '\t') : NULL;
        if (tab != NULL)
            *tab++ = '\0';
        cells[i] = text;
        text = tab;
    }
    table_row(t, cells);
}

int format_end(struct format *f, const struct format_header *headers, struct strbuf *out, struct error *err)
{
    _cleanup_strbuf_ struct strbuf first = STRBUF_INIT;
    size_t columns = 1;
    if (!f->columns)
        return 0;
    int r = head(f, headers, &first, err);
    if (r < 0)
        return r;
    for (const char *p = first.buf; *p != '\0'; p++)
        columns += *p == '\t';
    struct table *t = table_new(columns, NULL);
    add_line(t, first.buf, columns);
    for (size_t i = 0; i < f->n; i++)
        add_line(t, f->cells[i], columns);
    table_render(t, out);
    table_free(t);
    return 0;
}

int format_document(const char *format, const json_t *document, struct strbuf *out, struct error *err)
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct template *t;
    if (format == NULL || str_eq(format, "json")) {
        json_out(out, document, format != NULL ? 0 : 4);
        return 0;
    }
    int r = template_parse(unescape(a, format), a, &t, err);
    if (r == 0)
        r = template_render(t, document, template_flags(), out, err);
    if (r == 0)
        strbuf_addc(out, '\n');
    return r;
}
