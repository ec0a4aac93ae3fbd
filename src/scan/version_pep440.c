// SPDX-License-Identifier: Apache-2.0
/*
 * Python's order (PEP 440, now packaging.python.org's version specifiers):
 *   [v][N!]N{.N}[{a|b|rc}N][.postN][.devN][+local]
 * with all the spellings that the specification normalises. Within one release: dev < a < b < rc < the release < post; a dev of
 * each comes before it. A local version comes after the one without; of its parts a number is greater than a word.
 */
#include <errno.h>

#include "scan/version_internal.h"

enum { PRE_ALPHA, PRE_BETA, PRE_RC };

struct pep_version {
    struct span epoch;
    const char *release; /* digits and dots */
    int pre;             /* PRE_*, -1 where there is none */
    bool post, dev;
    struct span pre_no, post_no, dev_no, local;
};

/* The longer of two that begin alike comes first. */
static const struct {
    const char *name;
    int pre;
} pre_names[] = {
    { "alpha", PRE_ALPHA }, { "a", PRE_ALPHA }, { "beta", PRE_BETA }, { "b", PRE_BETA },
    { "preview", PRE_RC },  { "pre", PRE_RC },  { "rc", PRE_RC },     { "c", PRE_RC },
};

static bool separator(char c)
{
    return c == '.' || c == '-' || c == '_';
}

static const char *after_word(const char *p, const char *word)
{
    for (; *word != '\0'; word++, p++)
        if (to_lower(*p) != *word)
            return NULL;
    return p;
}

/* [sep]WORD[[sep]N]: the place behind it, or NULL when it is not there. */
static const char *take_marker(const char *p, const char *word, struct span *ret_no)
{
    const char *rest = after_word(separator(*p) ? p + 1 : p, word);
    if (rest == NULL)
        return NULL;
    const char *no = separator(rest[0]) && is_digit(rest[1]) ? rest + 1 : rest;
    *ret_no = version_take_digits(&no);
    return ret_no->n > 0 ? no : rest;
}

static const char *take_pre(const char *p, struct pep_version *ret)
{
    for (size_t i = 0; i < ARRAY_LEN(pre_names); i++) {
        const char *rest = take_marker(p, pre_names[i].name, &ret->pre_no);
        if (rest != NULL) {
            ret->pre = pre_names[i].pre;
            return rest;
        }
    }
    return p;
}

static const char *take_post(const char *p, struct pep_version *ret)
{
    static const char *const names[] = { "post", "rev", "r" };
    const char *rest;
    if (p[0] == '-' && is_digit(p[1])) {
        p++;
        ret->post_no = version_take_digits(&p);
        ret->post = true;
        return p;
    }
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if ((rest = take_marker(p, names[i], &ret->post_no)) != NULL) {
            ret->post = true;
            return rest;
        }
    return p;
}

static const char *take_local(const char *p, struct pep_version *ret)
{
    ret->local = (struct span){ p, 0 };
    for (;;) {
        size_t n = 0;
        while (is_digit(p[n]) || is_alpha(p[n]))
            n++;
        if (n == 0)
            return NULL;
        p += n;
        ret->local.n += n;
        if (!separator(*p))
            return p;
        p++;
        ret->local.n++;
    }
}

static int parse(const char *v, struct pep_version *ret)
{
    static const char blank[] = " \t\n\r\f\v";
    *ret = (struct pep_version){ .pre = -1 };
    const char *p = v + strspn(v, blank);
    if (*p == 'v' || *p == 'V')
        p++;
    ret->release = p;
    struct span digits = version_take_digits(&p);
    if (digits.n > 0 && *p == '!') {
        ret->epoch = digits;
        ret->release = ++p;
        digits = version_take_digits(&p);
    }
    while (digits.n > 0 && p[0] == '.' && is_digit(p[1])) {
        p++;
        digits = version_take_digits(&p);
    }
    if (digits.n == 0)
        return -EINVAL;
    const char *rest;
    p = take_pre(p, ret);
    p = take_post(p, ret);
    if ((rest = take_marker(p, "dev", &ret->dev_no)) != NULL) {
        ret->dev = true;
        p = rest;
    }
    if (*p == '+' && (p = take_local(p + 1, ret)) == NULL)
        return -EINVAL;
    p += strspn(p, blank);
    return *p == '\0' ? 0 : -EINVAL;
}

static int compare_release(const char *a, const char *b)
{
    for (;;) {
        struct span na = version_take_digits(&a), nb = version_take_digits(&b);
        if (na.n == 0 && nb.n == 0)
            return 0;
        int r = version_cmp_number(na, nb);
        if (r != 0)
            return r;
        a += a[0] == '.' && is_digit(a[1]) ? 1 : 0;
        b += b[0] == '.' && is_digit(b[1]) ? 1 : 0;
    }
}

/* Where a version stands among those of its release, before its numbers are looked at. */
static int stage(const struct pep_version *v)
{
    if (v->pre >= 0)
        return v->pre;
    return v->dev && !v->post ? -1 : PRE_RC + 1;
}

static int compare_local(struct span a, struct span b)
{
    const char *pa = a.s, *pb = b.s, *ea = pa + a.n, *eb = pb + b.n;
    while (pa < ea && pb < eb) {
        struct span sa = { pa, 0 }, sb = { pb, 0 };
        while (pa < ea && !separator(*pa)) {
            pa++;
            sa.n++;
        }
        while (pb < eb && !separator(*pb)) {
            pb++;
            sb.n++;
        }
        bool na = version_span_numeric(sa), nb = version_span_numeric(sb);
        int r = na != nb ? (na ? 1 : -1) : na ? version_cmp_number(sa, sb) : version_cmp_nocase(sa, sb);
        if (r != 0)
            return r;
        pa += pa < ea ? 1 : 0;
        pb += pb < eb ? 1 : 0;
    }
    return (pa < ea) - (pb < eb);
}

int version_cmp_pep440(const char *a, const char *b, int *ret)
{
    struct pep_version va, vb;
    if (parse(a, &va) < 0 || parse(b, &vb) < 0)
        return -EINVAL;
    int r = version_cmp_number(va.epoch, vb.epoch);
    if (r == 0)
        r = compare_release(va.release, vb.release);
    if (r == 0)
        r = sign_of(stage(&va) - stage(&vb));
    if (r == 0 && va.pre >= 0)
        r = version_cmp_number(va.pre_no, vb.pre_no);
    if (r == 0)
        r = va.post - vb.post;
    if (r == 0)
        r = version_cmp_number(va.post_no, vb.post_no);
    if (r == 0)
        r = vb.dev - va.dev;
    if (r == 0)
        r = version_cmp_number(va.dev_no, vb.dev_no);
    *ret = r != 0 ? r : compare_local(va.local, vb.local);
    return 0;
}
