// SPDX-License-Identifier: Apache-2.0
/*
 * runtime/rdt.h: linux.intelRdt (confine/resctrl.h) in a container's life. Internal to runtime/. Nothing here makes a system call
 * for a container without it, but rdt_forget(), which looks for its record.
 */
#pragma once

#include "oci/spec.h"

/* After the state directory is made: records what is going to be made, then makes it. */
int rdt_begin(const struct oci_intel_rdt *rdt, int dirfd, const char *id, struct error *err);
/* Into the container's group: pid, or 0 for the caller. */
int rdt_join(const struct oci_intel_rdt *rdt, const char *id, pid_t pid, struct error *err);
/*
 * l3CacheSchema and memBwSchema of change, to the class that rdt_begin() made. A class that others made, and a container without one of
 * its own (its processes would have to be moved one by one while they multiply), are -EPERM.
 */
int rdt_update(const struct oci_intel_rdt *change, int dirfd, const char *id, struct error *err);
/* Removes what rdt_begin() recorded, if it did. */
int rdt_forget(int dirfd, const char *id, struct error *err);
