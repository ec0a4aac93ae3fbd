// SPDX-License-Identifier: Apache-2.0
/*
 * How it works: everything below one directory descriptor, so that tests give another one. Names of directories come from the
 * document, where a check has refused slashes and newlines (oci/spec_check.c), or are container ids.
 *
 * Threats: a limit that somebody believes in and that is not there: schemata that an existing class does not have are an error, and
 * so is a host without resctrl. A class taken from under others: only what was made for this container is removed, and a named
 * class only while nobody is in it (the kernel would move them to the root's class without a word).
 */
#include "confine/resctrl.h"

#include <errno.h>
#include <limits.h>
#include <linux/magic.h>
#include <strings.h>
#include <sys/statfs.h>

#include "sys/file.h"

#define RESCTRL_PATH "/sys/fs/resctrl"
#define VALUE_MAX 65536

int resctrl_open(struct error *err)
{
    struct statfs fs;
    _cleanup_close_ int fd = openat(AT_FDCWD, RESCTRL_PATH, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return error_set(err, -ENODEV,
                         "linux.intelRdt: this kernel or processor has no resctrl (no " RESCTRL_PATH ")");
    if (fstatfs(fd, &fs) < 0 || fs.f_type != RDTGROUP_SUPER_MAGIC)
        return error_set(err, -ENODEV,
                         "linux.intelRdt: resctrl is not mounted (mount -t resctrl resctrl " RESCTRL_PATH
                         ")");
    return TAKE_FD(fd);
}

/* "CLOS/name", or "name" in the root's class. */
static int path_in(char *buf, const struct resctrl_group *g, const char *name, struct error *err)
{
    int r = str_format(buf, PATH_MAX, "%s%s%s", g->clos, g->clos[0] && name[0] ? "/" : "", name);
    return r < 0 ? error_set(err, r, "linux.intelRdt: the group's path is too long") : 0;
}

/* ---- comparing ---- */

/* "L3", and the rest behind the colon; len 0: an empty line. */
struct line {
    const char *name, *values;
    size_t name_len, values_len;
};

/* Takes the next line of *text that is not blank. */
static bool next_line(const char **text, struct line *ret)
{
    for (const char *p = *text; *p != '\0';) {
        size_t len = strcspn(p, "\n"), skip = strspn(p, " \t");
        const char *end = p + len;
        *text = *end ? end + 1 : end;
        p += skip;
        if (p < end) {
            size_t n = 0;
            while (p + n < end && p[n] != ':')
                n++;
            *ret = (struct line){
                .name = p, .name_len = n, .values = p + n, .values_len = (size_t) (end - p) - n
            };
            if (ret->values_len > 0) {
                ret->values++;
                ret->values_len--;
            }
            return true;
        }
        p = *text;
    }
    return false;
}

/* Value of domain id in "0=7f0;1=1f", as text without the zeros and blanks in front; len 0: not there. */
static size_t domain_value(const struct line *l, const char *id, size_t id_len, const char **ret)
{
    for (const char *p = l->values, *end = p + l->values_len; p < end;) {
        const char *stop = memchr(p, ';', (size_t) (end - p)), *eq;
        stop = stop ? stop : end;
        while (p < stop && *p == ' ')
            p++;
        eq = memchr(p, '=', (size_t) (stop - p));
        if (eq && (size_t) (eq - p) == id_len && memcmp(p, id, id_len) == 0) {
            const char *v = eq + 1, *last = stop;
            while (last > v && last[-1] == ' ')
                last--;
            while (v < last && (*v == ' ' || (*v == '0' && v + 1 < last)))
                v++;
            *ret = v;
            return (size_t) (last - v);
        }
        p = stop + 1;
    }
    return 0;
}

static bool same_value(const struct line *a, const struct line *b, const char *id, size_t id_len)
{
    const char *x, *y;
    size_t n = domain_value(a, id, id_len, &x), m = domain_value(b, id, id_len, &y);
    return n > 0 && n == m && strncasecmp(x, y, n) == 0;
}

static bool line_matches(const struct line *want, const struct line *have)
{
    for (const char *p = want->values, *end = p + want->values_len; p < end;) {
        const char *stop = memchr(p, ';', (size_t) (end - p)), *eq;
        stop = stop ? stop : end;
        while (p < stop && *p == ' ')
            p++;
        eq = memchr(p, '=', (size_t) (stop - p));
        if (p < stop && (!eq || !same_value(want, have, p, (size_t) (eq - p))))
            return false;
        p = stop + 1;
    }
    return true;
}

bool resctrl_schema_matches(const char *schema, const char *file)
{
    struct line want, have;
    while (next_line(&schema, &want)) {
        const char *rest = file;
        bool found = false;
        while (!found && next_line(&rest, &have))
            found = have.name_len == want.name_len && memcmp(have.name, want.name, want.name_len) == 0;
        if (!found || !line_matches(&want, &have))
            return false;
    }
    return true;
}

/* ---- what to write ---- */

typedef int (*line_fn)(void *arg, const char *text, struct error *err);

/* The lines of a schema; those of memory bandwidth only where skip_mb is not set (memBwSchema takes their place). */
static int each_line(const char *schema, bool skip_mb, line_fn fn, void *arg, struct error *err)
{
    struct line l;
    int r = 0;
    while (r == 0 && schema && next_line(&schema, &l)) {
        if (skip_mb && l.name_len == 2 && memcmp(l.name, "MB", 2) == 0)
            continue;
        _cleanup_free_ char *text = xasprintf("%.*s:%.*s\n", (int) l.name_len, l.name, (int) l.values_len,
                                              l.values);
        r = fn(arg, text, err);
    }
    return r;
}

/* In the order that the specification asks for: l3CacheSchema, memBwSchema, schemata. */
static int each_schema(const struct oci_intel_rdt *rdt, bool with_schemata, line_fn fn, void *arg,
                       struct error *err)
{
    int r = each_line(rdt->l3_cache_schema, rdt->mem_bw_schema != NULL, fn, arg, err);
    if (r == 0)
        r = each_line(rdt->mem_bw_schema, false, fn, arg, err);
    for (size_t i = 0; r == 0 && with_schemata && i < rdt->schemata.n; i++)
        r = each_line(rdt->schemata.v[i], false, fn, arg, err);
    return r;
}

static bool has_schema(const struct oci_intel_rdt *rdt)
{
    return !str_empty(rdt->l3_cache_schema) || !str_empty(rdt->mem_bw_schema) || rdt->schemata.n > 0;
}

static int compare_line(void *arg, const char *text, struct error *err)
{
    return resctrl_schema_matches(text, arg)
               ? 0
               : error_set(err, -EINVAL,
                           "linux.intelRdt.closID: the class exists with other values than \"%.*s\"",
                           (int) strcspn(text, "\n"), text);
}

struct target {
    int rootfd;
    const char *path;
};

static int write_line(void *arg, const char *text, struct error *err)
{
    const struct target *t = arg;
    _cleanup_free_ char *status = NULL;
    int r = file_write_value(t->rootfd, t->path, text, NULL);
    if (r == 0)
        return 0;
    if (file_read(t->rootfd, "info/last_cmd_status", VALUE_MAX, &status, NULL, NULL) < 0 ||
        str_eq(status, "ok\n"))
        return error_errno(err, r, "linux.intelRdt: cannot write \"%.*s\" to %s", (int) strcspn(text, "\n"),
                           text, t->path);
    status[strcspn(status, "\n")] = '\0';
    return error_set(err, r, "linux.intelRdt: the kernel does not take \"%.*s\" in %s: %s",
                     (int) strcspn(text, "\n"), text, t->path, status);
}

/* ---- plan ---- */

static int check_counter(int rootfd, const char *field, const char *counter, struct error *err)
{
    _cleanup_free_ char *text = NULL;
    if (file_read(rootfd, "info/L3_MON/mon_features", VALUE_MAX, &text, NULL, NULL) == 0) {
        size_t n = strlen(counter);
        for (const char *p = text; *p; p += strcspn(p, "\n"), p += *p == '\n')
            if (!counter[0] || (strncmp(p, counter, n) == 0 && (p[n] == '\n' || p[n] == '\0')))
                return 0;
    }
    return error_set(err, -EOPNOTSUPP, "linux.intelRdt.%s: this processor has no such counter", field);
}

static int check_counters(int rootfd, const struct oci_intel_rdt *rdt, struct error *err)
{
    const struct {
        const struct opt_bool *asked;
        const char *field, *counter;
    } rows[] = {
        { &rdt->enable_cmt, "enableCMT", "llc_occupancy" },
        { &rdt->enable_mbm, "enableMBM", "mbm_total_bytes" },
        { &rdt->enable_monitoring, "enableMonitoring", "" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        int r = rows[i].asked->set && rows[i].asked->v
                    ? check_counter(rootfd, rows[i].field, rows[i].counter, err)
                    : 0;
        if (r < 0)
            return r;
    }
    return 0;
}

/* A class that is there: 1 when somebody is in it. */
static int in_use(int rootfd, const struct resctrl_group *g, struct error *err)
{
    char path[PATH_MAX];
    _cleanup_free_ char *text = NULL;
    int r = path_in(path, g, "tasks", err);
    if (r == 0)
        r = file_read(rootfd, path, 64u << 20, &text, NULL, err);
    return r < 0 ? error_context(err, r, "linux.intelRdt") : !str_empty(text);
}

static int check_existing(int rootfd, const struct oci_intel_rdt *rdt, const struct resctrl_group *g,
                          struct error *err)
{
    char path[PATH_MAX];
    _cleanup_free_ char *text = NULL;
    if (str_empty(rdt->l3_cache_schema) && str_empty(rdt->mem_bw_schema))
        return 0;
    int r = path_in(path, g, "schemata", err);
    if (r == 0)
        r = file_read(rootfd, path, VALUE_MAX, &text, NULL, err);
    return r < 0 ? error_context(err, r, "linux.intelRdt") : each_schema(rdt, false, compare_line, text, err);
}

int resctrl_plan(int rootfd, const struct oci_intel_rdt *rdt, const char *id, struct resctrl_group *ret,
                 struct error *err)
{
    static const char *const taken[] = { "info", "mon_data", "mon_groups" };
    struct resctrl_group g = { .clos = rdt->clos_id ? rdt->clos_id : id,
                               .id = id,
                               .own_name = !rdt->clos_id,
                               .own_mon = rdt->enable_monitoring.set && rdt->enable_monitoring.v };
    int r = check_counters(rootfd, rdt, err);
    if (r < 0)
        return r;
    if (str_eq(g.clos, "/"))
        g.clos = "";
    for (size_t i = 0; i < ARRAY_LEN(taken); i++)
        if (str_eq(g.clos, taken[i]))
            return error_set(err, -EINVAL, "linux.intelRdt.closID: \"%s\" is a name of resctrl's own",
                             g.clos);
    bool there = g.clos[0] == '\0' || faccessat(rootfd, g.clos, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
    if (!there && !g.own_name && !has_schema(rdt))
        return error_set(
            err, -ENOENT,
            "linux.intelRdt.closID: there is no class of service \"%s\", and no schema to make it with",
            g.clos);
    if (there && g.own_name) {
        r = in_use(rootfd, &g, err);
        if (r > 0)
            r = error_set(err, -EEXIST, "linux.intelRdt: the class of service \"%s\" is in use", g.clos);
    } else if (there)
        r = check_existing(rootfd, rdt, &g, err);
    g.made_clos = !there || g.own_name;
    if (r >= 0)
        *ret = g;
    return r < 0 ? r : 0;
}

/* ---- make, join, remove ---- */

static int make_dir(int rootfd, const char *path, bool anew, struct error *err)
{
    if (anew)
        unlinkat(rootfd, path, AT_REMOVEDIR);
    if (mkdirat(rootfd, path, 0755) == 0)
        return 0;
    int r = -errno;
    if (r == -ENOSPC)
        return error_set(err, r, "linux.intelRdt: cannot make %s: the processor has no class or counter left",
                         path);
    return error_errno(err, r, "linux.intelRdt: cannot make %s", path);
}

int resctrl_make(int rootfd, const struct resctrl_group *g, struct error *err)
{
    return g->made_clos ? make_dir(rootfd, g->clos, g->own_name, err) : 0;
}

int resctrl_fill(int rootfd, const struct oci_intel_rdt *rdt, const struct resctrl_group *g,
                 struct error *err)
{
    /* An existing class was compared with the other two. */
    const struct oci_intel_rdt rest = { .schemata = rdt->schemata };
    char path[PATH_MAX], name[NAME_MAX + 16];
    struct target t = { .rootfd = rootfd, .path = path };
    int r = path_in(path, g, "schemata", err);
    if (r == 0)
        r = each_schema(g->made_clos ? rdt : &rest, true, write_line, &t, err);
    if (r < 0 || !g->own_mon)
        return r;
    r = str_format(name, sizeof(name), "mon_groups/%s", g->id);
    r = r < 0 ? error_set(err, r, "linux.intelRdt: the id is too long") : path_in(path, g, name, err);
    return r < 0 ? r : make_dir(rootfd, path, true, err);
}

int resctrl_change(int rootfd, const struct oci_intel_rdt *change, const struct resctrl_group *g,
                   struct error *err)
{
    char path[PATH_MAX];
    struct target t = { .rootfd = rootfd, .path = path };
    if (!g->made_clos)
        return error_set(err, -EPERM, "the class of service \"%s\" was not made for container %s alone",
                         g->clos[0] ? g->clos : "/", g->id);
    int r = path_in(path, g, "schemata", err);
    return r < 0 ? r : each_schema(change, false, write_line, &t, err);
}

static int add_task(int rootfd, const struct resctrl_group *g, const char *file, pid_t pid, struct error *err)
{
    char path[PATH_MAX], text[24];
    struct target t = { .rootfd = rootfd, .path = path };
    int r = path_in(path, g, file, err);
    if (r == 0 && str_format(text, sizeof(text), "%d\n", (int) pid) < 0)
        r = -ENAMETOOLONG;
    return r < 0 ? r : write_line(&t, text, err);
}

int resctrl_join(int rootfd, const struct resctrl_group *g, pid_t pid, struct error *err)
{
    char name[NAME_MAX + 32];
    int r = add_task(rootfd, g, "tasks", pid, err);
    if (r < 0 || !g->own_mon)
        return r;
    r = str_format(name, sizeof(name), "mon_groups/%s/tasks", g->id);
    return r < 0 ? error_set(err, r, "linux.intelRdt: the id is too long")
                 : add_task(rootfd, g, name, pid, err);
}

static int remove_dir(int rootfd, const char *path, struct error *err)
{
    if (unlinkat(rootfd, path, AT_REMOVEDIR) == 0 || errno == ENOENT)
        return 0;
    return error_errno(err, -errno, "cannot remove the resctrl group %s", path);
}

int resctrl_remove(int rootfd, const struct resctrl_group *g, struct error *err)
{
    char path[PATH_MAX], name[NAME_MAX + 16];
    int r = 0;
    if (g->own_mon) {
        r = str_format(name, sizeof(name), "mon_groups/%s", g->id);
        r = r < 0 ? error_set(err, r, "the id is too long") : path_in(path, g, name, err);
        if (r == 0)
            r = remove_dir(rootfd, path, err);
    }
    if (r < 0 || !g->made_clos)
        return r;
    /* A class by name may have got other users meanwhile. */
    if (!g->own_name && in_use(rootfd, g, NULL) > 0)
        return 0;
    return remove_dir(rootfd, g->clos, err);
}
