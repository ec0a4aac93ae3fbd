// SPDX-License-Identifier: Apache-2.0
/* The schemes by name and number, and the few comparisons that they are made of. The rules are in version_*.c. */
#include "scan/version.h"

#include <errno.h>

#include "scan/version_internal.h"

static const struct {
    const char *name;
    int (*compare)(const char *a, const char *b, int *ret);
} schemes[VERSION_SCHEMES] = {
    [VERSION_DPKG] = { "dpkg", version_cmp_dpkg },
    [VERSION_APK] = { "apk", version_cmp_apk },
    [VERSION_APK2] = { "apk2", version_cmp_apk2 },
    [VERSION_RPM] = { "rpm", version_cmp_rpm },
    [VERSION_SEMVER] = { "semver", version_cmp_semver },
    [VERSION_GO] = { "go", version_cmp_go },
    [VERSION_PEP440] = { "pep440", version_cmp_pep440 },
    [VERSION_MAVEN] = { "maven", version_cmp_maven },
    [VERSION_GEM] = { "gem", version_cmp_gem },
    [VERSION_NUGET] = { "nuget", version_cmp_nuget },
    [VERSION_PACKAGIST] = { "packagist", version_cmp_packagist },
};

const char *version_scheme_name(enum version_scheme scheme)
{
    return (unsigned) scheme < VERSION_SCHEMES ? schemes[scheme].name : NULL;
}

int version_scheme_find(const char *name)
{
    for (int i = 0; i < VERSION_SCHEMES; i++)
        if (str_eq(schemes[i].name, name))
            return i;
    return -EINVAL;
}

int version_compare(enum version_scheme scheme, const char *a, const char *b, int *ret)
{
    if ((unsigned) scheme >= VERSION_SCHEMES || a[0] == '\0' || b[0] == '\0')
        return -EINVAL;
    if (strnlen(a, VERSION_MAX + 1) > VERSION_MAX || strnlen(b, VERSION_MAX + 1) > VERSION_MAX)
        return -EINVAL;
    return schemes[scheme].compare(a, b, ret);
}

bool version_valid(enum version_scheme scheme, const char *v)
{
    int same;
    return version_compare(scheme, v, v, &same) == 0;
}

int version_cmp_bytes(struct span a, struct span b)
{
    int r = memcmp(a.s, b.s, MIN_OF(a.n, b.n));
    return r != 0 ? sign_of(r) : (a.n > b.n) - (a.n < b.n);
}

int version_cmp_nocase(struct span a, struct span b)
{
    for (size_t i = 0; i < MIN_OF(a.n, b.n); i++) {
        int r = (unsigned char) to_lower(a.s[i]) - (unsigned char) to_lower(b.s[i]);
        if (r != 0)
            return sign_of(r);
    }
    return (a.n > b.n) - (a.n < b.n);
}

static struct span without_zeros(struct span a)
{
    while (a.n > 0 && a.s[0] == '0') {
        a.s++;
        a.n--;
    }
    return a;
}

int version_cmp_number(struct span a, struct span b)
{
    a = without_zeros(a);
    b = without_zeros(b);
    if (a.n != b.n)
        return (a.n > b.n) - (a.n < b.n);
    return a.n == 0 ? 0 : sign_of(memcmp(a.s, b.s, a.n)); /* an absent one has no bytes to point to */
}

bool version_span_is(struct span a, const char *text)
{
    return version_cmp_nocase(a, (struct span){ text, strlen(text) }) == 0;
}

bool version_span_numeric(struct span a)
{
    for (size_t i = 0; i < a.n; i++)
        if (!is_digit(a.s[i]))
            return false;
    return a.n > 0;
}

bool version_span_zero(struct span a)
{
    return without_zeros(a).n == 0;
}

struct span version_take_digits(const char **p)
{
    struct span r = { *p, 0 };
    while (is_digit(**p)) {
        ++*p;
        r.n++;
    }
    return r;
}

struct span version_take_alpha(const char **p)
{
    struct span r = { *p, 0 };
    while (is_alpha(**p)) {
        ++*p;
        r.n++;
    }
    return r;
}
