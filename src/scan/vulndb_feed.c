// SPDX-License-Identifier: Apache-2.0
/*
 * Feeds. Debian's tracker (security-tracker.debian.org/tracker/data/json): source, CVE, release; "0" as the fixed version says that it
 * is not affected, and so does "undetermined" as long as it is that. Alpine's secdb: which version of an origin fixed what; "0":
 * never affected; identifiers have words behind them. OSV 1.7: events are sorted first; a withdrawn record is left out; Go's
 * custom_ranges stand in for the range.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>

#include "base/json.h"
#include "scan/catalog.h"
#include "scan/cvss.h"
#include "scan/version.h"
#include "scan/vulndb.h"
#include "sys/file.h"

#define FEED_MAX (512u << 20)
#define EVENTS_MAX 1024
#define DEPTH_MAX 16

static const char *string_of(const json_t *o, const char *key)
{
    return json_string_value(json_object_get(o, key));
}

/* --- Debian's tracker --- */

static enum severity of_urgency(const char *urgency)
{
    static const struct {
        const char *word;
        enum severity severity;
    } table[] = { { "unimportant", SEVERITY_NEGLIGIBLE },
                  { "low", SEVERITY_LOW },
                  { "medium", SEVERITY_MEDIUM },
                  { "high", SEVERITY_HIGH } };
    for (size_t i = 0; urgency != NULL && i < ARRAY_LEN(table); i++) {
        const char *rest = str_after(urgency, table[i].word); /* "high**" */
        if (rest != NULL && rest[strspn(rest, "*")] == '\0')
            return table[i].severity;
    }
    return SEVERITY_UNKNOWN;
}

static void add_debian(struct vuln_builder *b, const char *package, const char *id, const char *release,
                       const json_t *o)
{
    const char *status = string_of(o, "status"), *fixed = string_of(o, "fixed_version"),
               *urgency = string_of(o, "urgency");
    char ecosystem[80];
    if (str_format(ecosystem, sizeof(ecosystem), "debian:%s", release) < 0)
        return;
    vuln_builder_cover(b, ecosystem);
    if (status == NULL || str_eq(status, "undetermined") || (fixed != NULL && str_eq(fixed, "0")))
        return;
    if (str_eq(status, "resolved") && str_empty(fixed))
        return;
    bool ended = urgency != NULL && str_eq(urgency, "end-of-life");
    const struct vuln_range r = {
        .fixed = fixed,
        .status = fixed != NULL                         ? STATUS_AFFECTED
                  : ended                               ? STATUS_END_OF_LIFE
                  : json_object_get(o, "nodsa") != NULL ? STATUS_NO_DSA
                                                        : STATUS_AFFECTED,
        .id = id,
        .severity = of_urgency(urgency),
        .cvss = -1,
    };
    vuln_builder_add(b, ecosystem, package, &r);
}

static int parse_debian(struct vuln_builder *b, json_t *j, const char *name, struct feed_tally *t,
                        struct error *err)
{
    const char *package, *id, *release;
    json_t *cves, *cve, *o;
    size_t found = 0;
    json_object_foreach(j, package, cves)
    {
        json_object_foreach(cves, id, cve)
        {
            json_t *releases = json_object_get(cve, "releases");
            if (!json_is_object(releases)) {
                t->skipped++;
                continue;
            }
            found++;
            json_object_foreach(releases, release, o) add_debian(b, package, id, release, o);
        }
    }
    t->records += found;
    if (found == 0)
        return error_set(err, -EINVAL,
                         "%s: is no feed that is known: OSV, Debian's tracker or Alpine's secdb, as JSON",
                         name);
    return 0;
}

/* --- Alpine's secdb --- */

static void add_alpine(struct vuln_builder *b, const char *ecosystem, const char *package,
                       const char *version, const char *ids)
{
    _cleanup_free_ char *copy = xstrdup(ids);
    char *rest = copy, *id;
    /* "CVE-2019-17340 XSA-284", "CVE-2017-2616 (+ regression fix)", "CVE_2019-2426" */
    while ((id = strsep(&rest, " \t")) != NULL) {
        const char *number = str_after(id, "CVE_") != NULL || str_after(id, "CVE-") != NULL ? id + 4 : NULL;
        _cleanup_free_ char *clean = number != NULL ? xasprintf("CVE-%s", number) : xstrdup(id);
        bool known = number != NULL || str_after(id, "XSA-") != NULL || str_after(id, "GHSA-") != NULL ||
                     str_after(id, "ALPINE-") != NULL;
        const struct vuln_range r = { .fixed = version, .id = clean, .cvss = -1 };
        if (known &&
            clean[strspn(clean, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-")] == '\0')
            vuln_builder_add(b, ecosystem, package, &r);
    }
}

static int parse_alpine(struct vuln_builder *b, json_t *j, const char *name, struct feed_tally *t,
                        struct error *err)
{
    const char *stream = string_of(j, "distroversion");
    char ecosystem[80];
    json_t *item, *ids, *id;
    const char *version;
    size_t i, k;
    if (stream == NULL || str_format(ecosystem, sizeof(ecosystem), "alpine:%s", stream) < 0)
        return error_set(err, -EINVAL, "%s: distroversion: must be a string such as \"v3.20\"", name);
    vuln_builder_cover(b, ecosystem);
    json_array_foreach(json_object_get(j, "packages"), i, item)
    {
        const json_t *pkg = json_object_get(item, "pkg");
        const char *package = string_of(pkg, "name");
        if (package == NULL)
            return error_set(err, -EINVAL, "%s: packages[%zu].pkg.name: must be a string", name, i);
        json_object_foreach(json_object_get(pkg, "secfixes"), version, ids)
        {
            t->records++;
            json_array_foreach(ids, k, id) if (json_is_string(id) && !str_eq(version, "0"))
                add_alpine(b, ecosystem, package, version, json_string_value(id));
        }
    }
    return 0;
}

/* --- OSV --- */

static const struct {
    const char *osv, *ours;
    enum version_scheme scheme;
} ecosystems[] = {
    { "Go", "go", VERSION_GO },
    { "PyPI", "pypi", VERSION_PEP440 },
    { "npm", "npm", VERSION_SEMVER },
    { "Maven", "maven", VERSION_MAVEN },
};

static bool ecosystem_of(const char *osv, char *buf, size_t size, enum version_scheme *ret)
{
    const char *release;
    for (size_t i = 0; i < ARRAY_LEN(ecosystems); i++)
        if (str_eq(ecosystems[i].osv, osv)) {
            *ret = ecosystems[i].scheme;
            return str_format(buf, size, "%s", ecosystems[i].ours) > 0;
        }
    if ((release = str_after(osv, "Debian:")) != NULL) {
        *ret = VERSION_DPKG;
        return str_format(buf, size, "debian:%s", release) > 0;
    }
    if ((release = str_after(osv, "Alpine:")) != NULL) {
        *ret = VERSION_APK;
        return str_format(buf, size, "alpine:%s", release) > 0;
    }
    return false;
}

struct event {
    const char *version;
    enum { INTRODUCED, LAST, FIXED } kind;
};

/* "0" is before every version; at one version an end comes before a beginning. */
static bool later(enum version_scheme scheme, const struct event *a, const struct event *b)
{
    bool first_a = a->kind == INTRODUCED && str_eq(a->version, "0"),
         first_b = b->kind == INTRODUCED && str_eq(b->version, "0");
    int r = 0;
    if (first_a || first_b)
        return !first_a;
    if (version_compare(scheme, a->version, b->version, &r) < 0)
        return false;
    return r > 0 || (r == 0 && a->kind == INTRODUCED && b->kind != INTRODUCED);
}

static size_t read_events(const json_t *list, enum version_scheme scheme, struct event *v)
{
    static const char *const keys[] = { "introduced", "last_affected", "fixed" };
    json_t *o;
    size_t i, n = 0;
    json_array_foreach(list, i, o)
    {
        for (int k = 0; k < 3 && n < EVENTS_MAX; k++) {
            const char *version = string_of(o, keys[k]);
            if (version == NULL)
                continue;
            struct event e = { version, k == 0 ? INTRODUCED : k == 1 ? LAST : FIXED };
            size_t at = n++;
            for (; at > 0 && later(scheme, &v[at - 1], &e); at--)
                v[at] = v[at - 1];
            v[at] = e;
        }
    }
    return n;
}

static void add_events(struct vuln_builder *b, const char *ecosystem, const char *package,
                       enum version_scheme scheme, const json_t *list, const struct vuln_range *of)
{
    struct event v[EVENTS_MAX];
    size_t n = read_events(list, scheme, v);
    const char *from = NULL;
    for (size_t i = 0; i < n; i++) {
        if (v[i].kind == INTRODUCED) {
            from = from == NULL ? v[i].version : from;
            continue;
        }
        if (from == NULL)
            continue;
        struct vuln_range r = *of;
        r.introduced = str_eq(from, "0") ? NULL : from;
        *(v[i].kind == FIXED ? &r.fixed : &r.last) = v[i].version;
        vuln_builder_add(b, ecosystem, package, &r);
        from = NULL;
    }
    if (from != NULL) {
        struct vuln_range r = *of;
        r.introduced = str_eq(from, "0") ? NULL : from;
        vuln_builder_add(b, ecosystem, package, &r);
    }
}

static void add_affected(struct vuln_builder *b, const json_t *o, const struct vuln_range *of,
                         struct feed_tally *t)
{
    const json_t *package = json_object_get(o, "package");
    const char *osv = string_of(package, "ecosystem"), *name = string_of(package, "name");
    enum version_scheme scheme;
    char ecosystem[128];
    json_t *range, *version;
    size_t i, ranges = 0;
    _cleanup_free_ char *normal = NULL;
    if (osv == NULL || name == NULL || !ecosystem_of(osv, ecosystem, sizeof(ecosystem), &scheme)) {
        t->skipped++;
        return;
    }
    if (scheme == VERSION_PEP440) {
        name = normal = xstrdup(name);
        catalog_normalise_pypi(normal);
    }
    const json_t *custom = json_object_get(json_object_get(o, "ecosystem_specific"), "custom_ranges");
    json_array_foreach(json_array_size(custom) > 0 ? custom : json_object_get(o, "ranges"), i, range)
    {
        const char *type = string_of(range, "type");
        if (type == NULL || str_eq(type, "GIT"))
            continue;
        add_events(b, ecosystem, name, scheme, json_object_get(range, "events"), of);
        ranges++;
    }
    json_array_foreach(ranges == 0 ? json_object_get(o, "versions") : NULL, i, version)
    {
        struct vuln_range r = *of;
        r.introduced = r.last = json_string_value(version);
        if (r.last != NULL)
            vuln_builder_add(b, ecosystem, name, &r);
    }
}

static enum severity osv_severity(const json_t *j, int *ret_cvss)
{
    json_t *o;
    size_t i;
    int best = -1, version = 0, best_version = 0;
    json_array_foreach(json_object_get(j, "severity"), i, o)
    {
        const char *vector = string_of(o, "score");
        int tenths;
        if (vector != NULL && cvss_score(vector, &tenths, &version) == 0 && version >= best_version) {
            best = tenths;
            best_version = version;
        }
    }
    *ret_cvss = best;
    if (best >= 0) {
        static const enum severity of[] = { SEVERITY_NEGLIGIBLE, SEVERITY_LOW, SEVERITY_MEDIUM, SEVERITY_HIGH,
                                            SEVERITY_CRITICAL };
        return of[cvss_severity(best_version, best)];
    }
    const char *word = string_of(json_object_get(j, "database_specific"), "severity");
    static const char *const words[] = { "LOW", "MODERATE", "HIGH", "CRITICAL" };
    for (int k = 0; word != NULL && k < 4; k++)
        if (str_eq(word, words[k]))
            return (enum severity)(SEVERITY_LOW + k);
    return SEVERITY_UNKNOWN;
}

static int parse_osv(struct vuln_builder *b, json_t *j, const char *name, struct feed_tally *t,
                     struct error *err)
{
    _cleanup_strbuf_ struct strbuf aliases = STRBUF_INIT;
    json_t *o;
    size_t i;
    struct vuln_range r = { .id = string_of(j, "id"), .cvss = -1 };
    if (str_empty(r.id))
        return error_set(err, -EINVAL, "%s: id: must be a string", name);
    t->records++;
    if (json_object_get(j, "withdrawn") != NULL) {
        t->skipped++;
        return 0;
    }
    json_array_foreach(json_object_get(j, "aliases"), i, o) if (json_is_string(o))
        strbuf_addf(&aliases, "%s%s", aliases.len > 0 ? " " : "", json_string_value(o));
    r.aliases = aliases.buf;
    r.severity = osv_severity(j, &r.cvss);
    json_array_foreach(json_object_get(j, "affected"), i, o) add_affected(b, o, &r, t);
    return 0;
}

int vuln_feed_parse(struct vuln_builder *b, const char *text, size_t len, const char *name,
                    struct feed_tally *t, struct error *err)
{
    _cleanup_json_ json_t *j = NULL;
    int r = json_parse(text, len, name, &j, err);
    json_t *one;
    size_t i;
    if (r < 0)
        return r;
    t->files++;
    if (json_is_array(j)) { /* OSV's all.json */
        json_array_foreach(j, i, one) if ((r = parse_osv(b, one, name, t, err)) < 0) return r;
        return 0;
    }
    if (!json_is_object(j) || json_object_size(j) == 0)
        return error_set(err, -EINVAL,
                         "%s: is no feed that is known: OSV, Debian's tracker or Alpine's secdb, as JSON",
                         name);
    if (json_is_array(json_object_get(j, "packages")))
        return parse_alpine(b, j, name, t, err);
    if (json_is_string(json_object_get(j, "id")))
        return parse_osv(b, j, name, t, err);
    return parse_debian(b, j, name, t, err);
}

struct feed_walk {
    struct vuln_builder *b;
    struct feed_tally *t;
    struct error *err;
    const char *path;
    unsigned depth;
};

static int read_one(int dirfd, const char *name, unsigned char type, void *arg)
{
    struct feed_walk *w = arg;
    _cleanup_free_ char *path = xasprintf("%s/%s", w->path, name);
    size_t n = strlen(name);
    if (type == DT_DIR) {
        struct feed_walk down = { w->b, w->t, w->err, path, w->depth + 1 };
        return w->depth >= DEPTH_MAX ? 0 : dir_each(dirfd, name, read_one, &down, w->err);
    }
    if (type != DT_REG || n < 5 || !str_eq(name + n - 5, ".json"))
        return 0;
    _cleanup_free_ char *text = NULL;
    size_t len;
    int r = file_read(dirfd, name, FEED_MAX, &text, &len, w->err);
    return r < 0 ? r : vuln_feed_parse(w->b, text, len, path, w->t, w->err);
}

int vuln_feed_read(struct vuln_builder *b, const char *path, struct feed_tally *t, struct error *err)
{
    _cleanup_close_ int dir = file_open(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, 0, NULL);
    if (dir >= 0) {
        struct feed_walk w = { b, t, err, path, 0 };
        return dir_each(dir, ".", read_one, &w, err);
    }
    _cleanup_free_ char *text = NULL;
    size_t len;
    int r = file_read(AT_FDCWD, path, FEED_MAX, &text, &len, err);
    return r < 0 ? r : vuln_feed_parse(b, text, len, path, t, err);
}
