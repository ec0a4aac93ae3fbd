// SPDX-License-Identifier: Apache-2.0
/*
 * Debian's order (deb-version(7), Debian Policy 5.6.12): [epoch:]upstream[-revision]. Upstream and revision are read as text and
 * number in turns. In text a tilde comes before the end, the end before letters, letters before all else; numbers have any length.
 * No epoch is epoch 0, no revision is revision 0.
 */
#include <errno.h>

#include "scan/version_internal.h"

struct dpkg_version {
    struct span epoch, upstream, revision;
};

static int split(const char *v, struct dpkg_version *ret)
{
    const char *p = v;
    struct span digits = version_take_digits(&p);
    *ret = (struct dpkg_version){ .epoch = { v, 0 } };
    if (digits.n > 0 && *p == ':') {
        ret->epoch = digits;
        p++;
    } else {
        if (strchr(v, ':') != NULL)
            return -EINVAL;
        p = v;
    }
    if (p[0] == '\0' || strpbrk(p, " \t\n") != NULL)
        return -EINVAL;
    const char *dash = strrchr(p, '-');
    ret->upstream = (struct span){ p, dash != NULL ? (size_t) (dash - p) : strlen(p) };
    ret->revision = dash != NULL ? (struct span){ dash + 1, strlen(dash + 1) } : (struct span){ "", 0 };
    return 0;
}

/* The place of a character that is no digit; 0 is the end's, and that of a digit, where the text ends as well. */
static int rank(struct span a)
{
    if (a.n == 0 || is_digit(a.s[0]))
        return 0;
    unsigned char c = (unsigned char) a.s[0];
    return c == '~' ? -1 : is_alpha((char) c) ? c : c + 256;
}

static void drop(struct span *a, size_t n)
{
    a->s += n;
    a->n -= n;
}

static struct span digits_of(struct span *a)
{
    struct span r = { a->s, 0 };
    while (r.n < a->n && is_digit(r.s[r.n]))
        r.n++;
    drop(a, r.n);
    return r;
}

static int compare_part(struct span a, struct span b)
{
    while (a.n > 0 || b.n > 0) {
        int ra = rank(a), rb = rank(b);
        if (ra != rb)
            return ra < rb ? -1 : 1;
        if (ra != 0) {
            drop(&a, 1);
            drop(&b, 1);
            continue;
        }
        struct span na = digits_of(&a), nb = digits_of(&b);
        int r = version_cmp_number(na, nb);
        if (r != 0)
            return r;
    }
    return 0;
}

int version_cmp_dpkg(const char *a, const char *b, int *ret)
{
    struct dpkg_version va, vb;
    if (split(a, &va) < 0 || split(b, &vb) < 0)
        return -EINVAL;
    int r = version_cmp_number(va.epoch, vb.epoch);
    if (r == 0)
        r = compare_part(va.upstream, vb.upstream);
    *ret = r != 0 ? r : compare_part(va.revision, vb.revision);
    return 0;
}
