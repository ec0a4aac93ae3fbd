// SPDX-License-Identifier: Apache-2.0
/*
 * How it works: two domains, one call. Threat: flags of personality(2) that switch defences off, and a domain that is not the one
 * that was asked for: the call's answer is the old domain, so only an error tells.
 */
#include "confine/personality.h"

#include <errno.h>
#include <sys/personality.h>

static const struct {
    const char *name;
    unsigned long domain;
} domains[] = { { "LINUX", PER_LINUX }, { "LINUX32", PER_LINUX32 } };

static int find(const char *name, unsigned long *ret)
{
    for (size_t i = 0; i < ARRAY_LEN(domains); i++)
        if (str_eq(domains[i].name, name)) {
            *ret = domains[i].domain;
            return 0;
        }
    return -EINVAL;
}

int personality_check(const struct oci_linux *l, struct error *err)
{
    unsigned long domain;
    if (!l->personality_domain)
        return 0;
    if (find(l->personality_domain, &domain) < 0)
        return error_set(err, -EINVAL, "linux.personality.domain: unknown domain \"%s\"",
                         l->personality_domain);
    if (l->personality_flags.n > 0)
        return error_set(err, -EINVAL, "linux.personality.flags: the specification has no flag \"%s\"",
                         l->personality_flags.v[0]);
    return 0;
}

int personality_apply(const struct oci_linux *l, struct error *err)
{
    unsigned long domain;
    if (!l->personality_domain)
        return 0;
    if (find(l->personality_domain, &domain) < 0 || personality(domain) < 0)
        return error_errno(err, -errno, "linux.personality: cannot become %s", l->personality_domain);
    return 0;
}
