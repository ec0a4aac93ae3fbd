// SPDX-License-Identifier: Apache-2.0
/* How it works: each control that can tell from the document alone that it cannot be applied is asked, before anything is made. */
#include "runtime/enforce.h"

#include <errno.h>
#include <stdio.h>

#include "confine/memory_policy.h"
#include "confine/net_devices.h"
#include "confine/personality.h"
#include "confine/scheduler.h"
#include "runtime/annotations.h"

int enforce_check_process(const struct oci_process *p, struct error *err)
{
    return scheduler_check(p, err);
}

int enforce_check(const struct oci_spec *spec, struct error *err)
{
    const struct oci_linux *l = &spec->linux_;
    int r = enforce_check_process(&spec->process, err);
    if (r >= 0)
        r = net_devices_check(l, err);
    if (r >= 0)
        r = personality_check(l, err);
    if (r >= 0)
        r = memory_policy_check(l, err);
    return r < 0 ? r : annotations_check(spec, err);
}
