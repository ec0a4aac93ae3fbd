// SPDX-License-Identifier: Apache-2.0
/*
 * How: each component is looked up by the name that its ecosystem's feed uses: distributions by source package and source version, since
 * a fix is in the source. Records about one thing (the same id, or one among the other's aliases) become one finding.
 *
 * What has no data, or a version that is none, is a gap and never "not affected".
 */
#include "scan/match.h"

#include <errno.h>

#include "base/strbuf.h"
#include "scan/version.h"

struct question {
    char ecosystem[2][96]; /* [1]: "" or another name of the same */
    enum version_scheme scheme;
    const char *name, *version;
};

static bool ask(const struct catalog *c, const struct component *o, struct question *q)
{
    static const struct {
        const char *type, *ecosystem;
        enum version_scheme scheme;
    } languages[] = {
        { "golang", "go", VERSION_GO },
        { "pypi", "pypi", VERSION_PEP440 },
        { "npm", "npm", VERSION_SEMVER },
        { "maven", "maven", VERSION_MAVEN },
    };
    const char *os = c->os_id != NULL ? c->os_id : "unknown",
               *version = c->os_version != NULL ? c->os_version : "unknown";
    *q = (struct question){ .name = o->name, .version = o->version };
    for (size_t i = 0; i < ARRAY_LEN(languages); i++)
        if (str_eq(languages[i].type, o->type)) {
            q->scheme = languages[i].scheme;
            return str_format(q->ecosystem[0], sizeof(q->ecosystem[0]), "%s", languages[i].ecosystem) > 0;
        }
    q->name = o->source;
    q->version = o->source_version;
    if (q->name == NULL || q->version == NULL)
        return false;
    if (str_eq(o->type, "deb")) {
        q->scheme = VERSION_DPKG;
        if (c->os_codename != NULL &&
            str_format(q->ecosystem[1], sizeof(q->ecosystem[1]), "%.40s:%.40s", os, c->os_codename) < 0)
            return false;
        return str_format(q->ecosystem[0], sizeof(q->ecosystem[0]), "%.40s:%.40s", os, version) > 0;
    }
    /* alpine:v3.20 of 3.20.3. */
    q->scheme = VERSION_APK;
    size_t n = strcspn(version, ".");
    n += version[n] == '.' ? 1 + strcspn(version + n + 1, ".") : 0;
    return str_format(q->ecosystem[0], sizeof(q->ecosystem[0]), "%.40s:v%.*s", os,
                      (int) MIN_OF(n, (size_t) 40), version) > 0;
}

static void add_gap(struct match *m, const char *text)
{
    for (size_t i = 0; i < m->n_gaps; i++)
        if (str_eq(m->gaps[i], text))
            return;
    m->gaps = xreallocarray(m->gaps, m->n_gaps + 1, sizeof(*m->gaps));
    m->gaps[m->n_gaps++] = arena_strdup(m->arena, text);
}

/* 1, 0, or -EINVAL: a version that is none. */
static int affected(const struct question *q, const struct vuln_range *r)
{
    int order;
    if (r->introduced != NULL) {
        if (version_compare(q->scheme, q->version, r->introduced, &order) < 0)
            return -EINVAL;
        if (order < 0)
            return 0;
    }
    if (r->fixed != NULL) {
        if (version_compare(q->scheme, q->version, r->fixed, &order) < 0)
            return -EINVAL;
        return order < 0;
    }
    if (r->last != NULL) {
        if (version_compare(q->scheme, q->version, r->last, &order) < 0)
            return -EINVAL;
        return order <= 0;
    }
    return 1;
}

static bool has_word(const char *words, const char *word)
{
    size_t n = strlen(word);
    for (const char *p = words; (p = strstr(p, word)) != NULL; p += n)
        if ((p == words || p[-1] == ' ') && (p[n] == ' ' || p[n] == '\0'))
            return true;
    return false;
}

static bool same_thing(const struct finding *f, const char *id, const char *aliases)
{
    if (str_eq(f->id, id) || has_word(f->aliases, id) || has_word(aliases, f->id))
        return true;
    _cleanup_free_ char *copy = xstrdup(aliases);
    char *rest = copy, *word;
    while ((word = strsep(&rest, " ")) != NULL)
        if (word[0] != '\0' && has_word(f->aliases, word))
            return true;
    return false;
}

static const char *cve_among(const char *words, struct arena *a)
{
    for (const char *p = words; (p = strstr(p, "CVE-")) != NULL; p++)
        if (p == words || p[-1] == ' ')
            return arena_strndup(a, p, strcspn(p, " "));
    return NULL;
}

static void add_names(struct strbuf *sb, const char *names, const char *without)
{
    _cleanup_free_ char *copy = xstrdup(names);
    char *rest = copy, *word;
    while ((word = strsep(&rest, " ")) != NULL)
        if (word[0] != '\0' && !str_eq(word, without) && !has_word(sb->buf, word))
            strbuf_addf(sb, "%s%s", sb->len > 0 ? " " : "", word);
}

static void add_finding(struct match *m, size_t first, const struct component *o, enum version_scheme scheme,
                        const struct vuln_range *r)
{
    _cleanup_strbuf_ struct strbuf names = STRBUF_INIT;
    const char *cve = str_after(r->id, "CVE-") != NULL ? r->id : cve_among(r->aliases, m->arena);
    struct finding f = {
        o, cve != NULL ? cve : arena_strdup(m->arena, r->id), "", r->fixed, r->status, r->severity, r->cvss
    };
    for (size_t i = first; i < m->n; i++) {
        struct finding *g = &m->v[i];
        if (!same_thing(g, r->id, r->aliases))
            continue;
        /* The worse of two severities; of two fixes the later, since only it has both. */
        int order = 0;
        if (r->severity > g->severity)
            g->severity = r->severity;
        if (r->cvss > g->cvss)
            g->cvss = r->cvss;
        if (g->fixed == NULL ||
            (r->fixed != NULL && version_compare(scheme, r->fixed, g->fixed, &order) == 0 && order > 0))
            g->fixed = r->fixed != NULL ? r->fixed : g->fixed;
        strbuf_adds(&names, "");
        add_names(&names, g->aliases, g->id);
        add_names(&names, r->id, g->id);
        add_names(&names, r->aliases, g->id);
        g->aliases = arena_strdup(m->arena, names.buf);
        return;
    }
    strbuf_adds(&names, "");
    add_names(&names, r->id, f.id);
    add_names(&names, r->aliases, f.id);
    f.aliases = arena_strdup(m->arena, names.buf);
    if (m->n == m->cap) {
        m->cap = m->cap * 2 + 64;
        m->v = xreallocarray(m->v, m->cap, sizeof(*m->v));
    }
    m->v[m->n++] = f;
}

static void match_component(struct match *m, const struct catalog *c, const struct vulndb *db,
                            const struct component *o)
{
    struct question q;
    size_t begin = m->n;
    bool covered = false;
    if (!ask(c, o, &q)) {
        add_gap(m, "a component without a source package");
        return;
    }
    if (!version_valid(q.scheme, q.version)) {
        add_gap(
            m, arena_printf(m->arena, "%.200s %.200s (%s): that is no version", o->name, q.version, o->type));
        return;
    }
    for (size_t e = 0; e < 2; e++) {
        size_t first = 0, n;
        if (q.ecosystem[e][0] == '\0' || !vulndb_covers(db, q.ecosystem[e]))
            continue;
        covered = true;
        n = vulndb_find(db, q.ecosystem[e], q.name, &first);
        for (size_t i = 0; i < n; i++) {
            struct vuln_range r = vulndb_range(db, first + i);
            int hit = affected(&q, &r);
            if (hit > 0)
                add_finding(m, begin, o, q.scheme, &r);
            else if (hit < 0)
                add_gap(m, arena_printf(m->arena, "%.100s of %.200s: the database has a version that is none",
                                        r.id, q.name));
        }
    }
    if (!covered)
        add_gap(m, arena_printf(m->arena, "the database has no data for %s",
                                q.ecosystem[1][0] != '\0' ? q.ecosystem[1] : q.ecosystem[0]));
}

static int compare(const void *a, const void *b)
{
    const struct finding *x = a, *y = b;
    int r = (x->severity < y->severity) - (x->severity > y->severity);
    if (r == 0)
        r = strcmp(x->id, y->id);
    if (r == 0)
        r = strcmp(x->component->name, y->component->name);
    return r != 0 ? r : (x->component > y->component) - (x->component < y->component);
}

struct match *match_catalog(const struct catalog *c, const struct vulndb *db)
{
    struct match *m = xcalloc(1, sizeof(*m));
    m->arena = arena_new();
    for (size_t i = 0; i < c->n; i++)
        match_component(m, c, db, &c->v[i]);
    if (c->n == 0)
        add_gap(m, "nothing in it could be named");
    if (c->unreadable.total > 0)
        add_gap(m, arena_printf(m->arena, "%llu files could not be read",
                                (unsigned long long) c->unreadable.total));
    if (m->n > 1)
        qsort(m->v, m->n, sizeof(*m->v), compare);
    for (size_t i = 0; i < m->n; i++)
        m->fixable += m->v[i].fixed != NULL;
    return m;
}

void match_free(struct match *m)
{
    if (m == NULL)
        return;
    arena_free(m->arena);
    free(m->v);
    free(m->gaps);
    free(m);
}
