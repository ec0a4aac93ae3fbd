// SPDX-License-Identifier: Apache-2.0
#include "cli/template.h"

#include <errno.h>

#include "base/arena.h"
#include "cli/json_out.h"

#define COLUMNS_MAX 32

struct piece {
    const char *text;  /* what stands there, NULL: a field */
    const char *field; /* "" is the whole object, with json alone */
    const char *header;
    bool json;
};

struct template
{
    struct piece *v;
    size_t n;
    struct arena *arena;
    struct table *table;
};

static void add(struct template *t, struct piece p)
{
    t->v = arena_grow(t->arena, t->v, t->n, t->n + 1, sizeof(*t->v));
    t->v[t->n++] = p;
}

/* "\t" and "\n" as shells hand them over. */
static const char *unescape(struct arena *a, const char *text)
{
    char *copy = arena_strdup(a, text), *to = copy;
    for (const char *c = copy; *c != '\0'; c++) {
        bool escape = *c == '\\' && (c[1] == 't' || c[1] == 'n');
        *to++ = !escape ? *c : c[1] == 't' ? '\t' : '\n';
        c += escape;
    }
    *to = '\0';
    return copy;
}

/* What is between the braces. */
static int parse_action(struct template *t, const char *text, size_t len,
                        const struct template_header *fields, struct error *err)
{
    char *copy = arena_strndup(t->arena, text, len), *save = NULL;
    const char *word = strtok_r(copy, " ", &save);
    struct piece p = { .json = word != NULL && str_eq(word, "json") };
    if (p.json)
        word = strtok_r(NULL, " ", &save);
    if (word == NULL || word[0] != '.' || strtok_r(NULL, " ", &save) != NULL || (!p.json && word[1] == '\0'))
        return error_set(
            err, -EINVAL,
            "--format: \"{{%.*s}}\" is not understood; there are {{.Field}}, {{json .Field}} and {{json .}}",
            (int) len, text);
    p.field = word + 1;
    p.header = p.field;
    const struct template_header *f = fields;
    while (f->field != NULL && !str_eq(f->field, p.field))
        f++;
    if (f->field == NULL && p.field[0] != '\0') {
        _cleanup_strbuf_ struct strbuf names = STRBUF_INIT;
        for (f = fields; f->field != NULL; f++)
            strbuf_addf(&names, "%s%s", names.len > 0 ? " " : "", f->field);
        return error_set(err, -EINVAL, "--format: there is no field .%s here; there are %s", p.field,
                         names.buf);
    }
    if (f->field != NULL)
        p.header = f->text;
    add(t, p);
    return 0;
}

static int parse(struct template *t, const char *text, const struct template_header *fields,
                 struct error *err)
{
    while (*text != '\0') {
        const char *open = strstr(text, "{{");
        size_t len = open != NULL ? (size_t) (open - text) : strlen(text);
        if (len > 0)
            add(t, (struct piece){ .text = arena_strndup(t->arena, text, len) });
        if (open == NULL)
            return 0;
        const char *close = strstr(open, "}}");
        if (close == NULL)
            return error_set(err, -EINVAL, "--format: \"{{\" without \"}}\"");
        int r = parse_action(t, open + 2, (size_t) (close - open - 2), fields, err);
        if (r < 0)
            return r;
        text = close + 2;
    }
    return 0;
}

static void put(const struct piece *p, const json_t *object, struct strbuf *out)
{
    const json_t *v = p->field != NULL && p->field[0] != '\0' ? json_object_get(object, p->field) : object;
    if (p->text != NULL) {
        strbuf_adds(out, p->text);
    } else if (p->json) {
        _cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
        json_out(&text, v, 0);
        strbuf_add(out, text.buf, text.len > 0 ? text.len - 1 : 0);
    } else if (json_is_string(v)) {
        text_neutralise(out, json_string_value(v));
    } else if (v != NULL) {
        _cleanup_free_ char *text = json_text(v, 0);
        text_neutralise(out, text);
    }
}

/* A line cut at its tabs. */
static size_t split(char *line, const char **cells)
{
    size_t n = 0;
    char *one;
    while (n < COLUMNS_MAX && (one = strsep(&line, "\t")) != NULL)
        cells[n++] = one;
    return n;
}

static void begin_table(struct template *t)
{
    _cleanup_strbuf_ struct strbuf line = STRBUF_INIT;
    const char *cells[COLUMNS_MAX];
    for (size_t i = 0; i < t->n; i++)
        strbuf_adds(&line, t->v[i].text != NULL ? t->v[i].text : t->v[i].header);
    char *copy = arena_strdup(t->arena, line.len > 0 ? line.buf : "");
    size_t n = split(copy, cells);
    const char **kept = arena_array(t->arena, n, sizeof(*kept));
    memcpy(kept, cells, n * sizeof(*kept));
    t->table = table_new(n, kept);
}

int template_parse(const char *text, const struct template_header *fields, struct arena *a,
                   struct template **ret, struct error *err)
{
    struct template *t = arena_alloc(a, sizeof(*t));
    const char *columns = str_after(text, "table ");
    t->arena = a;
    int r = parse(t, unescape(a, columns != NULL ? columns : text), fields, err);
    if (r < 0)
        return r;
    if (columns != NULL)
        begin_table(t);
    *ret = t;
    return 0;
}

void template_add(struct template *t, const json_t *object, struct strbuf *out)
{
    _cleanup_strbuf_ struct strbuf line = STRBUF_INIT;
    const char *cells[COLUMNS_MAX] = { NULL };
    for (size_t i = 0; i < t->n; i++)
        put(&t->v[i], object, &line);
    if (t->table == NULL) {
        strbuf_addf(out, "%s\n", line.len > 0 ? line.buf : "");
        return;
    }
    for (size_t i = 0; i < COLUMNS_MAX; i++)
        cells[i] = "";
    split(line.buf, cells);
    table_row(t->table, cells);
}

void template_end(struct template *t, struct strbuf *out)
{
    if (t->table == NULL)
        return;
    table_render(t->table, out);
    table_free(t->table);
    t->table = NULL;
}
