// SPDX-License-Identifier: Apache-2.0
/* The catalog as data: adding, sorting, JSON between the worker and its parent (which believes nothing of it), purls. */
#include "scan/catalog.h"

#include <errno.h>
#include <stdio.h>

struct catalog *catalog_new(void)
{
    struct catalog *c = xcalloc(1, sizeof(*c));
    c->arena = arena_new();
    return c;
}

void catalog_free(struct catalog *c)
{
    if (c == NULL)
        return;
    arena_free(c->arena);
    free(c->v);
    free(c->unknown.v);
    free(c->unreadable.v);
    free(c);
}

/* JSON is UTF-8: what is not, is shown as the bytes it has. */
static const char *kept(struct catalog *c, const char *s, bool *cut)
{
    if (s == NULL)
        return NULL;
    size_t n = strnlen(s, CATALOG_TEXT_MAX + 1);
    if (n > CATALOG_TEXT_MAX) {
        *cut = true;
        n = CATALOG_TEXT_MAX;
    }
    json_t *utf8 = json_stringn(s, n);
    if (utf8 != NULL) {
        json_decref(utf8);
        return arena_strndup(c->arena, s, n);
    }
    char *out = arena_alloc(c->arena, n * 4 + 1);
    for (size_t i = 0, at = 0; i < n; i++) {
        if ((unsigned char) s[i] < 0x80)
            out[at++] = s[i];
        else
            at += (size_t) snprintf(out + at, 5, "\\x%02x", (unsigned char) s[i]);
    }
    return out;
}

void catalog_note_add(struct catalog *c, struct catalog_notes *notes, const char *path, size_t layer,
                      const char *reason)
{
    bool cut = false;
    notes->total++;
    if (notes->n == CATALOG_NOTES_MAX)
        return;
    if (notes->n == notes->cap) {
        notes->cap = notes->cap * 2 + 16;
        notes->v = xreallocarray(notes->v, notes->cap, sizeof(*notes->v));
    }
    notes->v[notes->n++] = (struct catalog_note){ kept(c, path, &cut), kept(c, reason, &cut), layer };
}

void catalog_add(struct catalog *c, const struct component *o)
{
    bool cut = false;
    if (c->n == CATALOG_COMPONENTS_MAX) {
        catalog_note_add(c, &c->unreadable, o->path, o->layer, "too many components");
        return;
    }
    if (c->n == c->cap) {
        c->cap = c->cap * 2 + 64;
        c->v = xreallocarray(c->v, c->cap, sizeof(*c->v));
    }
    c->v[c->n++] = (struct component){
        .type = kept(c, o->type, &cut),
        .name = kept(c, o->name, &cut),
        .version = kept(c, o->version, &cut),
        .source = kept(c, o->source, &cut),
        .source_version = kept(c, o->source_version, &cut),
        .arch = kept(c, o->arch, &cut),
        .path = kept(c, o->path, &cut),
        .layer = o->layer,
    };
    if (cut)
        catalog_note_add(c, &c->unreadable, o->path, o->layer,
                         "a name or version that is longer than any real one");
}

static int compare(const void *a, const void *b)
{
    const struct component *x = a, *y = b;
    int r = strcmp(x->type, y->type);
    if (r == 0)
        r = strcmp(x->name, y->name);
    if (r == 0)
        r = strcmp(x->version, y->version);
    if (r == 0)
        r = strcmp(x->arch != NULL ? x->arch : "", y->arch != NULL ? y->arch : "");
    return r != 0 ? r : strcmp(x->path, y->path);
}

static int compare_notes(const void *a, const void *b)
{
    const struct catalog_note *x = a, *y = b;
    int r = strcmp(x->path, y->path);
    return r != 0 ? r : strcmp(x->reason, y->reason);
}

void catalog_sort(struct catalog *c)
{
    if (c->n > 1)
        qsort(c->v, c->n, sizeof(*c->v), compare);
    size_t n = 0;
    for (size_t i = 0; i < c->n; i++)
        if (n == 0 || compare(&c->v[n - 1], &c->v[i]) != 0)
            c->v[n++] = c->v[i];
    c->n = n;
    if (c->unknown.n > 1)
        qsort(c->unknown.v, c->unknown.n, sizeof(*c->unknown.v), compare_notes);
    if (c->unreadable.n > 1)
        qsort(c->unreadable.v, c->unreadable.n, sizeof(*c->unreadable.v), compare_notes);
}

/* --- JSON --- */

static void set_text(json_t *o, const char *key, const char *value)
{
    if (value != NULL)
        json_object_set_new(o, key, json_string(value));
}

static json_t *notes_json(const struct catalog_notes *notes)
{
    json_t *list = json_array();
    for (size_t i = 0; i < notes->n; i++) {
        json_t *o = json_object();
        set_text(o, "path", notes->v[i].path);
        set_text(o, "reason", notes->v[i].reason);
        json_object_set_new(o, "layer", json_integer((json_int_t) notes->v[i].layer));
        json_array_append_new(list, o);
    }
    return list;
}

json_t *catalog_json(const struct catalog *c)
{
    json_t *j = json_object(), *list = json_array();
    json_object_set_new(j, "oakum", json_integer(1));
    set_text(j, "os_id", c->os_id);
    set_text(j, "os_version", c->os_version);
    set_text(j, "os_codename", c->os_codename);
    set_text(j, "os_name", c->os_name);
    json_object_set_new(j, "files", json_integer((json_int_t) c->files));
    for (size_t i = 0; i < c->n; i++) {
        json_t *o = json_object();
        set_text(o, "type", c->v[i].type);
        set_text(o, "name", c->v[i].name);
        set_text(o, "version", c->v[i].version);
        set_text(o, "source", c->v[i].source);
        set_text(o, "source_version", c->v[i].source_version);
        set_text(o, "arch", c->v[i].arch);
        set_text(o, "path", c->v[i].path);
        json_object_set_new(o, "layer", json_integer((json_int_t) c->v[i].layer));
        json_array_append_new(list, o);
    }
    json_object_set_new(j, "components", list);
    json_object_set_new(j, "unknown", notes_json(&c->unknown));
    json_object_set_new(j, "unknown_total", json_integer((json_int_t) c->unknown.total));
    json_object_set_new(j, "unreadable", notes_json(&c->unreadable));
    json_object_set_new(j, "unreadable_total", json_integer((json_int_t) c->unreadable.total));
    return j;
}

static int read_layer(const json_t *o, size_t n_layers, size_t *ret, struct error *err)
{
    int64_t layer = -1;
    int r = json_get_i64(o, "catalog", "layer", true, &layer, err);
    if (r == 0 && (layer < 0 || (uint64_t) layer >= n_layers))
        r = error_set(err, -EPROTO, "the scanning worker named a layer that is not there");
    if (r == 0)
        *ret = (size_t) layer;
    return r;
}

static int read_notes(const json_t *j, const char *key, size_t n_layers, struct catalog *c,
                      struct catalog_notes *notes, struct error *err)
{
    json_t *list = NULL, *o;
    size_t i;
    int r = json_get_container(j, "catalog", key, JSON_ARRAY, true, &list, err);
    if (r < 0)
        return r;
    json_array_foreach(list, i, o)
    {
        const char *path = NULL, *reason = NULL;
        size_t layer = 0;
        r = json_get_string(o, "catalog", "path", true, &path, err);
        if (r == 0)
            r = json_get_string(o, "catalog", "reason", true, &reason, err);
        if (r == 0)
            r = read_layer(o, n_layers, &layer, err);
        if (r < 0)
            return r;
        catalog_note_add(c, notes, path, layer, reason);
    }
    _cleanup_free_ char *total = xasprintf("%s_total", key);
    return json_get_u64(j, "catalog", total, true, &notes->total, err);
}

static int read_component(const json_t *o, size_t n_layers, struct catalog *c, struct error *err)
{
    struct component x = { 0 };
    const struct {
        const char *key;
        bool required;
        const char **to;
    } table[] = {
        { "type", true, &x.type },
        { "name", true, &x.name },
        { "version", true, &x.version },
        { "source", false, &x.source },
        { "source_version", false, &x.source_version },
        { "arch", false, &x.arch },
        { "path", true, &x.path },
    };
    int r = 0;
    for (size_t i = 0; r == 0 && i < ARRAY_LEN(table); i++)
        r = json_get_string(o, "catalog", table[i].key, table[i].required, table[i].to, err);
    if (r == 0)
        r = read_layer(o, n_layers, &x.layer, err);
    if (r == 0)
        catalog_add(c, &x);
    return r;
}

int catalog_from_json(const char *text, size_t len, size_t n_layers, struct catalog **ret, struct error *err)
{
    _cleanup_json_ json_t *j = NULL;
    _cleanup_catalog_ struct catalog *c = catalog_new();
    json_t *list = NULL, *o;
    size_t i;
    int r = json_parse_own(text, len, "the scanning worker's answer", "catalog", 1, &j, err);
    const struct {
        const char *key, **to;
    } os[] = { { "os_id", &c->os_id },
               { "os_version", &c->os_version },
               { "os_codename", &c->os_codename },
               { "os_name", &c->os_name } };
    for (i = 0; r == 0 && i < ARRAY_LEN(os); i++) {
        r = json_get_string(j, "catalog", os[i].key, false, os[i].to, err);
        if (r == 0 && *os[i].to != NULL)
            *os[i].to = arena_strdup(c->arena, *os[i].to);
    }
    if (r == 0)
        r = json_get_u64(j, "catalog", "files", true, &c->files, err);
    if (r == 0)
        r = json_get_container(j, "catalog", "components", JSON_ARRAY, true, &list, err);
    if (r == 0)
        json_array_foreach(list, i, o) if ((r = read_component(o, n_layers, c, err)) < 0) break;
    if (r == 0)
        r = read_notes(j, "unknown", n_layers, c, &c->unknown, err);
    if (r == 0)
        r = read_notes(j, "unreadable", n_layers, c, &c->unreadable, err);
    if (r == 0) {
        catalog_sort(c);
        *ret = TAKE_PTR(c);
    }
    return r;
}

/* --- package URLs --- */

void catalog_normalise_pypi(char *name)
{
    size_t n = 0;
    for (const char *p = name; *p != '\0'; p++) {
        bool dash = *p == '-' || *p == '_' || *p == '.';
        if (dash && n > 0 && name[n - 1] == '-')
            continue;
        name[n++] = dash ? '-' : *p >= 'A' && *p <= 'Z' ? (char) (*p - 'A' + 'a') : *p;
    }
    name[n] = '\0';
}

static void add_encoded(struct strbuf *sb, const char *s, bool slash)
{
    for (; *s != '\0'; s++) {
        char c = *s;
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                     strchr(".-_~:", c) != NULL;
        if (plain || (slash && c == '/'))
            strbuf_addc(sb, c);
        else
            strbuf_addf(sb, "%%%02X", (unsigned char) c);
    }
}

static void add_qualifier(struct strbuf *sb, const char *key, const char *value, int *n)
{
    if (str_empty(value))
        return;
    strbuf_addf(sb, "%c%s=", (*n)++ == 0 ? '?' : '&', key);
    add_encoded(sb, value, false);
}

char *catalog_purl(const struct catalog *c, const struct component *o, struct arena *a)
{
    _cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;
    bool of_os = str_eq(o->type, "deb") || str_eq(o->type, "apk");
    int n = 0;
    strbuf_addf(&sb, "pkg:%s/", o->type);
    if (of_os && c->os_id != NULL) {
        add_encoded(&sb, c->os_id, false);
        strbuf_addc(&sb, '/');
    }
    const char *colon = str_eq(o->type, "maven") ? strchr(o->name, ':') : NULL;
    if (colon != NULL) {
        _cleanup_free_ char *group = xstrndup(o->name, (size_t) (colon - o->name));
        add_encoded(&sb, group, false);
        strbuf_addc(&sb, '/');
        add_encoded(&sb, colon + 1, false);
    } else {
        add_encoded(&sb, o->name, true);
    }
    strbuf_addc(&sb, '@');
    add_encoded(&sb, o->version, false);
    add_qualifier(&sb, "arch", o->arch, &n);
    if (of_os && c->os_id != NULL && c->os_version != NULL) {
        _cleanup_free_ char *distro = xasprintf("%s-%s", c->os_id, c->os_version);
        add_qualifier(&sb, "distro", distro, &n);
    }
    if (o->source != NULL && !str_eq(o->source, o->name))
        add_qualifier(&sb, "upstream", o->source, &n);
    return arena_strdup(a, sb.buf);
}
