// SPDX-License-Identifier: Apache-2.0
/*
 * One pass: os-release and the package databases first, from their fixed places, because they say which files are whose; then each file
 * of the merged tree once. A file that belongs to a package is that package's; of the others the catalogers take what they know,
 * and what is an executable, a library or an archive and was taken by none is unknown.
 *
 * Memory: the names of the directories on the way down, eight bytes for each file of a package, the components.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/vfs.h>

#include "scan/catalog_internal.h"
#include "sys/file.h"

#define DEPTH_MAX 200

/* --- owned files --- */

static const char *canonical(const char *path, bool *usr)
{
    static const char *const merged[] = { "bin/", "sbin/", "lib/", "lib32/", "lib64/", "libx32/" };
    path += strspn(path, "./");
    *usr = false;
    for (size_t i = 0; i < ARRAY_LEN(merged); i++)
        *usr = *usr || str_after(path, merged[i]) != NULL;
    return path;
}

/* FNV-1a: who could make two paths collide could as well name a file in the database. */
static uint64_t hash(const char *path)
{
    bool usr;
    uint64_t h = 14695981039346656037ULL;
    path = canonical(path, &usr);
    for (const char *p = usr ? "usr/" : ""; *p != '\0'; p++)
        h = (h ^ (unsigned char) *p) * 1099511628211ULL;
    for (; *path != '\0'; path++)
        h = (h ^ (unsigned char) *path) * 1099511628211ULL;
    return h;
}

void owned_add(struct owned *o, const char *path)
{
    if (o->n == o->cap) {
        o->cap = o->cap * 2 + 1024;
        o->v = xreallocarray(o->v, o->cap, sizeof(*o->v));
    }
    o->v[o->n++] = hash(path);
}

static int compare_hashes(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *) a, y = *(const uint64_t *) b;
    return (x > y) - (x < y);
}

void owned_sort(struct owned *o)
{
    if (o->n > 1)
        qsort(o->v, o->n, sizeof(*o->v), compare_hashes);
    o->sorted = true;
}

bool owned_has(const struct owned *o, const char *path)
{
    uint64_t key = hash(path);
    return o->n > 0 && bsearch(&key, o->v, o->n, sizeof(*o->v), compare_hashes) != NULL;
}

/* --- reading --- */

int read_at(int fd, uint64_t offset, void *buf, size_t size)
{
    if (offset > INT64_MAX)
        return -EINVAL;
    for (size_t at = 0; at < size;) {
        ssize_t n = pread(fd, (char *) buf + at, size - at, (off_t) (offset + at));
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? -errno : -EINVAL;
        at += (size_t) n;
    }
    return 0;
}

int read_member(struct reading *r, const struct merged_dir *dir, const char *dir_path, const char *name,
                size_t max, char **ret, size_t *ret_len, size_t *ret_layer)
{
    struct stat st;
    struct error err = { 0 };
    size_t layer = 0;
    _cleanup_free_ char *path = xasprintf("%s/%s", dir_path, name);
    _cleanup_close_ int fd = merged_open(dir, name, &layer, &st);
    if (fd == -ENOENT)
        return fd;
    int got = fd < 0 ? error_errno(&err, fd, "cannot open it")
                     : file_read_fd(fd, path, max, ret, ret_len, &err);
    if (got < 0)
        catalog_note_add(r->c, &r->c->unreadable, path, layer, err.msg);
    else
        *ret_layer = layer;
    return got;
}

/* --- the walk --- */

static bool ends_in(const char *s, const char *end)
{
    size_t n = strlen(s), m = strlen(end);
    return n >= m && str_eq(s + n - m, end);
}

static const char *archive_kind(const char *name)
{
    static const struct {
        const char *ending, *reason;
    } table[] = {
        { ".whl", "a Python package that is not unpacked" },
        { ".egg", "a Python package that is not unpacked" },
        { ".deb", "a package file that is not installed" },
        { ".rpm", "a package file that is not installed" },
        { ".apk", "a package file that is not installed" },
        { ".zip", "an archive" },
        { ".tar", "an archive" },
        { ".tar.gz", "an archive" },
        { ".tgz", "an archive" },
        { ".tar.xz", "an archive" },
        { ".tar.zst", "an archive" },
        { ".tar.bz2", "an archive" },
        { ".gem", "a Ruby package file" },
        { ".gemspec", "a Ruby package, which this version does not read" },
    };
    for (size_t i = 0; i < ARRAY_LEN(table); i++)
        if (ends_in(name, table[i].ending))
            return table[i].reason;
    return NULL;
}

/* Databases that are known and not read: with one of them in it, an image is not known. */
static const char *foreign_database(const char *path)
{
    static const char *const rpm[] = { "var/lib/rpm/", "usr/lib/sysimage/rpm/", "usr/share/rpm/" };
    static const char *const files[] = { "Packages", "Packages.db", "rpmdb.sqlite" };
    for (size_t i = 0; i < ARRAY_LEN(rpm); i++) {
        const char *name = str_after(path, rpm[i]);
        for (size_t k = 0; name != NULL && k < ARRAY_LEN(files); k++)
            if (str_eq(name, files[k]))
                return "an rpm database, which this version does not read";
    }
    return str_eq(path, "var/lib/pacman/local/ALPM_DB_VERSION")
               ? "a pacman database, which this version does not read"
               : NULL;
}

static bool is_elf(const struct found *f)
{
    unsigned char magic[4];
    return f->size >= 4 && read_at(f->fd, 0, magic, 4) == 0 && memcmp(magic, "\177ELF", 4) == 0;
}

static bool is_kernel_object(const char *name)
{
    return ends_in(name, ".ko") || ends_in(name, ".o") || ends_in(name, ".debug");
}

static void look_at(struct reading *r, const struct merged_dir *dir, const char *path,
                    const struct merged_entry *e)
{
    struct found f = { .path = path, .name = e->name };
    struct stat st;
    r->c->files++;
    const char *reason = foreign_database(path);
    if (reason != NULL) {
        catalog_note_add(r->c, &r->c->unreadable, path, e->layer, reason);
        return;
    }
    /* The package managers' own. */
    if (str_after(path, "lib/apk/db/") != NULL || str_after(path, "usr/lib/apk/db/") != NULL)
        return;
    if (e->size == 0 || owned_has(&r->owned, path))
        return;
    _cleanup_close_ int fd = merged_open(dir, e->name, &f.layer, &st);
    if (fd < 0) {
        if (fd != -ENOENT)
            catalog_note_add(r->c, &r->c->unreadable, path, e->layer, "cannot be opened");
        return;
    }
    f.fd = fd;
    f.size = (uint64_t) st.st_size;
    if (read_python(r, &f) || read_npm(r, &f) || read_jar(r, &f))
        return;
    if ((reason = archive_kind(e->name)) != NULL) {
        catalog_note_add(r->c, &r->c->unknown, path, f.layer, reason);
        return;
    }
    if (!is_elf(&f) || is_kernel_object(e->name) || read_go(r, &f))
        return;
    bool library = strstr(e->name, ".so") != NULL;
    catalog_note_add(r->c, &r->c->unknown, path, f.layer,
                     library ? "a library that belongs to no package"
                             : "a program that belongs to no package");
}

/* Of a directory of a running system: what the kernel makes up is in no image. */
static bool is_made_up(int fd)
{
    static const long kinds[] = { PROC_SUPER_MAGIC, SYSFS_MAGIC,   CGROUP_SUPER_MAGIC, CGROUP2_SUPER_MAGIC,
                                  DEBUGFS_MAGIC,    TRACEFS_MAGIC, SECURITYFS_MAGIC,   DEVPTS_SUPER_MAGIC };
    struct statfs st;
    if (fstatfs(fd, &st) < 0)
        return false;
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        if ((long) st.f_type == kinds[i])
            return true;
    return false;
}

static void walk(struct reading *r, const struct merged_dir *dir, struct strbuf *path, unsigned depth)
{
    struct merged_entry *e = NULL;
    size_t n = 0, base = path->len;
    int listed = depth > DEPTH_MAX ? -ELOOP : merged_list(dir, &e, &n);
    if (listed < 0) {
        catalog_note_add(r->c, &r->c->unreadable, path->buf, dir->layer[0],
                         listed == -ELOOP ? "directories too deep in each other"
                                          : "a directory that cannot be read");
        return;
    }
    for (size_t i = 0; i < n; i++) {
        struct merged_dir child;
        if (base > 0)
            strbuf_addc(path, '/');
        strbuf_adds(path, e[i].name);
        int found = 0;
        if (S_ISREG(e[i].mode)) {
            look_at(r, dir, path->buf, &e[i]);
        } else if (S_ISDIR(e[i].mode) && (found = merged_child(dir, e[i].name, &child)) == 0) {
            if (!is_made_up(child.fd[0]))
                walk(r, &child, path, depth + 1);
            merged_dir_close(&child);
        }
        if (found < 0)
            catalog_note_add(r->c, &r->c->unreadable, path->buf, e[i].layer,
                             "a directory that cannot be opened");
        path->len = base;
        path->buf[base] = '\0';
    }
    merged_entries_free(e, n);
}

int catalog_read(const int *layers, size_t n, struct catalog **ret, struct error *err)
{
    struct reading r = { .c = catalog_new() };
    struct merged_dir root;
    _cleanup_strbuf_ struct strbuf path = STRBUF_INIT;
    int opened = merged_root(layers, n, &root, err);
    if (opened < 0) {
        catalog_free(r.c);
        return opened;
    }
    strbuf_adds(&path, "");
    read_os_release(&r, &root);
    read_dpkg(&r, &root);
    read_apk(&r, &root);
    owned_sort(&r.owned);
    walk(&r, &root, &path, 0);
    merged_dir_close(&root);
    free(r.owned.v);
    catalog_sort(r.c);
    *ret = r.c;
    return 0;
}
