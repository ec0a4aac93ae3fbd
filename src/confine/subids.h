// SPDX-License-Identifier: Apache-2.0
/*
 * confine/subids.h: the ranges that /etc/subuid and /etc/subgid give to the calling user (subuid(5)). For choosing a map only:
 * newuidmap(1) is who decides what may be used.
 *
 * Failure mode: nothing here is an error. A file that cannot be read or is over 1 MiB, and a line that is not of the form, give no range;
 * of each file the first 32 ranges of the user count. A user who is not in /etc/passwd is taken by $USER's word: with a
 * wrong one newuidmap refuses the map, and the start ends there.
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

/* Everything in *ret lives in the arena. */
void subids_read(struct arena *a, struct subids *ret);
