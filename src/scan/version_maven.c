// SPDX-License-Identifier: Apache-2.0
/*
 * Maven's order (maven.apache.org/pom.html#version-order-specification).
 *
 * A version is cut at dots, at hyphens and between digits and letters (which counts as a hyphen); an empty token is 0. From the
 * end, and again at each hyphen towards the front, tokens that stand for nothing (0, "", final, ga, release) are dropped. The
 * sequences are then compared token by token, the shorter filled up with what stands for nothing behind the other's separator.
 * Where separator or kind differ: ".word" < "-word" < "-number" < ".number".
 */
#include <errno.h>

#include "scan/version_internal.h"

#define TOKENS_MAX 512

struct token {
    struct span text;
    char separator; /* '.' or '-' */
    bool number;
    bool before_number; /* directly: "a1" is alpha, "a.1" is not */
};

struct maven_version {
    struct token token[TOKENS_MAX];
    size_t n;
};

static bool stands_for_nothing(const struct token *t)
{
    return t->number ? version_span_zero(t->text)
                     : t->text.n == 0 || version_span_is(t->text, "final") ||
                           version_span_is(t->text, "ga") || version_span_is(t->text, "release");
}

static int split(const char *v, struct maven_version *ret)
{
    char separator = '.';
    ret->n = 0;
    for (const char *p = v;;) {
        if (ret->n == TOKENS_MAX)
            return -EINVAL;
        struct token *t = &ret->token[ret->n++];
        const char *start = p;
        bool digits = is_digit(*p);
        while (*p != '\0' && *p != '.' && *p != '-' && is_digit(*p) == digits)
            p++;
        *t = (struct token){ .text = { start, (size_t) (p - start) },
                             .separator = separator,
                             .number = digits };
        if (t->text.n == 0)
            *t = (struct token){ .text = { "0", 1 }, .separator = separator, .number = true };
        t->before_number = !t->number && is_digit(*p);
        if (*p == '\0')
            return 0;
        separator = *p == '.' ? '.' : '-';
        p += *p == '.' || *p == '-' ? 1 : 0;
    }
}

static void trim(struct maven_version *v)
{
    for (size_t i = v->n; i-- > 1;) {
        if (!stands_for_nothing(&v->token[i]))
            continue;
        /* Behind it must come the end or a hyphen. */
        if (i + 1 < v->n && v->token[i + 1].separator != '-')
            continue;
        memmove(&v->token[i], &v->token[i + 1], (v->n - i - 1) * sizeof(v->token[0]));
        v->n--;
    }
}

static const char *const qualifiers[] = { "alpha", "beta", "milestone", "rc", "snapshot", "", "sp" };
enum { Q_ALPHA, Q_BETA, Q_MILESTONE, Q_RC, Q_SNAPSHOT, Q_NOTHING, Q_SP, Q_OTHER };

static int qualifier(const struct token *t)
{
    if (stands_for_nothing(t))
        return Q_NOTHING;
    if (version_span_is(t->text, "cr"))
        return Q_RC;
    if (t->before_number && t->text.n == 1) {
        switch (to_lower(t->text.s[0])) {
        case 'a': return Q_ALPHA;
        case 'b': return Q_BETA;
        case 'm': return Q_MILESTONE;
        default: break;
        }
    }
    for (int i = 0; i < Q_OTHER; i++)
        if (version_span_is(t->text, qualifiers[i]))
            return i;
    return Q_OTHER;
}

static int compare_token(const struct token *a, const struct token *b)
{
    if (a->number && b->number) {
        if (a->separator != b->separator)
            return a->separator == '-' ? -1 : 1;
        return version_cmp_number(a->text, b->text);
    }
    if (a->number != b->number)
        return a->number ? 1 : -1;
    int qa = qualifier(a), qb = qualifier(b);
    if (qa != qb)
        return qa < qb ? -1 : 1;
    if (a->separator != b->separator && qa != Q_NOTHING)
        return a->separator == '.' ? -1 : 1;
    return qa == Q_OTHER ? version_cmp_nocase(a->text, b->text) : 0;
}

/* What the shorter one is filled up with. */
static struct token filler(const struct token *other)
{
    bool number = other->number && other->separator == '.';
    return (struct token){ .text = { number ? "0" : "", number ? 1 : 0 },
                           .separator = other->separator,
                           .number = number };
}

int version_cmp_maven(const char *a, const char *b, int *ret)
{
    struct maven_version va, vb;
    if (split(a, &va) < 0 || split(b, &vb) < 0)
        return -EINVAL;
    trim(&va);
    trim(&vb);
    for (size_t i = 0; i < MAX_OF(va.n, vb.n); i++) {
        struct token ta = i < va.n ? va.token[i] : filler(&vb.token[i]);
        struct token tb = i < vb.n ? vb.token[i] : filler(&va.token[i]);
        int r = compare_token(&ta, &tb);
        if (r != 0) {
            *ret = r;
            return 0;
        }
    }
    *ret = 0;
    return 0;
}
