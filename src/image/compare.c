// SPDX-License-Identifier: Apache-2.0
/*
 * How: both trees are walked together, directory by directory, the names sorted, so memory is that of the largest directory and two
 * descriptors a level. Hard links are compared as what they are, a relation between names: each file with several names gives a
 * pair of inode numbers, and the pairs must be one to one.
 *
 * Threat: a tree that somebody else changes meanwhile, or that has a FIFO where a file was: everything is opened by descriptor,
 * never through a link, and nothing but a regular file is opened at all.
 */
#include "image/compare.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "base/strbuf.h"
#include "sys/file.h"

#define CHUNK (128 * 1024)
#define XATTRS_MAX (64 * 1024)

struct names {
    char **v;
    size_t n, cap;
};

struct pair {
    ino_t is, should;
};

struct walk {
    enum tree_kind kind;
    int (*differs)(void *arg, const struct tree_difference *d);
    void *arg;
    struct strbuf path;
    struct pair *pairs;
    size_t n_pairs, cap_pairs;
    char *buffers; /* two chunks */
};

static int tell(const struct walk *w, const char *what)
{
    const struct tree_difference d = { w->path.len > 0 ? w->path.buf : ".", what };
    return w->differs(w->arg, &d);
}

static int failed(const struct walk *w, struct error *err)
{
    return error_errno(err, -errno, "cannot read %s", w->path.len > 0 ? w->path.buf : ".");
}

/* --- names of a directory --- */

static int add_name(int dirfd _unused_, const char *name, unsigned char type _unused_, void *arg)
{
    struct names *l = arg;
    if (l->n == l->cap) {
        l->cap = l->cap == 0 ? 64 : 2 * l->cap;
        l->v = xreallocarray(l->v, l->cap, sizeof(*l->v));
    }
    l->v[l->n++] = xstrdup(name);
    return 0;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *) a, *(char *const *) b);
}

static int names_read(int dirfd, struct names *ret, struct error *err)
{
    int r = dir_each(dirfd, ".", add_name, ret, err);
    if (ret->n > 1)
        qsort(ret->v, ret->n, sizeof(*ret->v), by_text);
    return r;
}

static void names_free(struct names *l)
{
    for (size_t i = 0; i < l->n; i++)
        free(l->v[i]);
    free(l->v);
}

/* --- contents --- */

static ssize_t fill(int fd, char *buf)
{
    size_t have = 0;
    while (have < CHUNK) {
        ssize_t n = read(fd, buf + have, CHUNK - have);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        if (n == 0)
            break;
        have += (size_t) n;
    }
    return (ssize_t) have;
}

static int compare_contents(struct walk *w, int is, int should, struct error *err)
{
    for (;;) {
        ssize_t a = fill(is, w->buffers), b = fill(should, w->buffers + CHUNK);
        if (a == -1 && errno == EIO)
            return tell(w, "contents"); /* the disk says so itself */
        if (a < 0 || b < 0)
            return failed(w, err);
        if (a != b || memcmp(w->buffers, w->buffers + CHUNK, (size_t) a) != 0)
            return tell(w, "contents");
        if (a < CHUNK)
            return 0;
    }
}

static int compare_targets(struct walk *w, const int dirs[2], const char *name, struct error *err)
{
    char a[4096], b[4096];
    ssize_t x = readlinkat(dirs[0], name, a, sizeof(a)), y = readlinkat(dirs[1], name, b, sizeof(b));
    if (x < 0 || y < 0)
        return failed(w, err);
    return x == y && memcmp(a, b, (size_t) x) == 0 ? 0 : tell(w, "target of the link");
}

/* --- extended attributes --- */

/* "NAME=VALUE" each, sorted; what is not of the image left out. By path of the descriptor, which works for links and FIFOs too. */
static int xattrs_read(const char *path, enum tree_kind kind, struct names *ret)
{
    _cleanup_free_ char *list = xmalloc(XATTRS_MAX), *value = xmalloc(XATTRS_MAX);
    ssize_t n = llistxattr(path, list, XATTRS_MAX);
    if (n < 0)
        return errno == ENOTSUP ? 0 : -errno;
    for (const char *p = list; p < list + n; p += strlen(p) + 1) {
        if (str_after(p, "security.") != NULL && !str_eq(p, "security.capability"))
            continue;
        if (kind == TREE_MERGED &&
            (str_after(p, "user.overlay.") != NULL || str_after(p, "trusted.overlay.") != NULL))
            continue;
        ssize_t len = lgetxattr(path, p, value, XATTRS_MAX);
        if (len < 0)
            return -errno;
        _cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
        strbuf_addf(&text, "%s=", p);
        for (ssize_t i = 0; i < len; i++)
            strbuf_addf(&text, "%02x", (unsigned char) value[i]);
        add_name(-1, text.buf, 0, ret);
    }
    if (ret->n > 1)
        qsort(ret->v, ret->n, sizeof(*ret->v), by_text);
    return 0;
}

static int compare_xattrs(struct walk *w, const int dirs[2], const char *name, struct error *err)
{
    struct names lists[2] = { 0 };
    int r = 0;
    for (int i = 0; i < 2 && r == 0; i++) {
        char path[300];
        r = str_format(path, sizeof(path), "/proc/self/fd/%d/%s", dirs[i], name);
        if (r >= 0)
            r = xattrs_read(path, w->kind, &lists[i]);
    }
    bool same = lists[0].n == lists[1].n;
    for (size_t i = 0; same && i < lists[0].n; i++)
        same = str_eq(lists[0].v[i], lists[1].v[i]);
    names_free(&lists[0]);
    names_free(&lists[1]);
    if (r < 0)
        return error_errno(err, r, "cannot read the extended attributes of %s", w->path.buf);
    return same ? 0 : tell(w, "extended attributes");
}

/* --- one name --- */

static int compare_attributes(struct walk *w, const struct stat *a, const struct stat *b)
{
    const struct {
        bool same;
        const char *what;
    } table[] = {
        { (a->st_mode & 07777) == (b->st_mode & 07777), "mode" },
        { a->st_uid == b->st_uid && a->st_gid == b->st_gid, "owner" },
        { a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec,
          "modification time" },
        { !S_ISREG(a->st_mode) || a->st_size == b->st_size, "size" },
        { !(S_ISCHR(a->st_mode) || S_ISBLK(a->st_mode)) || a->st_rdev == b->st_rdev, "device number" },
        /* More are names in other layers (image/dedup.c). */
        { S_ISDIR(a->st_mode) ||
              (S_ISREG(a->st_mode) ? a->st_nlink >= b->st_nlink : a->st_nlink == b->st_nlink),
          "number of links" },
    };
    int r = 0;
    for (size_t i = 0; i < ARRAY_LEN(table) && r == 0; i++)
        r = table[i].same ? 0 : tell(w, table[i].what);
    return r;
}

static void remember_links(struct walk *w, const struct stat *a, const struct stat *b)
{
    if (S_ISDIR(a->st_mode) || (a->st_nlink == 1 && b->st_nlink == 1))
        return;
    if (w->n_pairs == w->cap_pairs) {
        w->cap_pairs = w->cap_pairs == 0 ? 256 : 2 * w->cap_pairs;
        w->pairs = xreallocarray(w->pairs, w->cap_pairs, sizeof(*w->pairs));
    }
    w->pairs[w->n_pairs++] = (struct pair){ a->st_ino, b->st_ino };
}

static int compare_dirs(struct walk *w, int is, int should, struct error *err);

static int compare_inside(struct walk *w, const int dirs[2], const char *name, const struct stat *a,
                          const struct stat *b, struct error *err)
{
    bool dir = S_ISDIR(a->st_mode);
    if (S_ISLNK(a->st_mode))
        return compare_targets(w, dirs, name, err);
    if (!dir && !(S_ISREG(a->st_mode) && a->st_size == b->st_size))
        return 0;
    int flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | (dir ? O_DIRECTORY : 0);
    _cleanup_close_ int x = openat(dirs[0], name, flags), y = openat(dirs[1], name, flags);
    if (x < 0 || y < 0)
        return failed(w, err);
    return dir ? compare_dirs(w, x, y, err) : compare_contents(w, x, y, err);
}

/* There in both. */
static int compare_name(struct walk *w, const int dirs[2], const char *name, struct error *err)
{
    struct stat a, b;
    if (fstatat(dirs[0], name, &a, AT_SYMLINK_NOFOLLOW) < 0 ||
        fstatat(dirs[1], name, &b, AT_SYMLINK_NOFOLLOW) < 0)
        return failed(w, err);
    if ((a.st_mode & S_IFMT) != (b.st_mode & S_IFMT))
        return tell(w, "type");
    remember_links(w, &a, &b);
    int r = compare_attributes(w, &a, &b);
    if (r == 0)
        r = compare_xattrs(w, dirs, name, err);
    return r != 0 ? r : compare_inside(w, dirs, name, &a, &b, err);
}

static int compare_lists(struct walk *w, const int dirs[2], const struct names l[2], struct error *err)
{
    size_t i = 0, k = 0, before = w->path.len;
    int r = 0;
    while (r == 0 && (i < l[0].n || k < l[1].n)) {
        int order = i == l[0].n ? 1 : k == l[1].n ? -1 : strcmp(l[0].v[i], l[1].v[k]);
        const char *name = order <= 0 ? l[0].v[i] : l[1].v[k];
        strbuf_addf(&w->path, "%s%s", before > 0 ? "/" : "", name);
        r = order < 0   ? tell(w, "should not be there")
            : order > 0 ? tell(w, "is missing")
                        : compare_name(w, dirs, name, err);
        w->path.len = before;
        w->path.buf[before] = '\0';
        i += order <= 0;
        k += order >= 0;
    }
    return r;
}

static int compare_dirs(struct walk *w, int is, int should, struct error *err)
{
    const int dirs[2] = { is, should };
    struct names l[2] = { 0 };
    int r = names_read(is, &l[0], err);
    if (r == 0)
        r = names_read(should, &l[1], err);
    if (r == 0)
        r = compare_lists(w, dirs, l, err);
    names_free(&l[0]);
    names_free(&l[1]);
    return r;
}

/* --- hard links --- */

static int by_is(const void *a, const void *b)
{
    const struct pair *x = a, *y = b;
    return x->is != y->is ? (x->is < y->is ? -1 : 1) : x->should < y->should ? -1 : x->should > y->should;
}

static int by_should(const void *a, const void *b)
{
    const struct pair *x = a, *y = b;
    return x->should != y->should ? (x->should < y->should ? -1 : 1) : x->is < y->is ? -1 : x->is > y->is;
}

static int compare_links(struct walk *w)
{
    bool same = true;
    if (w->n_pairs < 2)
        return 0;
    qsort(w->pairs, w->n_pairs, sizeof(*w->pairs), by_is);
    for (size_t i = 1; i < w->n_pairs; i++)
        same &= w->pairs[i].is != w->pairs[i - 1].is || w->pairs[i].should == w->pairs[i - 1].should;
    qsort(w->pairs, w->n_pairs, sizeof(*w->pairs), by_should);
    for (size_t i = 1; i < w->n_pairs; i++)
        same &= w->pairs[i].should != w->pairs[i - 1].should || w->pairs[i].is == w->pairs[i - 1].is;
    return same ? 0 : tell(w, "names that should be one file");
}

int tree_compare(int is, int should, enum tree_kind kind,
                 int (*differs)(void *arg, const struct tree_difference *d), void *arg, struct error *err)
{
    struct walk w = { .kind = kind, .differs = differs, .arg = arg, .path = STRBUF_INIT };
    const int dirs[2] = { is, should };
    struct stat a, b;
    w.buffers = xmalloc((size_t) 2 * CHUNK);
    int r = fstat(is, &a) < 0 || fstat(should, &b) < 0 ? failed(&w, err) : compare_attributes(&w, &a, &b);
    if (r == 0)
        r = compare_xattrs(&w, dirs, ".", err);
    if (r == 0)
        r = compare_dirs(&w, is, should, err);
    if (r == 0)
        r = compare_links(&w);
    free(w.buffers);
    free(w.pairs);
    strbuf_free(&w.path);
    return r < 0 ? r : 0;
}
