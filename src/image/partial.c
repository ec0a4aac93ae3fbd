// SPDX-License-Identifier: Apache-2.0
/*
 * How: bytes are collected to 128 KiB, then hashed, appended to the file and handed on, so that a system call is made for each
 * such piece and not for each packet. The lock is on the open file; after it was got the name is looked up again, because the
 * one who had it before, or who cleaned up, may have removed the file.
 *
 * Threat: a process that is killed at any point (what is in the file is a prefix of what was sent), two pulls of one blob, a
 * prefix that is not of this blob (the digest at the end).
 */
#include "image/partial.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/json.h"
#include "base/log.h"
#include "image/store_internal.h"
#include "sys/file.h"

#define BUFFER ((size_t) 128 * 1024)
#define OLD_S ((time_t) 7 * 24 * 3600)

static int open_dir(struct store *s, struct error *err)
{
    if (mkdirat(s->root, "partial", 0700) < 0 && errno != EEXIST)
        return error_errno(err, -errno, "cannot make %s/partial", s->path);
    return dir_open(s->root, "partial", err);
}

static bool still_named(int dirfd, const char *name, int fd)
{
    struct stat named, open;
    return fstatat(dirfd, name, &named, AT_SYMLINK_NOFOLLOW) == 0 && fstat(fd, &open) == 0 &&
           named.st_ino == open.st_ino && S_ISREG(named.st_mode);
}

static int open_file(struct partial *p, struct error *err)
{
    for (int i = 0; i < 100; i++) {
        int fd = file_open(p->dirfd, p->name, O_RDWR | O_CREAT | O_NOFOLLOW, 0600, err);
        if (fd < 0)
            return fd;
        int r = flock(fd, LOCK_EX | LOCK_NB) < 0 ? -errno : 0;
        if (r == 0 && still_named(p->dirfd, p->name, fd))
            return fd;
        close(fd);
        if (r <
            0) { /* somebody else fetches it: a file of our own, locked too: partial_clean() removes what is free */
            char hex[17];
            random_hex(hex, 8);
            p->own = true;
            snprintf(p->name, sizeof(p->name), "%s.%s", p->hex, hex);
        }
    }
    return error_set(err, -EBUSY, "partial/%s changes all the time", p->name);
}

static int flush(struct partial *p, struct error *err)
{
    int r = p->buffered > 0 ? write_all(p->fd, p->buffer, p->buffered) : 0;
    if (r < 0)
        return error_errno(err, r, "cannot write what comes from the registry");
    if (p->buffered > 0) {
        sha256_add(&p->sum, p->buffer, p->buffered);
        if (p->forward != NULL)
            p->forward(p->arg, p->buffer, p->buffered);
    }
    p->buffered = 0;
    return 0;
}

/* What an earlier run left; the file's position is behind it afterwards. */
static int read_through(struct partial *p, int64_t size, struct error *err)
{
    struct stat st;
    if (fstat(p->fd, &st) < 0)
        return error_errno(err, -errno, "cannot look at partial/%s", p->name);
    if (st.st_size > size)
        return partial_restart(p, err);
    for (;;) {
        ssize_t n = read(p->fd, p->buffer, BUFFER);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return error_errno(err, -errno, "cannot read partial/%s", p->name);
        if (n == 0)
            return 0;
        sha256_add(&p->sum, p->buffer, (size_t) n);
        if (p->forward != NULL)
            p->forward(p->arg, p->buffer, (size_t) n);
        p->have += n;
    }
}

static void record_name(const struct partial *p, char *buf, size_t size)
{
    snprintf(buf, size, "%s.json", p->name);
}

static void read_record(struct partial *p)
{
    char name[120];
    _cleanup_free_ char *text = NULL;
    _cleanup_json_ json_t *doc = NULL;
    size_t len;
    record_name(p, name, sizeof(name));
    if (p->have == 0 || faccessat(p->dirfd, name, F_OK, 0) < 0 ||
        file_read(p->dirfd, name, 4096, &text, &len, NULL) < 0 || json_parse(text, len, name, &doc, NULL) < 0)
        return;
    const char *etag = json_string_value(json_object_get(doc, "etag"));
    if (etag != NULL && etag[0] == '"' && strlen(etag) < sizeof(p->etag) && strpbrk(etag, "\r\n") == NULL)
        memcpy(p->etag, etag, strlen(etag) + 1);
}

int partial_open(struct store *s, const char *digest, int64_t size,
                 void (*forward)(void *arg, const void *data, size_t len), void *arg, struct partial *ret,
                 struct error *err)
{
    struct partial p = { .open = true, .dirfd = -1, .fd = -1, .forward = forward, .arg = arg };
    if (str_after(digest, "sha256:") == NULL || !digest_valid(digest))
        return error_set(err, -EINVAL, "%.80s: digests of this kind are not kept in the store", digest);
    memcpy(p.hex, digest_hex(digest), sizeof(p.hex));
    memcpy(p.name, p.hex, sizeof(p.hex));
    sha256_init(&p.sum);
    p.buffer = xmalloc(BUFFER);
    p.dirfd = open_dir(s, err);
    int r = p.dirfd;
    if (r >= 0)
        r = p.fd = open_file(&p, err);
    if (r >= 0)
        r = read_through(&p, size, err);
    if (r < 0) {
        partial_close(&p);
        return r;
    }
    read_record(&p);
    *ret = p;
    return 0;
}

int partial_add(struct partial *p, const void *data, size_t len, struct error *err)
{
    while (len > 0) {
        size_t n = MIN_OF(len, BUFFER - p->buffered);
        memcpy(p->buffer + p->buffered, data, n);
        p->buffered += n;
        p->have += (int64_t) n;
        data = (const char *) data + n;
        len -= n;
        int r = p->buffered == BUFFER ? flush(p, err) : 0;
        if (r < 0)
            return r;
    }
    return 0;
}

int partial_restart(struct partial *p, struct error *err)
{
    p->buffered = 0;
    p->have = 0;
    p->etag[0] = '\0';
    sha256_init(&p->sum);
    if (ftruncate(p->fd, 0) < 0 || lseek(p->fd, 0, SEEK_SET) < 0)
        return error_errno(err, -errno, "cannot empty partial/%s", p->name);
    return 0;
}

void partial_set_etag(struct partial *p, const char *etag)
{
    char name[120];
    _cleanup_json_ json_t *doc = json_object();
    record_name(p, name, sizeof(name));
    json_object_set_new(doc, "etag", json_string(etag));
    _cleanup_free_ char *text = json_text(doc, 0);
    if (!p->own && file_replace(p->dirfd, name, text, strlen(text), 0600, false, NULL) < 0)
        log_debug("partial/%s cannot be written", name);
}

int partial_check(struct partial *p, struct error *err)
{
    char hex[SHA256_HEX];
    int r = flush(p, err);
    if (r < 0)
        return r;
    struct sha256 sum = p->sum;
    sha256_hex(&sum, hex);
    if (!str_eq(hex, p->hex))
        return error_set(err, -EBADMSG, "what the registry sent has another digest, sha256:%s", hex);
    free(TAKE_PTR(p->buffer)); /* the file stays open, and locked, until the image is published */
    return 0;
}

int partial_link(const struct partial *p, int dirfd, const char *name, struct error *err)
{
    return linkat(p->dirfd, p->name, dirfd, name, 0) < 0
               ? error_errno(err, -errno, "cannot give a blob its name")
               : 0;
}

void partial_remove(struct partial *p)
{
    char name[120];
    record_name(p, name, sizeof(name));
    unlinkat(p->dirfd, name, 0);
    unlinkat(p->dirfd, p->name, 0);
}

void partial_close(struct partial *p)
{
    if (!p->open)
        return;
    if (p->fd >= 0) {
        p->forward = NULL;
        if (flush(p, NULL) < 0)
            log_debug("the last bytes of partial/%s are lost", p->name);
        if (p->own)
            partial_remove(p);
        close(p->fd);
    }
    if (p->dirfd >= 0)
        close(p->dirfd);
    free(p->buffer);
    *p = (struct partial){ .dirfd = -1, .fd = -1 };
}

/* A pull that was killed between its image's publishing and its end leaves what the store has by now. */
static bool is_stored(struct store *s, const char *name)
{
    char hex[SHA256_HEX] = "";
    struct stat st;
    name += name[0] == '.'; /* file_replace()'s temporary name of a record */
    memcpy(hex, name, MIN_OF(strlen(name), sizeof(hex) - 1));
    return hex64_valid(hex) && fstatat(s->blobs, hex, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static int clean_one(int dirfd, const char *name, unsigned char type _unused_, void *arg)
{
    struct store *s = arg;
    struct stat st;
    int fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return 0;
    if (fstat(fd, &st) == 0 && (st.st_mtime < time(NULL) - OLD_S || is_stored(s, name)) &&
        flock(fd, LOCK_EX | LOCK_NB) == 0)
        unlinkat(dirfd, name, 0);
    close(fd);
    return 0;
}

void partial_clean(struct store *s)
{
    struct stat st;
    if (fstatat(s->root, "partial", &st, AT_SYMLINK_NOFOLLOW) == 0 &&
        dir_each(s->root, "partial", clean_one, s, NULL) < 0)
        log_debug("partial blobs cannot be looked through");
}
