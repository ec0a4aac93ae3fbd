// SPDX-License-Identifier: Apache-2.0
/* sys/userns.h: the ids of our user namespace, as /proc/self/uid_map and gid_map tell them (user_namespaces(7)). */
#pragma once

#include "base/error.h"

struct userns_extent {
    uint32_t first, count; /* numbers in the namespace */
};

/* Up to max extents of "uid_map" or "gid_map"; their number, or negative errno. */
int userns_extents(const char *map, struct userns_extent *ret, size_t max);
/* How many ids are mapped from 0 on, users and groups alike: 1 is a namespace of a single id. */
uint32_t userns_ids(void);
