// SPDX-License-Identifier: Apache-2.0
/*
 * How: records are cut by their own length, then a table of keys says what each value is. Threat: a record's length is the
 * maker's word; it must hold exactly one "key=value\n" inside the header. Keys that nothing here uses are left out.
 */
#include "image/tar_pax.h"

#include <errno.h>

#include "base/parse.h"

#define MAP_MAX (1024 * 1024)
#define XATTRS_MAX 256

void pax_init(struct pax *p)
{
    memset(p, 0, sizeof(*p));
}

void pax_reset(struct pax *p)
{
    struct pax_piece *map = p->map;
    size_t cap = p->cap_map;

    free(p->path);
    free(p->linkpath);
    free(p->sparse_name);
    for (size_t i = 0; i < p->n_xattrs; i++)
        free((char *) p->xattrs[i].name);
    free(p->xattrs);
    pax_init(p);
    p->map = map;
    p->cap_map = cap;
}

void pax_free(struct pax *p)
{
    pax_reset(p);
    free(p->map);
    p->map = NULL;
}

static int bad(const char *what, const char *key, struct error *err)
{
    return error_set(err, -EINVAL, "the archive is damaged: an extended header's %s %s", key, what);
}

int pax_time(const char *s, struct timespec *ret)
{
    bool negative = *s == '-';
    char whole[24];
    uint64_t sec;
    long nsec = 0, unit = 100000000;

    s += negative;
    size_t n = strcspn(s, ".");
    if (n == 0 || n >= sizeof(whole))
        return -EINVAL;
    memcpy(whole, s, n);
    whole[n] = '\0';
    if (parse_u64(whole, &sec) < 0 || sec > INT64_MAX / 2)
        return -EINVAL;
    bool rest = false; /* something below a nanosecond */
    for (s += n + (s[n] == '.'); *s != '\0'; s++, unit /= 10) {
        if (*s < '0' || *s > '9')
            return -EINVAL;
        nsec += (*s - '0') * unit;
        rest |= unit == 0 && *s != '0';
    }
    *ret = (struct timespec){ .tv_sec = (time_t) sec, .tv_nsec = nsec };
    if (negative) {
        nsec += rest;
        ret->tv_sec = -(time_t) sec - (nsec > 0);
        ret->tv_nsec = nsec > 0 ? 1000000000 - nsec : 0;
    }
    return 0;
}

static int set_string(char **to, const char *key, const char *value, size_t len, struct error *err)
{
    if (memchr(value, '\0', len) != NULL)
        return bad("has a NUL in it", key, err);
    free(*to);
    *to = len > 0 ? xstrndup(value, len) : NULL; /* an empty value takes an earlier one back */
    return 0;
}

static int set_number(struct pax_number *to, const char *key, const char *value, size_t len,
                      struct error *err)
{
    _cleanup_free_ char *text = xstrndup(value, len);

    to->set = len > 0;
    if (len > 0 && (strlen(text) != len || parse_i64(text, &to->v) < 0))
        return bad("is no number", key, err);
    return 0;
}

static int add_xattr(struct pax *p, const char *name, const char *value, size_t len, struct error *err)
{
    size_t at = 0, n = strlen(name);

    while (at < p->n_xattrs && !str_eq(p->xattrs[at].name, name))
        at++;
    if (at == p->n_xattrs) {
        if (at == XATTRS_MAX)
            return error_set(err, -EFBIG, "the archive has a member with more than %d extended attributes",
                             XATTRS_MAX);
        p->xattrs = xreallocarray(p->xattrs, at + 1, sizeof(*p->xattrs));
        p->n_xattrs++;
    } else {
        free((char *) p->xattrs[at].name);
    }
    char *copy = xmalloc(n + 1 + len);
    memcpy(copy, name, n + 1);
    if (len > 0)
        memcpy(copy + n + 1, value, len);
    p->xattrs[at] = (struct tar_xattr){ copy, (const uint8_t *) copy + n + 1, len };
    return 0;
}

int pax_map_add(struct pax *p, uint64_t offset, uint64_t len, struct error *err)
{
    if (p->n_map == MAP_MAX)
        return error_set(err, -EFBIG, "the archive has a sparse file with more than %d pieces", MAP_MAX);
    if (p->n_map == p->cap_map) {
        p->cap_map = p->cap_map == 0 ? 64 : 2 * p->cap_map;
        p->map = xreallocarray(p->map, p->cap_map, sizeof(*p->map));
    }
    p->map[p->n_map++] = (struct pax_piece){ offset, len };
    return 0;
}

/* 0.1: "offset,length,offset,length…" */
static int parse_map(struct pax *p, const char *key, const char *value, size_t len, struct error *err)
{
    _cleanup_free_ char *text = xstrndup(value, len);
    char *rest = text, *word;
    uint64_t v, offset = 0;
    bool have_offset = false;

    p->n_map = 0;
    while (len > 0 && (word = strsep(&rest, ",")) != NULL) {
        if (parse_u64(word, &v) < 0)
            return bad("is no list of numbers", key, err);
        if (have_offset) {
            int r = pax_map_add(p, offset, v, err);
            if (r < 0)
                return r;
        }
        offset = v;
        have_offset = !have_offset;
    }
    return have_offset ? bad("is no list of pairs", key, err) : 0;
}

/* GNU.sparse.*: 0.0 repeats offset and numbytes, 0.1 has a map, 1.0 has it before the data. */
static int take_sparse(struct pax *p, const char *key, const char *sub, const char *value, size_t len,
                       struct error *err)
{
    struct pax_number n = { 0 };
    int r = 0;

    if (str_eq(sub, "name"))
        return set_string(&p->sparse_name, key, value, len, err);
    if (str_eq(sub, "map")) {
        p->sparse_0 = true;
        return parse_map(p, key, value, len, err);
    }
    r = set_number(&n, key, value, len, err);
    if (r < 0)
        return r;
    if (str_eq(sub, "realsize") || str_eq(sub, "size")) {
        p->real_size = n;
    } else if (str_eq(sub, "major")) {
        p->major = n.v;
    } else if (str_eq(sub, "minor")) {
        p->minor = n.v;
    } else if (str_eq(sub, "offset")) {
        p->sparse_0 = true;
        p->pending_offset = n;
    } else if (str_eq(sub, "numbytes")) {
        if (!p->pending_offset.set || p->pending_offset.v < 0 || n.v < 0)
            return bad("has no offset before it", key, err);
        r = pax_map_add(p, (uint64_t) p->pending_offset.v, (uint64_t) n.v, err);
        p->pending_offset.set = false;
    }
    return r; /* numblocks: the map's length, which it shows itself */
}

static int take_record(struct pax *p, const char *key, const char *value, size_t len, struct error *err)
{
    const char *sub;

    if (str_eq(key, "path"))
        return set_string(&p->path, key, value, len, err);
    if (str_eq(key, "linkpath"))
        return set_string(&p->linkpath, key, value, len, err);
    if (str_eq(key, "size"))
        return set_number(&p->size, key, value, len, err);
    if (str_eq(key, "uid"))
        return set_number(&p->uid, key, value, len, err);
    if (str_eq(key, "gid"))
        return set_number(&p->gid, key, value, len, err);
    if (str_eq(key, "mtime")) {
        _cleanup_free_ char *text = xstrndup(value, len);
        p->mtime_set = len > 0;
        if (len > 0 && (strlen(text) != len || pax_time(text, &p->mtime) < 0))
            return bad("is no time", key, err);
        return 0;
    }
    if ((sub = str_after(key, "SCHILY.xattr.")) != NULL && *sub != '\0')
        return add_xattr(p, sub, value, len, err);
    if ((sub = str_after(key, "GNU.sparse.")) != NULL)
        return take_sparse(p, key, sub, value, len, err);
    return 0;
}

/* Cuts one record off the front. */
static int next_record(const char **text, size_t *left, char **ret_key, const char **ret_value,
                       size_t *ret_len)
{
    const char *blank = memchr(*text, ' ', *left);
    char digits[8];
    uint64_t n;

    if (blank == NULL || blank == *text || (size_t) (blank - *text) >= sizeof(digits))
        return -EINVAL;
    memcpy(digits, *text, (size_t) (blank - *text));
    digits[blank - *text] = '\0';
    size_t head = (size_t) (blank - *text) + 1;
    if (parse_u64(digits, &n) < 0 || n > *left || n < head + 2 || (*text)[n - 1] != '\n')
        return -EINVAL;
    const char *key = *text + head;
    const char *equals = memchr(key, '=', n - head - 1);
    if (equals == NULL || equals == key || memchr(key, '\0', (size_t) (equals - key)) != NULL)
        return -EINVAL;
    *ret_key = xstrndup(key, (size_t) (equals - key));
    *ret_value = equals + 1;
    *ret_len = (size_t) (*text + n - 1 - (equals + 1));
    *text += n;
    *left -= n;
    return 0;
}

int pax_parse(struct pax *p, const char *text, size_t len, struct error *err)
{
    pax_reset(p);
    while (len > 0) {
        _cleanup_free_ char *key = NULL;
        const char *value;
        size_t n;
        if (next_record(&text, &len, &key, &value, &n) < 0)
            return error_set(
                err, -EINVAL,
                "the archive is damaged: an extended header has a record that is not of the form");
        int r = take_record(p, key, value, n, err);
        if (r < 0)
            return r;
    }
    if (p->size.set && p->size.v < 0)
        return bad("is negative", "size", err);
    p->sparse_1_0 = p->major == 1 && p->minor == 0;
    if (p->major > 1 || (p->major == 1 && p->minor != 0))
        return error_set(err, -EINVAL, "the archive has a sparse file in the unknown form %lld.%lld",
                         (long long) p->major, (long long) p->minor);
    return 0;
}

bool pax_is_sparse(const struct pax *p)
{
    return p->sparse_0 || p->sparse_1_0;
}

int pax_map_check(const struct pax *p, uint64_t data, struct error *err)
{
    uint64_t end = 0, sum = 0;
    const char *wrong = NULL;

    if (!p->real_size.set || p->real_size.v < 0)
        return error_set(err, -EINVAL, "the archive is damaged: a sparse file has no size");
    for (size_t i = 0; i < p->n_map && wrong == NULL; i++) {
        const struct pax_piece *m = &p->map[i];
        if (m->offset < end)
            wrong = "is out of order";
        else if (m->offset > (uint64_t) p->real_size.v || m->len > (uint64_t) p->real_size.v - m->offset)
            wrong = "leads out of the file";
        end = m->offset + m->len;
        sum += m->len;
    }
    if (wrong == NULL && sum != data)
        wrong = "and its data differ in length";
    if (wrong != NULL)
        return error_set(err, -EINVAL, "the archive is damaged: a sparse file's map %s", wrong);
    return 0;
}
