// SPDX-License-Identifier: Apache-2.0
/*
 * image/copy.h: files from one place to another, of which one is a container's: cp. Two sealed workers with a pipe between them: the
 * one sees only what it reads, the other only where it writes, and neither believes the other. On the container's side the worker is root of
 * the container's user namespace, so that it has none of the host's rights there, and makes files that belong to the container's ids.
 */
#pragma once

#include "base/error.h"

/*
 * A member's name is as, or what is below it. Devices and sockets are left out. The descriptors stay the caller's; userns: 0 or of the
 * side's user namespace.
 */
struct copy_source {
    int dir;
    const char *only, *as; /* image/pack.h */
    int userns;
};
struct copy_target {
    int dir;
    int userns;
    bool keep_owners; /* else everything belongs to the worker: root of userns, or us */
    bool root;        /* dir is the container's root: absolute links in it begin there */
    bool plain_modes; /* image/extract.h */
};
struct copy_report {
    uint64_t bytes; /* of the archive that passed */
    uint64_t left_out;
    char first_left_out[256]; /* neutral */
};

int copy_files(const struct copy_source *from, const struct copy_target *to, struct copy_report *ret,
               struct error *err) _warn_unused_;
/* The source as a tar to out. */
int copy_out(const struct copy_source *from, int out, struct copy_report *ret, struct error *err)
    _warn_unused_;
/* in: a tar, compressed or not. -EINVAL when it is cut off: what was read until then is there. */
int copy_in(int in, const struct copy_target *to, struct copy_report *ret, struct error *err) _warn_unused_;
