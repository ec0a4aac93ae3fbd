// SPDX-License-Identifier: Apache-2.0
/*
 * SemVer 2.0.0 and its relatives. Numbers, then "-" and dotted identifiers of a pre-release, then "+" and a build that has no
 * say. Numbers that are missing are 0. Of two identifiers a number is smaller than a word; words are compared as bytes.
 *
 * Go: semver with a "v" (a pseudo-version is a pre-release like any other, +incompatible and +dirty are builds), and the names of
 * the toolchain, where go1.21rc2 stands for 1.21.0-rc.2. NuGet: a fourth number, and letters in any case.
 */
#include <errno.h>

#include "scan/version_internal.h"

enum flavour { SEMVER, GO, NUGET };

#define NUMBERS_MAX 8

struct sem_version {
    struct span number[NUMBERS_MAX];
    size_t n;
    const char *pre; /* behind the dash, or NULL */
    size_t pre_n;
    struct span word, word_no; /* Go's rc and 2 */
};

static bool pre_char(char c)
{
    return is_digit(c) || is_alpha(c) || c == '-' || c == '.';
}

/* No identifier may be empty. */
static bool pre_valid(const char *s, size_t n)
{
    for (size_t i = 0, start = 0; i <= n; i++) {
        if (i < n && !pre_char(s[i]))
            return false;
        if (i == n || s[i] == '.') {
            if (i == start)
                return false;
            start = i + 1;
        }
    }
    return true;
}

static int parse_go_word(const char **p, struct sem_version *ret)
{
    ret->word = version_take_alpha(p);
    ret->word_no = version_take_digits(p);
    return ret->word.n > 0 && ret->word_no.n > 0 ? 0 : -EINVAL;
}

static int parse(enum flavour flavour, const char *v, struct sem_version *ret)
{
    *ret = (struct sem_version){ 0 };
    const char *p = v, *after;
    if (flavour == GO && (after = str_after(v, "go")) != NULL)
        p = after;
    else if (*p == 'v' || *p == 'V')
        p++;
    do {
        struct span digits = version_take_digits(&p);
        if (digits.n == 0 || ret->n == NUMBERS_MAX)
            return -EINVAL;
        ret->number[ret->n++] = digits;
    } while (*p == '.' && p++);
    if (flavour == GO && is_alpha(*p) && parse_go_word(&p, ret) < 0)
        return -EINVAL;
    if (*p == '-') {
        ret->pre = ++p;
        ret->pre_n = strcspn(p, "+ ");
        if (!pre_valid(ret->pre, ret->pre_n))
            return -EINVAL;
        p += ret->pre_n;
    }
    /* Behind a blank, go version names what the toolchain was built with: "go1.22.1 X:rangefunc". */
    return *p == '\0' || *p == '+' || (flavour == GO && *p == ' ') ? 0 : -EINVAL;
}

static struct span number(const struct sem_version *v, size_t i)
{
    return i < v->n ? v->number[i] : (struct span){ "", 0 };
}

/* The next identifier of a pre-release; Go's word and its number come as two. */
static bool identifier(struct sem_version *v, struct span *ret)
{
    if (v->word.n > 0) {
        *ret = v->word;
        v->word.n = 0;
        return true;
    }
    if (v->word_no.n > 0) {
        *ret = v->word_no;
        v->word_no.n = 0;
        return true;
    }
    if (v->pre == NULL)
        return false;
    size_t n = 0;
    while (n < v->pre_n && v->pre[n] != '.')
        n++;
    *ret = (struct span){ v->pre, n };
    bool last = n == v->pre_n;
    v->pre_n -= last ? n : n + 1;
    v->pre = last ? NULL : v->pre + n + 1;
    return true;
}

static int compare_identifier(struct span a, struct span b, bool nocase)
{
    bool na = version_span_numeric(a), nb = version_span_numeric(b);
    if (na && nb)
        return version_cmp_number(a, b);
    if (na != nb)
        return na ? -1 : 1;
    return nocase ? version_cmp_nocase(a, b) : version_cmp_bytes(a, b);
}

static int compare(enum flavour flavour, const char *a, const char *b, int *ret)
{
    struct sem_version va, vb;
    if (parse(flavour, a, &va) < 0 || parse(flavour, b, &vb) < 0)
        return -EINVAL;
    for (size_t i = 0; i < MAX_OF(va.n, vb.n); i++) {
        int r = version_cmp_number(number(&va, i), number(&vb, i));
        if (r != 0) {
            *ret = r;
            return 0;
        }
    }
    bool pa = va.pre != NULL || va.word.n > 0, pb = vb.pre != NULL || vb.word.n > 0;
    if (pa != pb) {
        *ret = pa ? -1 : 1;
        return 0;
    }
    for (;;) {
        struct span ia, ib;
        bool more_a = identifier(&va, &ia), more_b = identifier(&vb, &ib);
        int r = more_a && more_b ? compare_identifier(ia, ib, flavour == NUGET) : more_a - more_b;
        if (r != 0 || !more_a) {
            *ret = r;
            return 0;
        }
    }
}

int version_cmp_semver(const char *a, const char *b, int *ret)
{
    return compare(SEMVER, a, b, ret);
}

int version_cmp_go(const char *a, const char *b, int *ret)
{
    return compare(GO, a, b, ret);
}

int version_cmp_nuget(const char *a, const char *b, int *ret)
{
    return compare(NUGET, a, b, ret);
}
