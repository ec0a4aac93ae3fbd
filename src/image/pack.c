// SPDX-License-Identifier: Apache-2.0
/*
 * How: a recursive walk by descriptors, names sorted, each file opened without following and looked at through its
 * descriptor, so that what is described is what is written. With clamp_from the walk is made twice: the first one only
 * looks for the newest time that stays.
 *
 * Threats: a directory that somebody changes while it is read (a name becomes a link: nothing is followed, the open fails),
 * a file that shrinks (the archive would be damaged: an error), names that mean something else once they are in a layer.
 */
#include "image/pack.h"

#include <endian.h>
#include <errno.h>
#include <linux/capability.h>
#include <linux/magic.h>
#include <search.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <sys/xattr.h>

#include "base/strbuf.h"
#include "base/table.h"
#include "sys/file.h"

#define OUT_SIZE (256 * 1024)
#define DEPTH_MAX 512
#define XATTR_LIST_MAX 65536
#define REMOVED_MAX (256u << 20)

struct names {
    char **v;
    size_t n, cap;
};

/* A file with several names, and the one under which it was written. */
struct linked {
    dev_t dev;
    ino_t ino;
    char *name;
};

struct pack {
    struct pack_options o;
    struct pack_stats stats;
    bool looking; /* the first walk of two */
    dev_t dev;
    struct timespec clamp;
    void *links; /* tsearch tree of struct linked */
    struct sha256 hash;
    uint8_t *out;
    size_t out_len;
    struct strbuf path, records;
};

static int fail(struct pack *p, const char *what, struct error *err)
{
    int code = -errno;
    struct strbuf sb = STRBUF_INIT;

    text_neutralise(&sb, p->path.buf);
    int r = error_errno(err, code, "cannot %s \"%.300s\"", what, sb.buf);
    strbuf_free(&sb);
    return r;
}

static int refuse(struct pack *p, int code, const char *why, struct error *err)
{
    struct strbuf sb = STRBUF_INIT;

    text_neutralise(&sb, p->path.buf);
    const char *verb = p->o.copy ? "copy" : p->o.removed >= 0 ? "commit" : "import";
    int r = error_set(err, code, "cannot %s \"%.300s\": %s", verb, sb.buf, why);
    strbuf_free(&sb);
    return r;
}

/* --- output --- */

static int flush(struct pack *p, struct error *err)
{
    int r = write_all(p->o.out, p->out, p->out_len);

    if (r < 0)
        return error_errno(err, r, "cannot write the layer's blob");
    sha256_add(&p->hash, p->out, p->out_len);
    p->stats.tar_bytes += p->out_len;
    p->out_len = 0;
    return 0;
}

static int put(struct pack *p, const void *data, size_t len, struct error *err)
{
    const uint8_t *from = data;

    while (len > 0) {
        size_t n = MIN_OF(len, OUT_SIZE - p->out_len);
        memcpy(p->out + p->out_len, from, n);
        p->out_len += n;
        from += n;
        len -= n;
        int r = p->out_len == OUT_SIZE ? flush(p, err) : 0;
        if (r < 0)
            return r;
    }
    return 0;
}

static int pad(struct pack *p, uint64_t size, struct error *err)
{
    static const uint8_t zero[512];

    return put(p, zero, (512 - size % 512) % 512, err);
}

/* --- one header --- */

static void record(struct pack *p, const char *key, const void *value, size_t len)
{
    size_t body = strlen(key) + len + 3,
           total = body + 1; /* blank, '=', newline; and the length's own digits */
    char digits[24];

    while (body + (size_t) snprintf(digits, sizeof(digits), "%zu", total) != total)
        total = body + strlen(digits);
    strbuf_adds(&p->records, digits);
    strbuf_addc(&p->records, ' ');
    strbuf_adds(&p->records, key);
    strbuf_addc(&p->records, '=');
    strbuf_add(&p->records, value, len);
    strbuf_addc(&p->records, '\n');
}

static void record_text(struct pack *p, const char *key, const char *value)
{
    record(p, key, value, strlen(value));
}

static void octal(uint8_t *field, size_t size, uint64_t v)
{
    field[--size] = '\0';
    while (size > 0) {
        field[--size] = (uint8_t) ('0' + (v & 7));
        v >>= 3;
    }
}

/* A number that the field cannot hold goes into a record; the field is left 0. */
static void number(struct pack *p, uint8_t *field, size_t size, const char *key, uint64_t v)
{
    char text[24];

    if (v >> (3 * (size - 1)) != 0) {
        snprintf(text, sizeof(text), "%llu", (unsigned long long) v);
        record_text(p, key, text);
        v = 0;
    }
    octal(field, size, v);
}

static void time_field(struct pack *p, uint8_t *field, const struct timespec *t)
{
    char text[48];
    int64_t sec = t->tv_sec;
    long nsec = t->tv_nsec;

    if (nsec == 0 && sec >= 0 && sec >> 33 == 0) {
        octal(field, 12, (uint64_t) sec);
        return;
    }
    bool negative = sec < 0;
    if (negative && nsec > 0) {
        sec++;
        nsec = 1000000000 - nsec;
    }
    int n = snprintf(text, sizeof(text), "%s%llu.%09ld", negative ? "-" : "",
                     (unsigned long long) (negative ? -sec : sec), nsec);
    while (text[n - 1] == '0')
        text[--n] = '\0';
    if (text[n - 1] == '.')
        text[--n] = '\0';
    record_text(p, "mtime", text);
    octal(field, 12, 0);
}

static void name_field(struct pack *p, uint8_t *field, const char *key, const char *name)
{
    size_t n = strlen(name);

    if (n > 100)
        record(p, key, name, n);
    memcpy(field, name, MIN_OF(n, (size_t) 100));
}

static void seal_header(uint8_t *h, char type)
{
    static const uint8_t magic[8] = { 'u', 's', 't', 'a', 'r', '\0', '0', '0' };
    unsigned sum = 0;

    h[156] = (uint8_t) type;
    memcpy(h + 257, magic, sizeof(magic));
    memset(h + 148, ' ', 8);
    for (int i = 0; i < 512; i++)
        sum += h[i];
    octal(h + 148, 7, sum);
}

static uint32_t id_of(const struct pack *p, uint32_t id)
{
    return p->o.ids_first != 0 && id - p->o.ids_first < 65536 ? id - p->o.ids_first : id;
}

static int put_header(struct pack *p, char type, const char *name, const char *link, const struct stat *st,
                      const struct timespec *mtime, uint64_t size, struct error *err)
{
    uint8_t h[512] = { 0 }, x[512] = { 0 };
    int r = 0;

    name_field(p, h, "path", name);
    octal(h + 100, 8, st->st_mode & 07777);
    number(p, h + 108, 8, "uid", id_of(p, st->st_uid));
    number(p, h + 116, 8, "gid", id_of(p, st->st_gid));
    number(p, h + 124, 12, "size", size);
    time_field(p, h + 136, mtime);
    if (link != NULL)
        name_field(p, h + 157, "linkpath", link);
    seal_header(h, type);
    if (p->records.len > 0) {
        name_field(p, x, "path", "PaxHeader");
        octal(x + 100, 8, 0644);
        octal(x + 108, 8, 0);
        octal(x + 116, 8, 0);
        octal(x + 124, 12, p->records.len);
        octal(x + 136, 12, 0);
        seal_header(x, 'x');
        r = put(p, x, sizeof(x), err);
        if (r == 0)
            r = put(p, p->records.buf, p->records.len, err);
        if (r == 0)
            r = pad(p, p->records.len, err);
        strbuf_reset(&p->records);
    }
    return r < 0 ? r : put(p, h, sizeof(h), err);
}

/* --- xattrs --- */

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *) a, *(char *const *) b);
}

/* What is in these is not files. */
static bool is_kernels(int fd)
{
    static const long kinds[] = { PROC_SUPER_MAGIC,    SYSFS_MAGIC,        CGROUP_SUPER_MAGIC,
                                  CGROUP2_SUPER_MAGIC, DEVPTS_SUPER_MAGIC, DEBUGFS_MAGIC,
                                  TRACEFS_MAGIC,       SECURITYFS_MAGIC,   BPF_FS_MAGIC,
                                  BINFMTFS_MAGIC,      NSFS_MAGIC,         0x19800202 /* mqueue */ };
    struct statfs fs;

    if (fstatfs(fd, &fs) < 0)
        return false;
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        if (fs.f_type == kinds[i])
            return true;
    return false;
}

static bool wanted_xattr(const char *name)
{
    if (strchr(name, '=') != NULL)
        return false;
    return str_eq(name, "security.capability") ||
           (str_after(name, "user.") != NULL && str_after(name, "user.overlay.") == NULL);
}

/* A file capability that counts in the container's user namespace alone is, without that, one that counts everywhere. */
static size_t capability_of(const struct pack *p, struct vfs_ns_cap_data *c, size_t size)
{
    if (p->o.ids_first == 0 || size != sizeof(*c) || le32toh(c->rootid) != p->o.ids_first)
        return size;
    c->magic_etc = htole32((le32toh(c->magic_etc) & ~VFS_CAP_REVISION_MASK) | VFS_CAP_REVISION_2);
    return XATTR_CAPS_SZ_2;
}

static int add_xattrs(struct pack *p, int fd, struct error *err)
{
    _cleanup_free_ char *list = NULL, *value = NULL;
    const char *names[1024];
    size_t n = 0;

    ssize_t size = flistxattr(fd, NULL, 0);
    if (size == 0 || (size < 0 && errno == EOPNOTSUPP))
        return 0;
    list = xmalloc(XATTR_LIST_MAX);
    size = flistxattr(fd, list, XATTR_LIST_MAX);
    if (size < 0)
        return fail(p, "list the extended attributes of", err);
    for (char *s = list; s < list + size && n < ARRAY_LEN(names); s += strlen(s) + 1)
        if (wanted_xattr(s))
            names[n++] = s;
    if (n == 0)
        return 0;
    qsort(names, n, sizeof(*names), by_text);
    value = xmalloc(XATTR_LIST_MAX);
    for (size_t i = 0; i < n; i++) {
        size = fgetxattr(fd, names[i], value, XATTR_LIST_MAX);
        if (size < 0)
            return fail(p, "read an extended attribute of", err);
        _cleanup_free_ char *key = xasprintf("SCHILY.xattr.%s", names[i]);
        size_t n_value = (size_t) size;
        if (str_eq(names[i], "security.capability"))
            n_value = capability_of(p, (struct vfs_ns_cap_data *) value, n_value);
        record(p, key, value, n_value);
    }
    return 0;
}

/* --- the walk --- */

static int add_name(int dirfd, const char *name, unsigned char type, void *arg)
{
    struct names *l = arg;

    (void) dirfd;
    (void) type;
    if (l->n == l->cap) {
        l->cap = l->cap == 0 ? 32 : 2 * l->cap;
        l->v = xreallocarray(l->v, l->cap, sizeof(*l->v));
    }
    l->v[l->n++] = xstrdup(name);
    return 0;
}

static void free_names(struct names *l)
{
    for (size_t i = 0; i < l->n; i++)
        free(l->v[i]);
    free(l->v);
}

static bool older(const struct timespec *a, const struct timespec *b)
{
    return a->tv_sec != b->tv_sec ? a->tv_sec < b->tv_sec : a->tv_nsec < b->tv_nsec;
}

static struct timespec time_of(struct pack *p, const struct stat *st)
{
    struct timespec t = st->st_mtim;

    if (p->o.clamp_from != 0 && t.tv_sec >= p->o.clamp_from)
        t = p->clamp;
    if (older(&p->stats.newest, &t))
        p->stats.newest = t;
    return t;
}

static int count(struct pack *p, uint64_t bytes, struct error *err)
{
    if (++p->stats.inodes > p->o.max_inodes)
        return error_set(err, -EFBIG, "the directory has more than the limit of %llu files",
                         (unsigned long long) p->o.max_inodes);
    p->stats.bytes += bytes;
    if (bytes > p->o.max_bytes || p->stats.bytes > p->o.max_bytes)
        return error_set(err, -EFBIG, "the directory is larger than the limit of %llu bytes",
                         (unsigned long long) p->o.max_bytes);
    return 0;
}

static int by_inode(const void *a, const void *b)
{
    const struct linked *x = a, *y = b;

    if (x->dev != y->dev)
        return x->dev < y->dev ? -1 : 1;
    return x->ino < y->ino ? -1 : x->ino > y->ino;
}

static void free_linked(void *l)
{
    free(((struct linked *) l)->name);
    free(l);
}

/* The name under which the file was written already; NULL (and from now on this one) if it was not. */
static const char *first_name(struct pack *p, const struct stat *st)
{
    struct linked key = { st->st_dev, st->st_ino, NULL };
    struct linked **found = tfind(&key, &p->links, by_inode);

    if (found != NULL)
        return (*found)->name;
    struct linked *l = xmalloc(sizeof(*l));
    *l = (struct linked){ st->st_dev, st->st_ino, xstrdup(p->path.buf) };
    tsearch(l, &p->links, by_inode);
    return NULL;
}

static int put_contents(struct pack *p, int fd, uint64_t size, struct error *err)
{
    uint64_t left = size;
    int r = 0;

    while (left > 0 && r == 0) {
        size_t room = OUT_SIZE - p->out_len;
        ssize_t n = read(fd, p->out + p->out_len, MIN_OF(left, (uint64_t) room));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fail(p, "read", err);
        if (n == 0)
            return refuse(p, -EBUSY, "it became shorter while it was read", err);
        p->out_len += (size_t) n;
        left -= (uint64_t) n;
        r = p->out_len == OUT_SIZE ? flush(p, err) : 0;
    }
    return r < 0 ? r : pad(p, size, err);
}

/* Somebody has removed it since its name was read. */
static bool gone(const struct pack *p)
{
    return p->o.copy && errno == ENOENT;
}

static int pack_file(struct pack *p, int dirfd, const char *name, struct error *err)
{
    struct stat st;
    _cleanup_close_ int fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

    if (fd < 0 && gone(p))
        return 0;
    if (fd < 0 || fstat(fd, &st) < 0)
        return fail(p, "open", err);
    if (!S_ISREG(st.st_mode))
        return refuse(p, -EBUSY, "it changed while it was read", err);
    struct timespec mtime = time_of(p, &st);
    if (p->looking)
        return 0;
    const char *first = st.st_nlink > 1 ? first_name(p, &st) : NULL;
    int r = count(p, first == NULL ? (uint64_t) st.st_size : 0, err);
    if (r < 0)
        return r;
    if (first != NULL)
        return put_header(p, '1', p->path.buf, first, &st, &mtime, 0, err);
    r = add_xattrs(p, fd, err);
    if (r == 0)
        r = put_header(p, '0', p->path.buf, NULL, &st, &mtime, (uint64_t) st.st_size, err);
    return r < 0 ? r : put_contents(p, fd, (uint64_t) st.st_size, err);
}

static int pack_special(struct pack *p, int dirfd, const char *name, const struct stat *st, struct error *err)
{
    char target[4096];

    if (p->o.removed >= 0 && S_ISCHR(st->st_mode) && st->st_rdev == 0)
        return 0; /* overlay's mark */
    if (S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode) || S_ISSOCK(st->st_mode)) {
        if (!p->looking && p->stats.left_out++ == 0) {
            size_t n = MIN_OF(p->path.len, sizeof(p->stats.first_left_out) - 1);
            memcpy(p->stats.first_left_out, p->path.buf, n);
        }
        return 0;
    }
    struct timespec mtime = time_of(p, st);
    int r = p->looking ? 0 : count(p, 0, err);
    if (r < 0 || p->looking)
        return r;
    if (S_ISFIFO(st->st_mode))
        return put_header(p, '6', p->path.buf, NULL, st, &mtime, 0, err);
    ssize_t n = readlinkat(dirfd, name, target, sizeof(target) - 1);
    if (n < 0 && gone(p))
        return 0;
    if (n < 0)
        return fail(p, "read the link", err);
    target[n] = '\0';
    return put_header(p, '2', p->path.buf, target, st, &mtime, 0, err);
}

static int pack_dir(struct pack *p, int fd, int depth, struct error *err);

static int pack_entry(struct pack *p, int dirfd, const char *name, int depth, struct error *err)
{
    struct stat st;

    if (!p->o.copy && str_after(name, ".wh.") != NULL)
        return refuse(p, -EINVAL, "in a layer its name means that another file is deleted", err);
    if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return gone(p) ? 0 : fail(p, "look at", err);
    if (S_ISREG(st.st_mode))
        return pack_file(p, dirfd, name, err);
    if (!S_ISDIR(st.st_mode))
        return pack_special(p, dirfd, name, &st, err);
    int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return gone(p) ? 0 : fail(p, "open", err);
    int r = pack_dir(p, fd, depth + 1, err);
    close(fd);
    return r;
}

static int pack_dir_header(struct pack *p, int fd, const struct stat *st, struct error *err)
{
    struct timespec mtime = time_of(p, st);

    if (p->looking)
        return 0;
    int r = count(p, 0, err);
    if (r == 0)
        r = add_xattrs(p, fd, err);
    if (r < 0)
        return r;
    _cleanup_free_ char *name = xasprintf("%s/", p->path.len > 0 ? p->path.buf : ".");
    return put_header(p, '5', name, NULL, st, &mtime, 0, err);
}

static int pack_dir(struct pack *p, int fd, int depth, struct error *err)
{
    struct names names = { 0 };
    struct stat st;
    size_t len = p->path.len;

    if (depth > DEPTH_MAX)
        return refuse(p, -EINVAL, "it lies too deep", err);
    if (fstat(fd, &st) < 0)
        return fail(p, "look at", err);
    int r = pack_dir_header(p, fd, &st, err);
    if (r < 0 || (st.st_dev != p->dev && (!p->o.copy || is_kernels(fd))))
        return r;
    r = dir_each(fd, ".", add_name, &names, err);
    if (names.n > 0)
        qsort(names.v, names.n, sizeof(*names.v), by_text);
    for (size_t i = 0; i < names.n && r == 0; i++) {
        if (len > 0)
            strbuf_addc(&p->path, '/');
        strbuf_adds(&p->path, names.v[i]);
        r = pack_entry(p, fd, names.v[i], depth, err);
        p->path.len = len;
        if (p->path.cap > 0)
            p->path.buf[len] = '\0';
    }
    free_names(&names);
    return r;
}

/* ".wh.NAME" for each path of the list. */
static int pack_removed(struct pack *p, struct error *err)
{
    static const struct stat nobody;
    static const struct timespec zero;
    _cleanup_free_ char *list = NULL;
    size_t len = 0;
    int r = file_read_fd(p->o.removed, "the list of what was removed", REMOVED_MAX, &list, &len, err);

    for (char *path = list; r == 0 && path < list + len; path += strlen(path) + 1) {
        const char *relative = path + strspn(path, "/"), *slash = strrchr(relative, '/');
        int dir = slash == NULL ? 0 : (int) (slash - relative + 1);
        _cleanup_free_ char *name = xasprintf("%.*s.wh.%s", dir, relative, relative + dir);
        r = put_header(p, '0', name, NULL, &nobody, &zero, 0, err);
    }
    return r;
}

static int pack_end(struct pack *p, struct error *err)
{
    static const uint8_t zero[1024];
    int r = put(p, zero, sizeof(zero), err);

    return r < 0 ? r : flush(p, err);
}

int pack_directory(const struct pack_options *o, struct pack_stats *ret, struct error *err)
{
    struct pack p = { .o = *o, .path = STRBUF_INIT, .records = STRBUF_INIT };
    struct stat st;
    int r = 0;

    if (fstat(o->dir, &st) < 0)
        return error_errno(err, -errno, "cannot look at the directory");
    p.dev = st.st_dev;
    p.stats.newest = (struct timespec){ .tv_sec = INT64_MIN / 2 };
    p.out = xmalloc(OUT_SIZE);
    sha256_init(&p.hash);
    if (o->clamp_from != 0) {
        p.looking = true;
        p.clamp = p.stats.newest; /* so that what is too new does not count */
        r = pack_dir(&p, o->dir, 0, err);
        p.clamp = p.stats.newest.tv_sec < 0 ? (struct timespec){ 0 } : p.stats.newest;
        p.stats.newest = (struct timespec){ .tv_sec = INT64_MIN / 2 };
        p.looking = false;
    }
    if (o->as != NULL)
        strbuf_adds(&p.path, o->as);
    if (r == 0)
        r = o->only != NULL ? pack_entry(&p, o->dir, o->only, 0, err) : pack_dir(&p, o->dir, 0, err);
    if (r == 0 && o->only != NULL && p.stats.inodes == 0 && p.stats.left_out == 0)
        r = refuse(&p, -ENOENT, "it is not there any more", err);
    if (r == 0 && o->removed >= 0)
        r = pack_removed(&p, err);
    if (r == 0)
        r = pack_end(&p, err);
    if (r == 0) {
        sha256_hex(&p.hash, p.stats.hex);
        *ret = p.stats;
    }
    tdestroy(p.links, free_linked);
    strbuf_free(&p.path);
    strbuf_free(&p.records);
    free(p.out);
    return r;
}
