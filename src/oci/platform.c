// SPDX-License-Identifier: Apache-2.0
/*
 * How: both sides are brought to normal form, then compared; variants are numbers ("v7"), and a missing one stands for the
 * oldest that the architecture has. The text comes from an index that somebody else wrote: it is copied into fixed fields,
 * and what does not fit is no platform.
 */
#include "oci/platform.h"

#include <ctype.h>
#include <errno.h>
#include <sys/utsname.h>

static const struct {
    const char *name, *architecture, *variant;
} spellings[] = {
    { "x86_64", "amd64", "" },    { "x86-64", "amd64", "" },      { "aarch64", "arm64", "" },
    { "armv8l", "arm64", "" },    { "i386", "386", "" },          { "i486", "386", "" },
    { "i586", "386", "" },        { "i686", "386", "" },          { "armhf", "arm", "v7" },
    { "armv7l", "arm", "v7" },    { "armel", "arm", "v6" },       { "armv6l", "arm", "v6" },
    { "ppc64el", "ppc64le", "" }, { "mips64el", "mips64le", "" },
};

static bool copy(char *to, size_t size, const char *from, size_t n)
{
    if (n >= size)
        return false;
    for (size_t i = 0; i < n; i++) {
        if (!isalnum((unsigned char) from[i]) && strchr("_-", from[i]) == NULL)
            return false;
        to[i] = (char) tolower((unsigned char) from[i]);
    }
    to[n] = '\0';
    return true;
}

static void normalise(struct platform *p)
{
    for (size_t i = 0; i < ARRAY_LEN(spellings); i++) {
        if (!str_eq(p->architecture, spellings[i].name))
            continue;
        copy(p->architecture, sizeof(p->architecture), spellings[i].architecture,
             strlen(spellings[i].architecture));
        if (p->variant[0] == '\0')
            copy(p->variant, sizeof(p->variant), spellings[i].variant, strlen(spellings[i].variant));
        break;
    }
    /* "7" is taken for "v7". */
    size_t n = strlen(p->variant);
    if (n > 0 && isdigit((unsigned char) p->variant[0]) && n + 1 < sizeof(p->variant)) {
        memmove(p->variant + 1, p->variant, n + 1);
        p->variant[0] = 'v';
    }
    if (str_eq(p->architecture, "arm") && p->variant[0] == '\0')
        copy(p->variant, sizeof(p->variant), "v7", 2);
    if ((str_eq(p->architecture, "arm64") && str_eq(p->variant, "v8")) ||
        (str_eq(p->architecture, "amd64") && str_eq(p->variant, "v1")))
        p->variant[0] = '\0';
}

static bool is_os(const char *s, size_t n)
{
    static const char *const names[] = { "linux", "windows", "darwin", "freebsd" };
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (strlen(names[i]) == n && strncmp(names[i], s, n) == 0)
            return true;
    }
    return false;
}

static int bad(const char *s, struct error *err)
{
    return error_set(err, -EINVAL,
                     "invalid platform \"%.80s\": it must be os/architecture or os/architecture/variant", s);
}

int platform_parse(const char *s, struct platform *ret, struct error *err)
{
    struct platform p = { .os = "linux" };
    size_t first = strcspn(s, "/");
    const char *rest = s + first;
    bool ok;
    if (*rest == '\0' && is_os(s, first)) {
        struct platform host;
        platform_host(&host);
        p = host;
        p.variant[0] = '\0';
        ok = copy(p.os, sizeof(p.os), s, first);
    } else if (*rest == '\0') {
        ok = first > 0 && copy(p.architecture, sizeof(p.architecture), s, first);
    } else {
        size_t second = strcspn(rest + 1, "/");
        const char *variant = rest + 1 + second;
        ok = first > 0 && second > 0 && copy(p.os, sizeof(p.os), s, first) &&
             copy(p.architecture, sizeof(p.architecture), rest + 1, second);
        if (*variant != '\0')
            ok = ok && variant[1] != '\0' &&
                 copy(p.variant, sizeof(p.variant), variant + 1, strlen(variant + 1));
    }
    if (!ok)
        return bad(s, err);
    normalise(&p);
    *ret = p;
    return 0;
}

void platform_host(struct platform *ret)
{
    struct platform p = { .os = "linux" };
    struct utsname u;
    if (uname(&u) < 0 || !copy(p.architecture, sizeof(p.architecture), u.machine, strlen(u.machine)))
        copy(p.architecture, sizeof(p.architecture), "amd64", 5);
    normalise(&p);
#ifdef __x86_64__
    __builtin_cpu_init();
    if (str_eq(p.architecture, "amd64") && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2") &&
        __builtin_cpu_supports("fma"))
        copy(p.variant, sizeof(p.variant), "v3", 2);
    else if (str_eq(p.architecture, "amd64") && __builtin_cpu_supports("sse4.2"))
        copy(p.variant, sizeof(p.variant), "v2", 2);
#endif
    *ret = p;
}

void platform_format(const struct platform *p, char *buf, size_t size)
{
    if (str_format(buf, size, "%s/%s%s%s", p->os, p->architecture, p->variant[0] != '\0' ? "/" : "",
                   p->variant) < 0)
        buf[0] = '\0';
}

/* v7 is 7; none is what the architecture began with; -1 is no number. */
static int level(const struct platform *p)
{
    if (p->variant[0] == '\0')
        return str_eq(p->architecture, "arm64") ? 8 : 1;
    if (p->variant[0] != 'v' || !isdigit((unsigned char) p->variant[1]) || p->variant[2] != '\0')
        return -1;
    return p->variant[1] - '0';
}

int platform_rank(const struct platform *want, const char *os, const char *architecture, const char *variant)
{
    struct platform p = { 0 };
    if (str_empty(os) || str_empty(architecture) || !copy(p.os, sizeof(p.os), os, strlen(os)) ||
        !copy(p.architecture, sizeof(p.architecture), architecture, strlen(architecture)) ||
        (variant != NULL && !copy(p.variant, sizeof(p.variant), variant, strlen(variant))))
        return -1;
    normalise(&p);
    if (!str_eq(p.os, want->os) || !str_eq(p.architecture, want->architecture))
        return -1;
    if (str_eq(p.variant, want->variant))
        return 0;
    int have = level(&p), most = level(want);
    if (have < 0 || most < 0 || have > most)
        return -1;
    return most - have;
}
