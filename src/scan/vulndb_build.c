// SPDX-License-Identifier: Apache-2.0
/* The writer: everything is collected, sorted (so that the same feeds give the same bytes), and laid out with each text once. */
#include <errno.h>

#include "base/strbuf.h"
#include "scan/vulndb_internal.h"

struct row {
    const char *ecosystem, *package;
    struct vuln_range range;
    uint32_t vuln;
};

struct vuln_builder {
    struct arena *arena;
    struct row *v;
    size_t n, cap;
    const char **ecosystem;
    size_t n_ecosystems;
};

struct vuln_builder *vuln_builder_new(void)
{
    struct vuln_builder *b = xcalloc(1, sizeof(*b));
    b->arena = arena_new();
    return b;
}

void vuln_builder_free(struct vuln_builder *b)
{
    if (b == NULL)
        return;
    arena_free(b->arena);
    free(b->v);
    free(b->ecosystem);
    free(b);
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(const char *const *) a, *(const char *const *) b);
}

void vuln_builder_cover(struct vuln_builder *b, const char *ecosystem)
{
    for (size_t i = b->n_ecosystems; i-- > 0;)
        if (str_eq(b->ecosystem[i], ecosystem))
            return;
    b->ecosystem = xreallocarray(b->ecosystem, b->n_ecosystems + 1, sizeof(*b->ecosystem));
    b->ecosystem[b->n_ecosystems++] = arena_strdup(b->arena, ecosystem);
}

static const char *copy(struct vuln_builder *b, const char *s)
{
    return str_empty(s) ? NULL : arena_strdup(b->arena, s);
}

void vuln_builder_add(struct vuln_builder *b, const char *ecosystem, const char *package,
                      const struct vuln_range *r)
{
    vuln_builder_cover(b, ecosystem);
    if (b->n == b->cap) {
        b->cap = b->cap * 2 + 1024;
        b->v = xreallocarray(b->v, b->cap, sizeof(*b->v));
    }
    struct row *row = &b->v[b->n++];
    *row = (struct row){ .ecosystem = arena_strdup(b->arena, ecosystem),
                         .package = arena_strdup(b->arena, package),
                         .range = *r };
    row->range.introduced = copy(b, r->introduced);
    row->range.fixed = copy(b, r->fixed);
    row->range.last = copy(b, r->last);
    row->range.id = arena_strdup(b->arena, r->id);
    row->range.aliases = arena_strdup(b->arena, r->aliases != NULL ? r->aliases : "");
}

static int compare_or_null(const char *a, const char *b)
{
    return strcmp(a != NULL ? a : "", b != NULL ? b : "");
}

static int compare_vulns(const void *a, const void *b)
{
    const struct vuln_range *x = &((const struct row *) a)->range, *y = &((const struct row *) b)->range;
    int r = strcmp(x->id, y->id);
    if (r == 0)
        r = strcmp(x->aliases, y->aliases);
    if (r == 0)
        r = (int) x->severity - (int) y->severity;
    return r != 0 ? r : x->cvss - y->cvss;
}

static int compare_rows(const void *a, const void *b)
{
    const struct row *x = a, *y = b;
    int r = strcmp(x->ecosystem, y->ecosystem);
    if (r == 0)
        r = strcmp(x->package, y->package);
    if (r == 0)
        r = compare_vulns(a, b);
    if (r == 0)
        r = compare_or_null(x->range.introduced, y->range.introduced);
    if (r == 0)
        r = compare_or_null(x->range.fixed, y->range.fixed);
    return r != 0 ? r : compare_or_null(x->range.last, y->range.last);
}

/* --- texts, each once --- */

struct texts {
    struct strbuf bytes;
    uint32_t *slot; /* offsets; 0 is free */
    size_t n, cap;
};

static size_t hash(const char *s)
{
    size_t h = 1469598103934665603ULL;
    for (; *s != '\0'; s++)
        h = (h ^ (unsigned char) *s) * 1099511628211ULL;
    return h;
}

static void grow(struct texts *t)
{
    uint32_t *old = t->slot;
    size_t old_cap = t->cap;
    t->cap = old_cap == 0 ? 4096 : old_cap * 2;
    t->slot = xcalloc(t->cap, sizeof(*t->slot));
    for (size_t i = 0; i < old_cap; i++) {
        if (old[i] == 0)
            continue;
        size_t at = hash(t->bytes.buf + old[i]) & (t->cap - 1);
        while (t->slot[at] != 0)
            at = (at + 1) & (t->cap - 1);
        t->slot[at] = old[i];
    }
    free(old);
}

static uint32_t text(struct texts *t, const char *s)
{
    if (str_empty(s))
        return 0;
    if (t->n * 2 >= t->cap)
        grow(t);
    size_t at = hash(s) & (t->cap - 1);
    for (; t->slot[at] != 0; at = (at + 1) & (t->cap - 1))
        if (str_eq(t->bytes.buf + t->slot[at], s))
            return t->slot[at];
    t->slot[at] = (uint32_t) t->bytes.len;
    t->n++;
    strbuf_add(&t->bytes, s, strlen(s) + 1);
    return t->slot[at];
}

static uint32_t write_vulns(struct vuln_builder *b, struct texts *t, struct strbuf *out)
{
    uint32_t n = 0;
    if (b->n > 1)
        qsort(b->v, b->n, sizeof(*b->v), compare_vulns);
    for (size_t i = 0; i < b->n; i++) {
        const struct vuln_range *r = &b->v[i].range;
        if (i == 0 || compare_vulns(&b->v[i - 1], &b->v[i]) != 0) {
            struct db_vuln v = { text(t, r->id), text(t, r->aliases), r->severity,
                                 r->cvss < 0 ? DB_NO_CVSS : (uint32_t) r->cvss };
            strbuf_add(out, &v, sizeof(v));
            n++;
        }
        b->v[i].vuln = n - 1;
    }
    return n;
}

void vuln_builder_write(struct vuln_builder *b, int64_t created, struct strbuf *out)
{
    struct texts t = { .bytes = STRBUF_INIT };
    _cleanup_strbuf_ struct strbuf packages = STRBUF_INIT, ranges = STRBUF_INIT, vulns = STRBUF_INIT,
                                   ecosystems = STRBUF_INIT;
    struct db_header h = { .magic = DB_MAGIC, .version = DB_VERSION, .created = created };
    struct db_package p = { 0 };
    strbuf_addc(&t.bytes, '\0');
    h.n_vulns = write_vulns(b, &t, &vulns);
    if (b->n > 1)
        qsort(b->v, b->n, sizeof(*b->v), compare_rows);
    for (size_t i = 0; i < b->n; i++) {
        const struct row *row = &b->v[i];
        if (i > 0 && compare_rows(&b->v[i - 1], row) == 0)
            continue;
        uint32_t ecosystem = text(&t, row->ecosystem), name = text(&t, row->package);
        if (p.n > 0 && (p.ecosystem != ecosystem || p.name != name)) {
            strbuf_add(&packages, &p, sizeof(p));
            h.n_packages++;
            p.n = 0;
        }
        if (p.n == 0)
            p = (struct db_package){ ecosystem, name, h.n_ranges, 0 };
        struct db_range r = { row->vuln, text(&t, row->range.introduced), text(&t, row->range.fixed),
                              text(&t, row->range.last), row->range.status };
        strbuf_add(&ranges, &r, sizeof(r));
        h.n_ranges++;
        p.n++;
    }
    if (p.n > 0) {
        strbuf_add(&packages, &p, sizeof(p));
        h.n_packages++;
    }
    if (b->n_ecosystems > 1)
        qsort(b->ecosystem, b->n_ecosystems, sizeof(*b->ecosystem), compare_texts);
    for (size_t i = 0; i < b->n_ecosystems; i++) {
        uint32_t at = text(&t, b->ecosystem[i]);
        strbuf_add(&ecosystems, &at, sizeof(at));
    }
    h.n_ecosystems = (uint32_t) b->n_ecosystems;
    h.n_texts = (uint32_t) t.bytes.len;
    h.packages = sizeof(h);
    h.ranges = h.packages + packages.len;
    h.vulns = h.ranges + ranges.len;
    h.ecosystems = h.vulns + vulns.len;
    h.texts = h.ecosystems + ecosystems.len;
    h.size = h.texts + t.bytes.len;
    strbuf_add(out, &h, sizeof(h));
    const struct strbuf *const parts[] = { &packages, &ranges, &vulns, &ecosystems, &t.bytes };
    for (size_t i = 0; i < ARRAY_LEN(parts); i++)
        strbuf_add(out, parts[i]->buf, parts[i]->len);
    strbuf_free(&t.bytes);
    free(t.slot);
}
