// SPDX-License-Identifier: Apache-2.0
/*
 * engine/host.h: what this kernel offers, control by control, tried and not guessed from a version number: a distribution's
 * kernel has things its number does not tell, and a sandbox or a sysctl may take away what the number promises. Trying is
 * done in child processes where it would change this one.
 */
#pragma once

#include "base/arena.h"
#include "base/error.h"

enum host_answer { HOST_YES, HOST_PARTLY, HOST_NO };

struct host_feature {
    const char *name; /* "user namespaces" */
    enum host_answer answer;
    const char *detail; /* what was found: "ABI 7", "v2", …; may be "" */
    const char *cost;   /* what its absence costs, "" when it is there */
    bool required;      /* oakum's sealed default does not start without it */
};

/* root: the store, whose file system is asked, or where it would be made. The array and its strings are in the arena. */
void host_probe(const char *root, struct arena *a, struct host_feature **ret, size_t *ret_n);
/* "Linux 6.1.0-13-amd64 x86_64" */
const char *host_kernel(struct arena *a);
