// SPDX-License-Identifier: Apache-2.0
/*
 * How it works: everything that a program depends on is written down as bytes (the key): the profile, the machine, the versions of
 * this generator and of libseccomp's table. A file of the cache is named by a hash of the key and holds the key itself and the program;
 * it is used only if its key is equal byte by byte, so the hash needs to be fast, not strong. The kernel's version is not in the
 * key since no program depends on it. Files are replaced by rename, so a reader sees a whole one.
 *
 * Threat: a program that somebody else put there, a stale one, a damaged one. Owner and mode are asked of the open file; a
 * check sum covers all of it; the program is checked as the kernel would. Whatever is wrong means: compile.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdio.h>
#include <sys/auxv.h>
#include <sys/stat.h>

#include "base/log.h"
#include "base/strbuf.h"
#include "confine/seccomp_cache.h"
#include "sys/file.h"

#define GENERATOR 1           /* raise it with every change of what seccomp_compile() makes of a profile */
#define KEY_MAX (256U * 1024) /* larger profiles are compiled each time */
#define NAME_LEN 21           /* "0123456789abcdef.bpf" and NUL */

struct file_header {
    char magic[8];
    uint64_t sum; /* hash of all that follows */
    uint32_t key_len, n, flags, has_notify;
};
static const char magic[8] = { 'o', 'a', 'k', 'u', 'm', 'b', 'p', 'f' };

static uint64_t hash_bytes(const void *data, size_t len)
{
    const unsigned char *p = data;
    uint64_t h = 0x6f616b756dULL ^ (len * 0x9e3779b97f4a7c15ULL), w;
    for (; len >= sizeof(w); len -= sizeof(w), p += sizeof(w)) {
        memcpy(&w, p, sizeof(w));
        h = (h ^ w) * 0x9e3779b97f4a7c15ULL;
        h ^= h >> 29;
    }
    w = 0;
    memcpy(&w, p, len);
    h = (h ^ w) * 0xbf58476d1ce4e5b9ULL;
    return h ^ (h >> 32);
}

static void key_u64(struct strbuf *key, uint64_t v)
{
    strbuf_add(key, &v, sizeof(v));
}

static void key_strings(struct strbuf *key, const struct oci_strings *l)
{
    key_u64(key, l->n);
    for (size_t i = 0; i < l->n; i++)
        strbuf_add(key, l->v[i], strlen(l->v[i]) + 1);
}

static void key_errno(struct strbuf *key, const struct opt_u32 *e)
{
    key_u64(key, e->set ? (uint64_t) e->v + 1 : 0);
}

static void make_key(struct strbuf *key, const struct oci_seccomp *sec)
{
    const struct scmp_version *lib = seccomp_version();
    strbuf_adds(key, OAKUM_VERSION);
    strbuf_addc(key, '\0');
    key_u64(key, (uint64_t) GENERATOR << 32 | SECCOMP_ARCH_NATIVE);
    key_u64(key, (uint64_t) lib->major << 32 | lib->minor << 16 | lib->micro);
    key_u64(key, sec->default_action);
    key_errno(key, &sec->default_errno_ret);
    key_strings(key, &sec->architectures);
    key_strings(key, &sec->flags);
    key_u64(key, sec->n_rules);
    for (size_t i = 0; i < sec->n_rules; i++) {
        const struct oci_seccomp_rule *r = &sec->rules[i];
        key_strings(key, &r->names);
        key_u64(key, r->action);
        key_errno(key, &r->errno_ret);
        key_u64(key, r->n_args);
        for (size_t k = 0; k < r->n_args; k++) {
            const uint64_t arg[] = { r->args[k].index, r->args[k].op, r->args[k].value,
                                     r->args[k].value_two };
            strbuf_add(key, arg, sizeof(arg));
        }
    }
}

/* Who is not root may have become it in a user namespace of his own since the program began. */
static uid_t own_uid(void)
{
    return getauxval(AT_EUID) == 0 ? 0 : geteuid();
}

/* Whether the open file can be believed. size: of the file. */
static bool file_is_ours(int fd, const char *name, size_t *ret_size)
{
    struct stat st;
    if (fstat(fd, &st) < 0)
        return false;
    if (!S_ISREG(st.st_mode) || st.st_uid != own_uid() || (st.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
        log_warn("seccomp cache: %s is not a regular file that only uid %u can write; it is not used", name,
                 (unsigned) geteuid());
        return false;
    }
    if (st.st_size < (off_t) sizeof(struct file_header) ||
        st.st_size >
            (off_t) (sizeof(struct file_header) + KEY_MAX + BPF_MAXINSNS * sizeof(struct sock_filter)))
        return false;
    *ret_size = (size_t) st.st_size;
    return true;
}

/* Takes the program out of a file's bytes. false: not for this key, or damaged. */
static bool file_decode(const unsigned char *data, size_t size, const struct strbuf *key,
                        struct seccomp_filter *ret)
{
    struct file_header h;
    memcpy(&h, data, sizeof(h));
    if (memcmp(h.magic, magic, sizeof(magic)) != 0 || h.n == 0 || h.n > BPF_MAXINSNS || h.has_notify > 1 ||
        h.key_len != key->len)
        return false;
    const size_t summed = offsetof(struct file_header, key_len);
    if (size != sizeof(h) + h.key_len + h.n * sizeof(struct sock_filter) ||
        hash_bytes(data + summed, size - summed) != h.sum)
        return false;
    if (memcmp(data + sizeof(h), key->buf, key->len) != 0)
        return false;
    if (((h.flags & SECCOMP_FILTER_FLAG_NEW_LISTENER) != 0) != (h.has_notify != 0))
        return false;
    struct seccomp_filter f = { .n = h.n, .flags = h.flags, .has_notify = h.has_notify != 0 };
    f.insns = xmalloc(f.n * sizeof(*f.insns));
    memcpy(f.insns, data + sizeof(h) + h.key_len, f.n * sizeof(*f.insns));
    if (seccomp_program_check(f.insns, f.n, NULL) < 0) {
        seccomp_filter_free(&f);
        return false;
    }
    *ret = f;
    return true;
}

static bool lookup(int dirfd, const char *name, const struct strbuf *key, struct seccomp_filter *ret)
{
    size_t size = 0, have = 0;
    _cleanup_close_ int fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) {
        if (errno != ENOENT)
            log_warn("seccomp cache: %s cannot be opened (%m); it is not used", name);
        return false;
    }
    if (!file_is_ours(fd, name, &size))
        return false;
    _cleanup_free_ unsigned char *data = xmalloc(size);
    while (have < size) {
        ssize_t n = read(fd, data + have, size - have);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        have += (size_t) n;
    }
    return file_decode(data, size, key, ret);
}

/* The oldest files go when there are more than SECCOMP_CACHE_FILES. */
struct oldest {
    size_t n;
    char name[NAME_LEN];
    struct timespec when;
};

static bool is_cache_name(const char *name)
{
    return strlen(name) == NAME_LEN - 1 && strspn(name, "0123456789abcdef") == 16 &&
           str_eq(name + 16, ".bpf");
}

static int see_file(int dirfd, const char *name, unsigned char type, void *arg)
{
    struct oldest *o = arg;
    struct stat st;
    (void) type;
    if (!is_cache_name(name) || fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return 0;
    if (o->n++ == 0 || st.st_mtim.tv_sec < o->when.tv_sec ||
        (st.st_mtim.tv_sec == o->when.tv_sec && st.st_mtim.tv_nsec < o->when.tv_nsec)) {
        o->when = st.st_mtim;
        memcpy(o->name, name, NAME_LEN);
    }
    return 0;
}

static void evict(int dirfd)
{
    for (int round = 0; round < 16; round++) { /* others may be at it as well */
        struct oldest o = { 0 };
        if (dir_each(dirfd, ".", see_file, &o, NULL) < 0 || o.n <= SECCOMP_CACHE_FILES ||
            unlinkat(dirfd, o.name, 0) < 0)
            return;
    }
}

static void store(int dirfd, const char *name, const struct strbuf *key, const struct seccomp_filter *f)
{
    struct error err = { 0 };
    _cleanup_strbuf_ struct strbuf file = STRBUF_INIT;
    struct file_header h = {
        .key_len = (uint32_t) key->len, .n = (uint32_t) f->n, .flags = f->flags, .has_notify = f->has_notify
    };
    memcpy(h.magic, magic, sizeof(magic));
    strbuf_add(&file, &h, sizeof(h));
    strbuf_add(&file, key->buf, key->len);
    strbuf_add(&file, f->insns, f->n * sizeof(*f->insns));
    const size_t summed = offsetof(struct file_header, key_len);
    h.sum = hash_bytes(file.buf + summed, file.len - summed);
    memcpy(file.buf, &h, sizeof(h));
    int r = dir_check_private(dirfd, "seccomp cache", &err);
    if (r >= 0)
        r = file_replace(dirfd, name, file.buf, file.len, 0600, false, &err);
    if (r < 0)
        log_warn("seccomp cache: %s", err.msg);
    else
        evict(dirfd);
}

int seccomp_cached(int cache_dirfd, const struct oci_seccomp *sec, struct seccomp_filter *ret,
                   struct error *err)
{
    _cleanup_strbuf_ struct strbuf key = STRBUF_INIT;
    if (cache_dirfd < 0)
        return seccomp_compile(sec, ret, err);
    make_key(&key, sec);
    if (key.len > KEY_MAX)
        return seccomp_compile(sec, ret, err);
    char name[NAME_LEN];
    (void) snprintf(name, sizeof(name), "%016llx.bpf", (unsigned long long) hash_bytes(key.buf, key.len));
    if (lookup(cache_dirfd, name, &key, ret))
        return 0;
    int r = seccomp_compile(sec, ret, err);
    if (r >= 0)
        store(cache_dirfd, name, &key, ret);
    return r;
}
