// SPDX-License-Identifier: Apache-2.0
/*
 * How: files/ in the store's root has a second name of a file of each kind that was seen, under a hash of what is cheap to know of it: size,
 * time, mode, owner, and its first and last bytes. A new layer is walked before it is published; a file whose hash is there is
 * compared with that one byte by byte and, if it is the same in all, becomes another name of it. Where the file system can share extents
 * (FIDEDUPERANGE: btrfs, xfs), it does the comparing and sharing, and the file stays one of its own.
 *
 * Why so: the bytes of small files are few and their number is large, so only files from 64 KiB count; hashing whole files would cost a
 * pull a fifth of its time, looking them up by what fstat(2) says costs nearly nothing, because files of one package have one time in
 * every image. Time and ownership must agree since names of one file share them; a file with extended attributes stays alone.
 * Two files of one image never become one: programs in the container would see hard links that the image does not have.
 *
 * Crash safety: only what lies in a work directory is changed, and only names. Published layers get new names for their files (which
 * raises the number of links that is seen inside), never other bytes. An entry of files/ is worth nothing until its bytes were compared:
 * one that a power cut left empty fits nothing, and goes with the next rmi or prune, as all do that no layer has any more.
 *
 * Threat: the layer is hostile. Nothing is followed; what is compared is what was opened, and after linking it is asked whether the name
 * got just that file, because a name in files/ may have gone and come again meanwhile.
 */
#include <dirent.h>
#include <errno.h>
#include <linux/fs.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "base/log.h"
#include "image/store_internal.h"
#include "sys/file.h"

#define SIZE_MIN (64 * 1024)
#define PROBE 4096
#define SAME_MAX 4
#define CHUNK ((size_t) 256 * 1024)
#define EXTENT_MAX (16ULL * 1024 * 1024) /* btrfs takes no more at once */
#define NEW_NAME "link"                  /* in the work directory */

struct dedup {
    struct work *work;
    int files;
    bool no_extents; /* this file system cannot share them */
    char *buffers;
    ino_t *used; /* this image has them already */
    size_t n_used, cap_used;
    uint64_t saved;
};

static bool is_used(const struct dedup *d, ino_t ino)
{
    for (size_t i = 0; i < d->n_used; i++)
        if (d->used[i] == ino)
            return true;
    return false;
}

static void use(struct dedup *d, ino_t ino)
{
    if (d->n_used == d->cap_used) {
        d->cap_used = d->cap_used == 0 ? 256 : 2 * d->cap_used;
        d->used = xreallocarray(d->used, d->cap_used, sizeof(*d->used));
    }
    d->used[d->n_used++] = ino;
}

/* --- two files --- */

/* Labels of the host's LSM are by place, not by image. */
static bool has_xattrs(int fd)
{
    char list[1024];
    ssize_t n = flistxattr(fd, list, sizeof(list));
    if (n < 0)
        return errno != EOPNOTSUPP;
    for (const char *p = list; p < list + n; p += strlen(p) + 1)
        if (str_after(p, "security.") == NULL || str_eq(p, "security.capability"))
            return true;
    return false;
}

static int file_key(int fd, const struct stat *st, char key[static SHA256_HEX])
{
    struct {
        uint64_t size, sec, nsec, mode, uid, gid;
        char probe[2][PROBE];
    } k;
    memset(&k, 0, sizeof(k));
    k.size = (uint64_t) st->st_size;
    k.sec = (uint64_t) st->st_mtim.tv_sec;
    k.nsec = (uint64_t) st->st_mtim.tv_nsec;
    k.mode = st->st_mode;
    k.uid = st->st_uid;
    k.gid = st->st_gid;
    if (pread(fd, k.probe[0], PROBE, 0) != PROBE ||
        pread(fd, k.probe[1], PROBE, st->st_size - PROBE) != PROBE)
        return -EIO;
    sha256_of((const char *) &k, sizeof(k), key);
    return 0;
}

static bool same_attributes(const struct stat *a, const struct stat *b)
{
    return S_ISREG(a->st_mode) && a->st_mode == b->st_mode && a->st_uid == b->st_uid &&
           a->st_gid == b->st_gid && a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
           a->st_mtim.tv_nsec == b->st_mtim.tv_nsec && a->st_dev == b->st_dev && a->st_ino != b->st_ino;
}

static bool same_bytes(struct dedup *d, int a, int b, off_t size)
{
    for (off_t at = 0; at < size;) {
        size_t want = (size_t) MIN_OF(size - at, (off_t) CHUNK);
        ssize_t n = pread(a, d->buffers, want, at);
        if (n <= 0 || pread(b, d->buffers + CHUNK, (size_t) n, at) != n ||
            memcmp(d->buffers, d->buffers + CHUNK, (size_t) n) != 0)
            return false;
        at += n;
    }
    return true;
}

/* 1: they share their extents now; 0: they differ; -EOPNOTSUPP. */
static int share_extents(int from, int to, off_t size)
{
    union {
        struct file_dedupe_range range;
        char space[sizeof(struct file_dedupe_range) + sizeof(struct file_dedupe_range_info)];
    } u;
    for (off_t at = 0; at < size;) {
        memset(&u, 0, sizeof(u));
        u.range.src_offset = (uint64_t) at;
        u.range.src_length = MIN_OF((uint64_t) (size - at), EXTENT_MAX);
        u.range.dest_count = 1;
        u.range.info[0].dest_fd = to;
        u.range.info[0].dest_offset = (uint64_t) at;
        if (ioctl(from, FIDEDUPERANGE, &u.range) < 0)
            return -EOPNOTSUPP;
        if (u.range.info[0].status != FILE_DEDUPE_RANGE_SAME || u.range.info[0].bytes_deduped == 0)
            return u.range.info[0].status < 0 ? -EOPNOTSUPP : 0;
        at += (off_t) u.range.info[0].bytes_deduped;
    }
    return 1;
}

/* --- one file --- */

/* name below dirfd becomes a name of the file that is open as known. */
static bool link_to(struct dedup *d, const char *key, const struct stat *known, int dirfd, const char *name)
{
    struct stat st;
    unlinkat(d->work->fd, NEW_NAME, 0);
    if (linkat(d->files, key, d->work->fd, NEW_NAME, 0) < 0)
        return false; /* gone meanwhile, or it has as many names as it can have */
    if (fstatat(d->work->fd, NEW_NAME, &st, AT_SYMLINK_NOFOLLOW) < 0 || st.st_ino != known->st_ino ||
        renameat(d->work->fd, NEW_NAME, dirfd, name) < 0) {
        unlinkat(d->work->fd, NEW_NAME, 0);
        return false;
    }
    return true;
}

enum verdict { ALONE, LINKED, NEXT };

/* The file that files/ has under this name, against the new one. */
static enum verdict try_one(struct dedup *d, const char *in_files, int fd, const struct stat *st, int dirfd,
                            const char *name)
{
    struct stat known;
    _cleanup_close_ int other = openat(d->files, in_files,
                                       O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOATIME | O_CLOEXEC);
    if (other < 0) {
        if (errno == ENOENT && linkat(dirfd, name, d->files, in_files, 0) == 0)
            use(d, st->st_ino);
        return ALONE;
    }
    if (fstat(other, &known) < 0 || !same_attributes(st, &known) || has_xattrs(other))
        return ALONE;
    if (!d->no_extents) {
        int r = share_extents(other, fd, st->st_size);
        d->saved += r == 1 ? (uint64_t) st->st_size : 0;
        d->no_extents = r == -EOPNOTSUPP;
        if (r >= 0)
            return ALONE;
    }
    if (is_used(d, known.st_ino))
        return NEXT;
    if (!same_bytes(d, fd, other, st->st_size) || !link_to(d, in_files, &known, dirfd, name))
        return ALONE;
    use(d, known.st_ino);
    d->saved += (uint64_t) st->st_size;
    return LINKED;
}

/* true: the directory was changed. */
static bool look_at_file(struct dedup *d, int dirfd, const char *name)
{
    char key[SHA256_HEX], in_files[SHA256_HEX + 4];
    enum verdict v = NEXT;
    struct stat st;
    _cleanup_close_ int fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOATIME | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_nlink != 1 || has_xattrs(fd) ||
        file_key(fd, &st, key) < 0)
        return false;
    /* Of a file that an image has several times, each has one of its own. */
    for (int i = 0; i < SAME_MAX && v == NEXT; i++) {
        snprintf(in_files, sizeof(in_files), "%s.%d", key, i);
        v = try_one(d, in_files, fd, &st, dirfd, name);
    }
    return v == LINKED;
}

/* --- a tree --- */

struct names {
    struct dedup *d;
    char **v;
    size_t n, cap;
};

/* Directories and files that are large enough; the names first, because renaming changes what is being read. */
static int add_name(int dirfd, const char *name, unsigned char type, void *arg)
{
    struct names *l = arg;
    struct stat st;
    if (type != DT_DIR && type != DT_REG && type != DT_UNKNOWN)
        return 0;
    if (type != DT_DIR && (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
                           !(S_ISDIR(st.st_mode) || (S_ISREG(st.st_mode) && st.st_size >= SIZE_MIN))))
        return 0;
    if (l->n == l->cap) {
        l->cap = l->cap == 0 ? 16 : 2 * l->cap;
        l->v = xreallocarray(l->v, l->cap, sizeof(*l->v));
    }
    l->v[l->n++] = xstrdup(name);
    return 0;
}

static void look_at_dir(struct dedup *d, int dirfd, const char *name)
{
    struct names l = { .d = d };
    struct stat st;
    bool changed = false;
    _cleanup_close_ int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) < 0 || dir_each(fd, ".", add_name, &l, NULL) < 0)
        l.n = 0;
    for (size_t i = 0; i < l.n; i++) {
        struct stat one;
        if (fstatat(fd, l.v[i], &one, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(one.st_mode))
            look_at_dir(d, fd, l.v[i]);
        else
            changed |= look_at_file(d, fd, l.v[i]);
    }
    for (size_t i = 0; i < l.n; i++)
        free(l.v[i]);
    free(l.v);
    if (changed) {
        struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, st.st_mtim };
        if (futimens(fd, times) < 0)
            log_warn("the time of a directory is not that of the image: %s", strerror(errno));
    }
}

static int open_files(struct store *s, struct error *err)
{
    if (mkdirat(s->root, "files", 0700) < 0 && errno != EEXIST)
        return error_errno(err, -errno, "cannot make %s/files", s->path);
    return dir_open(s->root, "files", err);
}

void dedup_layers(struct store *s, const struct staged *st)
{
    struct error err = { 0 };
    struct stat there;
    _cleanup_close_ int files = open_files(s, &err);
    struct dedup d = { .work = st->work, .files = files };
    if (files < 0) {
        log_debug("%s", err.msg);
        return;
    }
    d.buffers = xmalloc(2 * CHUNK);
    for (size_t i = 0; i < st->n_layers; i++) {
        const struct staged_layer *l = &st->layers[i];
        if (l->dir[0] != '\0' && fstatat(s->layers, l->diff_id, &there, AT_SYMLINK_NOFOLLOW) < 0)
            look_at_dir(&d, st->work->fd, l->dir);
    }
    log_debug("%llu bytes of files were in the store already", (unsigned long long) d.saved);
    free(d.used);
    free(d.buffers);
}

/* --- what no layer has any more, and what is saved --- */

static int sweep_file(int dirfd, const char *name, unsigned char type _unused_, void *arg _unused_)
{
    struct stat st;
    if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_nlink == 1 &&
        unlinkat(dirfd, name, 0) < 0)
        log_warn("cannot remove files/%s from the image store: %s", name, strerror(errno));
    return 0;
}

int dedup_collect(struct store *s, struct error *err)
{
    int r = faccessat(s->root, "files", F_OK, AT_SYMLINK_NOFOLLOW) < 0 ? 0 : 1;
    return r == 0 ? 0 : dir_each(s->root, "files", sweep_file, NULL, err);
}

static int add_saved(int dirfd, const char *name, unsigned char type _unused_, void *arg)
{
    struct stat st;
    if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_nlink > 2)
        *(int64_t *) arg += (int64_t) (st.st_nlink - 2) * st.st_size;
    return 0;
}

int64_t dedup_saved(struct store *s)
{
    int64_t saved = 0;
    if (faccessat(s->root, "files", F_OK, AT_SYMLINK_NOFOLLOW) == 0 &&
        dir_each(s->root, "files", add_saved, &saved, NULL) < 0)
        log_debug("what files have in common cannot be told");
    return saved;
}
