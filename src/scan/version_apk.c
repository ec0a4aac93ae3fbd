// SPDX-License-Identifier: Apache-2.0
/*
 * Alpine's order (apk-package(5), apk-tools' doc and tests): number{.number}{letter}{_suffix{number}}{~hash}{-rN}.
 *
 * A version is read as tokens; two are compared token by token. Where the kinds differ, the one whose next token is of the later
 * kind (its end is the last) is the older, as 1.0 is older than 1.0.1, unless the other goes on with a suffix of a pre-release.
 * apk 2 takes 1.0b2 (number, letter, number) too; so do we, since packages of its time carry such versions.
 */
#include <errno.h>

#include "scan/version_internal.h"

enum token { T_FIRST, T_NUMBER, T_LETTER, T_SUFFIX, T_SUFFIX_NO, T_HASH, T_REVISION, T_END };

struct cursor {
    const char *p;
    enum token kind;   /* of the token that was read last */
    struct span value; /* its text */
    int suffix;        /* of a T_SUFFIX: below 0 before the release, above it after */
};

static const struct {
    const char *name;
    int rank;
} suffixes[] = {
    { "alpha", -4 }, { "beta", -3 }, { "pre", -2 }, { "rc", -1 }, { "cvs", 1 },
    { "svn", 2 },    { "git", 3 },   { "hg", 4 },   { "p", 5 },
};

static int take_number(struct cursor *c, enum token kind)
{
    c->value = version_take_digits(&c->p);
    c->kind = kind;
    return c->value.n > 0 ? 0 : -EINVAL;
}

static int take_suffix(struct cursor *c)
{
    c->value = version_take_alpha(&c->p);
    c->kind = T_SUFFIX;
    for (size_t i = 0; i < ARRAY_LEN(suffixes); i++)
        if (c->value.n == strlen(suffixes[i].name) && memcmp(c->value.s, suffixes[i].name, c->value.n) == 0) {
            c->suffix = suffixes[i].rank;
            return 0;
        }
    return -EINVAL;
}

static int take_hash(struct cursor *c)
{
    c->value = (struct span){ c->p, 0 };
    while (is_digit(*c->p) || (*c->p >= 'a' && *c->p <= 'f')) {
        c->p++;
        c->value.n++;
    }
    c->kind = T_HASH;
    return c->value.n > 0 ? 0 : -EINVAL;
}

static int next(struct cursor *c)
{
    char ch = *c->p;
    bool numeric = c->kind == T_FIRST || c->kind == T_NUMBER;
    if (ch == '\0') {
        c->kind = T_END;
        c->value = (struct span){ c->p, 0 };
        return 0;
    }
    if (numeric && ch >= 'a' && ch <= 'z') {
        c->kind = T_LETTER;
        c->value = (struct span){ c->p++, 1 };
        return 0;
    }
    if (c->kind == T_LETTER && is_digit(ch))
        return take_number(c, T_NUMBER);
    if (c->kind == T_SUFFIX && is_digit(ch))
        return take_number(c, T_SUFFIX_NO);
    c->p++;
    if (ch == '.' && numeric)
        return take_number(c, T_NUMBER);
    if (ch == '_' && c->kind < T_HASH)
        return take_suffix(c);
    if (ch == '~' && c->kind < T_HASH)
        return take_hash(c);
    if (ch == '-' && *c->p == 'r' && c->kind < T_REVISION) {
        c->p++;
        return take_number(c, T_REVISION);
    }
    return -EINVAL;
}

static int first(struct cursor *c, const char *v)
{
    *c = (struct cursor){ .p = v };
    return take_number(c, T_FIRST);
}

static bool valid(const char *v)
{
    struct cursor c;
    int r = first(&c, v);
    while (r == 0 && c.kind != T_END)
        r = next(&c);
    return r == 0;
}

/* apk 2: 1.09 < 1.010, as ".0" and then 9 < 10; but 1.00 < 1.0: the more zeros, the smaller. */
static int compare_zeros2(struct span a, struct span b)
{
    size_t za = 0, zb = 0;
    while (za < a.n && a.s[za] == '0')
        za++;
    while (zb < b.n && b.s[zb] == '0')
        zb++;
    if (za != zb)
        return za > zb ? -1 : 1;
    bool ends = za == a.n || zb == b.n;
    if (ends && a.n != b.n)
        return a.n < b.n ? -1 : 1;
    return version_cmp_number(a, b);
}

static int compare_token(const struct cursor *a, const struct cursor *b, bool apk2)
{
    switch (a->kind) {
    case T_NUMBER:
        if (a->value.s[0] == '0' || b->value.s[0] == '0')
            return apk2 ? compare_zeros2(a->value, b->value) : version_cmp_bytes(a->value, b->value);
        return version_cmp_number(a->value, b->value);
    case T_FIRST:
    case T_SUFFIX_NO:
    case T_REVISION: return version_cmp_number(a->value, b->value);
    case T_SUFFIX: return (a->suffix > b->suffix) - (a->suffix < b->suffix);
    default: return version_cmp_bytes(a->value, b->value);
    }
}

static int compare(const char *a, const char *b, bool apk2, int *ret)
{
    struct cursor ca, cb;
    if (!valid(a) || !valid(b))
        return -EINVAL;
    int r = first(&ca, a) < 0 || first(&cb, b) < 0 ? -EINVAL : 0;
    while (r == 0 && ca.kind == cb.kind && ca.kind != T_END) {
        int differs = compare_token(&ca, &cb, apk2);
        if (differs != 0) {
            *ret = differs;
            return 0;
        }
        r = next(&ca) < 0 || next(&cb) < 0 ? -EINVAL : 0;
    }
    if (r < 0)
        return r;
    if (ca.kind == cb.kind)
        *ret = 0;
    else if (ca.kind == T_SUFFIX && ca.suffix < 0)
        *ret = -1;
    else if (cb.kind == T_SUFFIX && cb.suffix < 0)
        *ret = 1;
    else
        *ret = ca.kind > cb.kind ? -1 : 1;
    return 0;
}

int version_cmp_apk(const char *a, const char *b, int *ret)
{
    return compare(a, b, false, ret);
}

int version_cmp_apk2(const char *a, const char *b, int *ret)
{
    return compare(a, b, true, ret);
}
