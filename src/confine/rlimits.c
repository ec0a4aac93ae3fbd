// SPDX-License-Identifier: Apache-2.0
/*
 * How it works: a table from the names of the specification to the kernel's numbers, one setrlimit(2) each.
 * Threat: a process that uses up what the whole host shares (files, processes, locked memory).
 */
#include "confine/rlimits.h"

#include <errno.h>
#include <strings.h>
#include <sys/resource.h>

#include "base/log.h"

static const struct {
    const char *name;
    int resource;
} limits[] = {
    { "RLIMIT_AS", RLIMIT_AS },
    { "RLIMIT_CORE", RLIMIT_CORE },
    { "RLIMIT_CPU", RLIMIT_CPU },
    { "RLIMIT_DATA", RLIMIT_DATA },
    { "RLIMIT_FSIZE", RLIMIT_FSIZE },
    { "RLIMIT_LOCKS", RLIMIT_LOCKS },
    { "RLIMIT_MEMLOCK", RLIMIT_MEMLOCK },
    { "RLIMIT_MSGQUEUE", RLIMIT_MSGQUEUE },
    { "RLIMIT_NICE", RLIMIT_NICE },
    { "RLIMIT_NOFILE", RLIMIT_NOFILE },
    { "RLIMIT_NPROC", RLIMIT_NPROC },
    { "RLIMIT_RSS", RLIMIT_RSS },
    { "RLIMIT_RTPRIO", RLIMIT_RTPRIO },
    { "RLIMIT_RTTIME", RLIMIT_RTTIME },
    { "RLIMIT_SIGPENDING", RLIMIT_SIGPENDING },
    { "RLIMIT_STACK", RLIMIT_STACK },
};

int rlimit_parse(const char *name, int *ret)
{
    for (size_t i = 0; i < ARRAY_LEN(limits); i++)
        if (strcasecmp(name, limits[i].name) == 0 ||
            strcasecmp(name, limits[i].name + strlen("RLIMIT_")) == 0) {
            *ret = limits[i].resource;
            return 0;
        }
    return -EINVAL;
}

const char *rlimit_name(int resource)
{
    for (size_t i = 0; i < ARRAY_LEN(limits); i++)
        if (limits[i].resource == resource)
            return limits[i].name;
    return NULL;
}

static int apply_one(const struct oci_rlimit *l, size_t i, bool report_only, struct error *err)
{
    int resource;
    if (rlimit_parse(l->type, &resource) < 0)
        return error_set(err, -EINVAL, "process.rlimits[%zu].type: there is no limit \"%s\"", i, l->type);
    if (l->soft > l->hard)
        return error_set(err, -EINVAL, "process.rlimits[%zu] (%s): soft is above hard", i, l->type);
    struct rlimit want = { .rlim_cur = l->soft, .rlim_max = l->hard }, have;
    if (setrlimit(resource, &want) == 0)
        return 0;
    int code = -errno;
    if (code != -EPERM || !report_only)
        return error_errno(err, code, "process.rlimits[%zu]: cannot set %s to %llu:%llu", i, l->type,
                           (unsigned long long) l->soft, (unsigned long long) l->hard);
    if (getrlimit(resource, &have) < 0)
        return error_errno(err, -errno, "process.rlimits[%zu]: cannot read %s", i, l->type);
    log_warn("%s stays at %llu: this host does not let oakum raise it (no CAP_SYS_RESOURCE)", l->type,
             (unsigned long long) have.rlim_max);
    want.rlim_max = MIN_OF(want.rlim_max, have.rlim_max);
    want.rlim_cur = MIN_OF(want.rlim_cur, want.rlim_max);
    return setrlimit(resource, &want) < 0 ? error_errno(err, -errno, "cannot set %s", l->type) : 0;
}

int rlimits_apply(const struct oci_process *p, bool report_only, struct error *err)
{
    for (size_t i = 0; i < p->n_rlimits; i++) {
        int r = apply_one(&p->rlimits[i], i, report_only, err);
        if (r < 0)
            return r;
    }
    return 0;
}
