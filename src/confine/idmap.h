// SPDX-License-Identifier: Apache-2.0
/*
 * confine/idmap.h: private id ranges. Each container gets 65536 host ids of its own, so that a process that escaped one container
 * is nobody in another and on the host.
 *
 * Claims live in a directory (one a store): a claim is a symbolic link whose name is the first host id and whose text is the
 * container that owns it; symlinkat() is atomic, so two containers never get one range, and a claim survives crashes and
 * reboots. A claim whose owner no longer exists is taken back by idmap_collect().
 *
 * A container that joins another's user namespace shares its range: it is recorded as a link in the directory FIRST.shared/, named
 * by its id. When the owner gives the range back while others share it, one of them becomes the owner; so the claim goes with the
 * last of them, in whatever order they go. Sharing, giving back and collecting exclude each other by flock on dirfd.
 *
 * Pool: the ranges that /etc/subuid and /etc/subgid give to the user "oakum" when both name the same ones; else
 * 0x40000000..0x7FFEFFFF without any range that those files give to somebody else.
 *
 * Failure mode: fail closed. No free range, or subid files that disagree for "oakum", is an error.
 */
#pragma once

#include "base/error.h"

#define IDMAP_RANGE 65536u

/* Claims a range for owner (a container id). dirfd: the claims directory. */
int idmap_claim(int dirfd, const char *owner, uint32_t *ret_first, struct error *err);
/* Makes user share the range with holder, who owns or shares it. -ESTALE: holder has given it back meanwhile. */
int idmap_share(int dirfd, uint32_t first, const char *holder, const char *user, struct error *err);
/* Gives a claim or a share back; only when owner holds it. Absent is success. */
int idmap_release(int dirfd, uint32_t first, const char *owner, struct error *err);
/* The same for whatever owner claims or shares, by a search. */
int idmap_release_all(int dirfd, const char *owner, struct error *err);
/* Takes back every claim and share for whose owner exists() says false. */
int idmap_collect(int dirfd, bool (*exists)(const char *owner, void *arg), void *arg, struct error *err);
