// SPDX-License-Identifier: Apache-2.0
/*
 * Composer's order, which is PHP's version_compare() of versions without their "v": "-", "_" and "+" are dots, and a dot goes between
 * digits and letters. Part by part: any other word < dev < alpha = a < beta = b < RC = rc < a number (and the end) < pl = p. PHP looks
 * at how a word begins, and at its case: "patch" and "post" are p, "ALPHA" and "BETA" are both just words.
 */
#include <errno.h>

#include "scan/version_internal.h"

enum { W_OTHER, W_DEV, W_ALPHA, W_BETA, W_RC, W_NUMBER, W_PATCH };

static const struct {
    const char *name;
    int rank;
} words[] = {
    { "dev", W_DEV }, { "a", W_ALPHA }, { "b", W_BETA }, { "RC", W_RC }, { "rc", W_RC }, { "p", W_PATCH },
};

static int rank(struct span part)
{
    if (part.n == 0 || is_digit(part.s[0]))
        return W_NUMBER;
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        size_t n = strlen(words[i].name);
        if (part.n >= n && memcmp(part.s, words[i].name, n) == 0)
            return words[i].rank;
    }
    return W_OTHER;
}

/* The next run of digits, or of anything that is neither digit nor separator. Empty at the end. */
static struct span next(const char **p)
{
    while (**p != '\0' && strchr(".-_+", **p) != NULL)
        ++*p;
    struct span r = { *p, 0 };
    bool digits = is_digit(**p);
    while (**p != '\0' && strchr(".-_+", **p) == NULL && is_digit(**p) == digits) {
        ++*p;
        r.n++;
    }
    return r;
}

int version_cmp_packagist(const char *a, const char *b, int *ret)
{
    a += *a == 'v' || *a == 'V' ? 1 : 0;
    b += *b == 'v' || *b == 'V' ? 1 : 0;
    for (;;) {
        struct span pa = next(&a), pb = next(&b);
        if (pa.n == 0 && pb.n == 0) {
            *ret = 0;
            return 0;
        }
        int ra = rank(pa), rb = rank(pb), r = sign_of(ra - rb);
        if (r == 0 && (pa.n == 0 || pb.n == 0)) /* 1.0 < 1.0.0, as PHP has it */
            r = pa.n == 0 ? -1 : 1;
        if (r == 0 && ra == W_NUMBER)
            r = version_cmp_number(pa, pb);
        if (r != 0) {
            *ret = r;
            return 0;
        }
    }
}
