// SPDX-License-Identifier: Apache-2.0
/* How it works: one table, a row a field, with the test whether a document uses it. A later version deletes rows. */
#include "runtime/enforce.h"

#include <errno.h>
#include <stdio.h>

#include "confine/memory_policy.h"
#include "confine/net_devices.h"
#include "confine/personality.h"
#include "confine/scheduler.h"
#include "runtime/annotations.h"

struct later {
    const char *field;
    bool used;
};

static int first_used(const struct later *rows, size_t n, struct error *err)
{
    for (size_t i = 0; i < n; i++)
        if (rows[i].used)
            return error_set(err, -ENOTSUP, "%s: is understood but not enforced by this version",
                             rows[i].field);
    return 0;
}

int enforce_check_process(const struct oci_process *p, struct error *err)
{
    return scheduler_check(p, err);
}

int enforce_check(const struct oci_spec *spec, struct error *err)
{
    const struct oci_linux *l = &spec->linux_;
    const struct later rows[] = {
        { "linux.intelRdt", l->intel_rdt.set },
    };
    int r = first_used(rows, ARRAY_LEN(rows), err);
    if (r >= 0)
        r = enforce_check_process(&spec->process, err);
    if (r >= 0)
        r = net_devices_check(l, err);
    if (r >= 0)
        r = personality_check(l, err);
    if (r >= 0)
        r = memory_policy_check(l, err);
    return r < 0 ? r : annotations_check(spec, err);
}
