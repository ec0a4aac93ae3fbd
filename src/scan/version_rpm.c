// SPDX-License-Identifier: Apache-2.0
/*
 * rpm's order (rpm-version(7)): [epoch:]version[-release]. Version and release are runs of digits and runs of letters; all else
 * only separates, so 2.0 = 2_0. A tilde comes before everything, also before the end; a caret after the end and before all
 * else; a number after letters.
 */
#include <errno.h>

#include "scan/version_internal.h"

struct rpm_version {
    struct span epoch, version, release;
    bool has_epoch, has_release;
};

static void split(const char *v, struct rpm_version *ret)
{
    const char *p = v;
    struct span digits = version_take_digits(&p);
    *ret = (struct rpm_version){ .epoch = { "", 0 }, .release = { "", 0 } };
    if (*p == ':') {
        ret->epoch = digits;
        ret->has_epoch = true;
        v = p + 1;
    }
    const char *dash = strrchr(v, '-');
    ret->version = (struct span){ v, dash != NULL ? (size_t) (dash - v) : strlen(v) };
    if (dash != NULL) {
        ret->release = (struct span){ dash + 1, strlen(dash + 1) };
        ret->has_release = true;
    }
}

static char at(struct span a)
{
    return a.n > 0 ? a.s[0] : '\0';
}

static void drop(struct span *a, size_t n)
{
    a->s += n;
    a->n -= n;
}

static void skip_separators(struct span *a)
{
    while (a->n > 0 && !is_digit(at(*a)) && !is_alpha(at(*a)) && at(*a) != '~' && at(*a) != '^')
        drop(a, 1);
}

static struct span run(struct span *a, bool digits)
{
    struct span r = { a->s, 0 };
    while (r.n < a->n && (digits ? is_digit(r.s[r.n]) : is_alpha(r.s[r.n])))
        r.n++;
    drop(a, r.n);
    return r;
}

static int compare_part(struct span a, struct span b)
{
    for (;;) {
        skip_separators(&a);
        skip_separators(&b);
        char ca = at(a), cb = at(b);
        if (ca == '~' || cb == '~' || ca == '^' || cb == '^') {
            if (ca != cb) {
                if (ca == '~' || cb == '~')
                    return ca == '~' ? -1 : 1;
                if (ca == '\0' || cb == '\0') /* the other is a caret */
                    return ca == '\0' ? -1 : 1;
                return ca == '^' ? -1 : 1;
            }
            drop(&a, 1);
            drop(&b, 1);
            continue;
        }
        if (a.n == 0 || b.n == 0)
            return (a.n > 0) - (b.n > 0);
        bool digits = is_digit(ca);
        if (digits != is_digit(cb))
            return digits ? 1 : -1;
        struct span ra = run(&a, digits), rb = run(&b, digits);
        int r = digits ? version_cmp_number(ra, rb) : version_cmp_bytes(ra, rb);
        if (r != 0)
            return r;
    }
}

static int compare(const char *a, const char *b, bool source, int *ret)
{
    struct rpm_version va, vb;
    split(a, &va);
    split(b, &vb);
    int r = 0;
    if (!source || va.has_epoch == vb.has_epoch)
        r = version_cmp_number(va.epoch, vb.epoch);
    if (r == 0)
        r = compare_part(va.version, vb.version);
    if (r == 0 && va.has_release != vb.has_release)
        r = va.has_release ? 1 : -1;
    *ret = r != 0 ? r : compare_part(va.release, vb.release);
    return 0;
}

int version_cmp_rpm(const char *a, const char *b, int *ret)
{
    return compare(a, b, false, ret);
}

int version_compare_rpm_source(const char *a, const char *b, int *ret)
{
    if (!version_valid(VERSION_RPM, a) || !version_valid(VERSION_RPM, b))
        return -EINVAL;
    return compare(a, b, true, ret);
}
