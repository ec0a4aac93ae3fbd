// SPDX-License-Identifier: Apache-2.0
/*
 * confine/rlimits.h: process.rlimits, by setrlimit(2) in the child before it loses its privileges.
 *
 * Failure mode: lowering always works. Raising a hard limit needs CAP_SYS_RESOURCE in the initial user namespace, which the
 * host may lack; then a limit that the specification asks for is an error that names it, unless report_only: then the process
 * keeps the lower limit it has and a warning says so (a lower limit is never less safe).
 */
#pragma once

#include "oci/spec.h"

/* "RLIMIT_NOFILE" → RLIMIT_NOFILE; also without the prefix and in lower case ("nofile"). -EINVAL. */
int rlimit_parse(const char *name, int *ret);
/* "RLIMIT_NOFILE" …; NULL beyond the last. */
const char *rlimit_name(int resource);
int rlimits_apply(const struct oci_process *p, bool report_only, struct error *err);
