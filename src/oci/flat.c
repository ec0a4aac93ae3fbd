// SPDX-License-Identifier: Apache-2.0
/*
 * oci/flat.c: one pass over the text, without a tree. Members stand in the order in which they were written, which is that of
 * the fields, so a key is found where the last one was left.
 */
#include "oci/flat.h"

struct flat {
    const char *p, *end;
};

static bool take(struct flat *f, char c)
{
    if (f->p == f->end || *f->p != c)
        return false;
    f->p++;
    return true;
}

static bool take_text(struct flat *f, const char **ret, size_t *ret_n)
{
    if (!take(f, '"'))
        return false;
    const char *begin = f->p;
    while (f->p < f->end && *f->p >= 0x20 && *f->p < 0x7f && *f->p != '"' && *f->p != '\\')
        f->p++;
    *ret = begin;
    *ret_n = (size_t) (f->p - begin);
    return take(f, '"');
}

/* Up to 18 digits: whatever has more is not for us. */
static bool take_number(struct flat *f, int64_t *ret)
{
    bool negative = take(f, '-');
    const char *begin = f->p;
    int64_t n = 0;
    while (f->p < f->end && *f->p >= '0' && *f->p <= '9' && f->p - begin < 19)
        n = f->p - begin < 18 ? n * 10 + (*f->p++ - '0') : (f->p++, n);
    ptrdiff_t digits = f->p - begin;
    *ret = negative ? -n : n;
    return digits > 0 && digits <= 18 && (digits == 1 || *begin != '0') &&
           (f->p == f->end || *f->p == ',' || *f->p == '}') && !(negative && n == 0);
}

static bool take_bool(struct flat *f, bool *ret)
{
    static const char *const words[] = { "false", "true" };
    for (size_t i = 0; i < 2; i++) {
        size_t n = strlen(words[i]);
        if ((size_t) (f->end - f->p) > n && memcmp(f->p, words[i], n) == 0) {
            f->p += n;
            *ret = i == 1;
            return true;
        }
    }
    return false;
}

static bool take_strings(struct flat *f, struct arena *a, struct oci_strings *to)
{
    const char *s;
    size_t n;
    if (!take(f, '['))
        return false;
    if (take(f, ']'))
        return true;
    do {
        if (!take_text(f, &s, &n))
            return false;
        oci_strings_add(a, to, arena_strndup(a, s, n));
    } while (take(f, ','));
    return take(f, ']');
}

static bool take_pairs(struct flat *f, struct arena *a, struct oci_pairs *to)
{
    const char *s;
    size_t n;
    if (!take(f, '{'))
        return false;
    if (take(f, '}'))
        return true;
    do {
        if (!take_text(f, &s, &n) || !take(f, ':'))
            return false;
        const char *key = arena_strndup(a, s, n);
        if (oci_pairs_get(to, key) != NULL || !take_text(f, &s, &n))
            return false;
        oci_pairs_set(a, to, key, arena_strndup(a, s, n));
    } while (take(f, ','));
    return take(f, '}');
}

static bool take_value(struct flat *f, const struct flat_field *field, struct arena *a, void *to)
{
    const char *s;
    size_t len;
    int64_t n;
    to = (char *) to + field->offset;
    switch (field->kind) {
    case FLAT_TEXT:
        if (!take_text(f, &s, &len))
            return false;
        *(const char **) to = arena_strndup(a, s, len);
        return true;
    case FLAT_STRINGS: return take_strings(f, a, to);
    case FLAT_PAIRS: return take_pairs(f, a, to);
    case FLAT_BOOL: return take_bool(f, to);
    default: break;
    }
    if (!take_number(f, &n) || (field->kind == FLAT_U32 && (n < 0 || n > UINT32_MAX)))
        return false;
    if (field->kind == FLAT_U32)
        *(uint32_t *) to = (uint32_t) n;
    else if (field->kind == FLAT_I64)
        *(int64_t *) to = n;
    else
        *(struct opt_i64 *) to = (struct opt_i64){ true, n };
    return true;
}

/* The field of this key, from where the last one was on; n: none. */
static size_t find(const struct flat_field *fields, size_t n, size_t from, const char *key, size_t len)
{
    for (size_t i = 0; i < n; i++) {
        size_t k = (from + i) % n;
        if (strncmp(fields[k].key, key, len) == 0 && fields[k].key[len] == '\0')
            return k;
    }
    return n;
}

bool flat_parse(const char *text, size_t len, const char *version_key, int64_t version,
                const struct flat_field *fields, size_t n, struct arena *a, void *to)
{
    struct flat f = { text, text + len };
    uint64_t seen = 0, required = 0;
    bool has_version = false;
    size_t next = 0;
    if (n == 0 || n > 64 || !take(&f, '{'))
        return false;
    do {
        const char *key;
        size_t key_len;
        int64_t v;
        if (!take_text(&f, &key, &key_len) || !take(&f, ':'))
            return false;
        if (key_len == strlen(version_key) && memcmp(key, version_key, key_len) == 0) {
            if (has_version || !take_number(&f, &v) || v != version)
                return false;
            has_version = true;
            continue;
        }
        size_t i = find(fields, n, next, key, key_len);
        if (i == n || (seen & 1ull << i) || !take_value(&f, &fields[i], a, to))
            return false;
        seen |= 1ull << i;
        next = i + 1;
    } while (take(&f, ','));
    for (size_t i = 0; i < n; i++)
        required |= (uint64_t) fields[i].required << i;
    return take(&f, '}') && f.p == f.end && has_version && (required & ~seen) == 0;
}
