// SPDX-License-Identifier: Apache-2.0
/*
 * RubyGems' order (Gem::Version): runs of digits and runs of letters; a "-" stands for ".pre.". The first word begins the
 * pre-release. Zeros at the end of the release, and at the end of the whole, say nothing; what is missing is 0; a word is smaller
 * than a number, and words are compared as bytes.
 */
#include <errno.h>

#include "scan/version_internal.h"

#define SEGMENTS_MAX 1100 /* each byte may be one, a dash makes one more */

struct gem_version {
    struct span segment[SEGMENTS_MAX];
    size_t n;
};

static void drop_zeros(struct gem_version *v, size_t from)
{
    while (v->n > from && version_span_numeric(v->segment[v->n - 1]) &&
           version_span_zero(v->segment[v->n - 1]))
        v->n--;
}

static int parse(const char *v, struct gem_version *ret)
{
    static const char blank[] = " \t\n\r\f\v";
    const char *p = v + strspn(v, blank);
    size_t words_from = 0;
    bool words = false, wants_segment = true;
    ret->n = 0;
    if (*p == '\0') /* Gem::Version.new("") is 0 */
        return 0;
    if (!is_digit(*p))
        return -EINVAL;
    for (;;) {
        bool dash = *p == '-', digit = is_digit(*p), alpha = is_alpha(*p);
        if (!(dash || digit || alpha) || ret->n + 1 >= SEGMENTS_MAX)
            break;
        if (!words && !digit) {
            drop_zeros(ret, 0);
            words_from = ret->n;
            words = true;
        }
        struct span *segment = &ret->segment[ret->n++];
        if (dash) {
            if (wants_segment)
                return -EINVAL;
            *segment = (struct span){ "pre", 3 };
            p++;
            wants_segment = true;
            continue;
        }
        *segment = digit ? version_take_digits(&p) : version_take_alpha(&p);
        wants_segment = *p == '.';
        p += wants_segment ? 1 : 0;
        if (wants_segment && !is_digit(*p) && !is_alpha(*p))
            return -EINVAL;
    }
    p += strspn(p, blank);
    drop_zeros(ret, words_from);
    return *p == '\0' && !wants_segment ? 0 : -EINVAL;
}

int version_cmp_gem(const char *a, const char *b, int *ret)
{
    struct gem_version va, vb;
    if (parse(a, &va) < 0 || parse(b, &vb) < 0)
        return -EINVAL;
    *ret = 0;
    for (size_t i = 0; i < MAX_OF(va.n, vb.n) && *ret == 0; i++) {
        struct span sa = i < va.n ? va.segment[i] : (struct span){ "0", 1 };
        struct span sb = i < vb.n ? vb.segment[i] : (struct span){ "0", 1 };
        bool na = version_span_numeric(sa), nb = version_span_numeric(sb);
        *ret = na != nb ? (na ? 1 : -1) : na ? version_cmp_number(sa, sb) : version_cmp_bytes(sa, sb);
    }
    return 0;
}
