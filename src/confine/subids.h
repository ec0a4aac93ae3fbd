// SPDX-License-Identifier: Apache-2.0
/*
 * confine/subids.h: the ranges that /etc/subuid and /etc/subgid give to the calling user (subuid(5)). For choosing a map only:
 * newuidmap(1) is who decides what may be used.
 */
#pragma once

#include "base/arena.h"

struct subid_list {
    struct {
        uint32_t first, count;
    } * v;
    size_t n;
};
struct subids {
    struct subid_list uids, gids;
};

/* Files that cannot be read, lines that are not of the form: no ranges. */
void subids_read(struct arena *a, struct subids *ret);
