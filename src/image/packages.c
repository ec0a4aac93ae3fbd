// SPDX-License-Identifier: Apache-2.0
/*
 * How: both databases are stanzas of "Field: value" lines with an empty line between; a line that begins with a blank goes on with the one
 * before and is nothing that is wanted here.
 *
 * Threat: the databases are files of the image: they are opened below its root, links in it lead nowhere else, and only a plain file of
 * a bounded size is read. What is in them is compared and printed, never obeyed.
 */
#include "image/packages.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "sys/file.h"
#include "sys/root.h"

#define DATABASE_MAX (64 * 1024 * 1024)
#define FIELD_MAX 256

static const struct {
    const char *package, *version, *architecture, *status;
} fields[] = {
    [PACKAGES_DPKG] = { "Package: ", "Version: ", "Architecture: ", "Status: " },
    [PACKAGES_APK] = { "P:", "V:", NULL, NULL },
};

struct stanza {
    char package[FIELD_MAX], version[FIELD_MAX], architecture[FIELD_MAX];
    bool removed;
};

static void take(char *to, const char *line, size_t len, const char *key)
{
    size_t skip = key != NULL ? strlen(key) : 0;
    if (key == NULL || len <= skip || len - skip >= FIELD_MAX || memcmp(line, key, skip) != 0)
        return;
    memcpy(to, line + skip, len - skip);
    to[len - skip] = '\0';
}

static bool ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);
    return n >= m && str_eq(text + n - m, end);
}

static void add(const struct stanza *s, struct arena *a, struct packages *v)
{
    if (s->package[0] == '\0' || s->version[0] == '\0' || s->removed)
        return;
    if (v->n == v->cap) {
        size_t cap = v->cap == 0 ? 128 : 2 * v->cap;
        v->v = arena_grow(a, v->v, v->n, cap, sizeof(*v->v));
        v->cap = cap;
    }
    bool arch = s->architecture[0] != '\0';
    v->v[v->n++] = (struct package){
        .name = arena_printf(a, "%s%s%s", s->package, arch ? ":" : "", s->architecture),
        .version = arena_strdup(a, s->version),
    };
}

void packages_parse(const char *text, enum package_kind kind, struct arena *a, struct packages *v)
{
    struct stanza s = { 0 };
    for (const char *line = text; *line != '\0';) {
        size_t len = strcspn(line, "\n");
        char status[FIELD_MAX] = "";
        if (len == 0) {
            add(&s, a, v);
            s = (struct stanza){ 0 };
        }
        take(s.package, line, len, fields[kind].package);
        take(s.version, line, len, fields[kind].version);
        take(s.architecture, line, len, fields[kind].architecture);
        take(status, line, len, fields[kind].status);
        /* "deinstall ok config-files" is no package any more. */
        s.removed = s.removed || (status[0] != '\0' && !ends_with(status, " installed"));
        line += len + (line[len] == '\n');
    }
    add(&s, a, v);
}

static int read_database(int rootfd, const char *path, enum package_kind kind, struct arena *a,
                         struct packages *v, struct error *err)
{
    struct stat st;
    _cleanup_free_ char *text = NULL;
    size_t len;
    _cleanup_close_ int fd = root_open(rootfd, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, NULL);
    if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
        return 0;
    int r = file_read_fd(fd, path, DATABASE_MAX, &text, &len, err);
    if (r == 0)
        packages_parse(text, kind, a, v);
    return r;
}

struct status_d {
    int rootfd;
    struct arena *a;
    struct packages *v;
    struct error *err;
};

static int read_status_file(int dirfd _unused_, const char *name, unsigned char type _unused_, void *arg)
{
    struct status_d *d = arg;
    char path[320];
    if (ends_with(name, ".md5sums") || str_format(path, sizeof(path), "var/lib/dpkg/status.d/%s", name) < 0)
        return 0;
    return read_database(d->rootfd, path, PACKAGES_DPKG, d->a, d->v, d->err);
}

static int by_name(const void *a, const void *b)
{
    const struct package *x = a, *y = b;
    int order = strcmp(x->name, y->name);
    return order != 0 ? order : strcmp(x->version, y->version);
}

int packages_read(int rootfd, struct arena *a, struct package **ret, size_t *ret_n, struct error *err)
{
    struct packages v = { 0 };
    struct status_d d = { rootfd, a, &v, err };
    int r = read_database(rootfd, "var/lib/dpkg/status", PACKAGES_DPKG, a, &v, err);
    if (r == 0)
        r = read_database(rootfd, "lib/apk/db/installed", PACKAGES_APK, a, &v, err);
    if (r == 0 && v.n == 0)
        r = read_database(rootfd, "usr/lib/apk/db/installed", PACKAGES_APK, a, &v, err);
    _cleanup_close_ int dir = root_open(rootfd, "var/lib/dpkg/status.d", O_RDONLY | O_DIRECTORY, NULL);
    if (r == 0 && dir >= 0)
        r = dir_each(dir, ".", read_status_file, &d, err);
    if (r < 0)
        return r;
    if (v.n > 1)
        qsort(v.v, v.n, sizeof(*v.v), by_name);
    size_t kept = 0;
    for (size_t i = 0; i < v.n; i++) {
        if (kept == 0 || !str_eq(v.v[kept - 1].name, v.v[i].name))
            v.v[kept++] = v.v[i];
    }
    *ret = v.v;
    *ret_n = kept;
    return 0;
}
